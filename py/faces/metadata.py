"""When photos were taken: by exiftool where it is installed (one process per run), else by the EXIF that Pillow
read. A wrong or missing date stays empty; nothing is guessed from file names or upload times.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

_EXIF_DATE = re.compile(
    r"\s*(\d{4})[:\-](\d{2})[:\-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d*)?\s*(Z|[+-]\d{2}:\d{2})?\s*$"
)
_TAGS = ("DateTimeOriginal", "OffsetTimeOriginal", "CreateDate")


def parse_date(text: str) -> str:
    """EXIF's "2008:05:30 15:56:01", with an offset where known, as ISO 8601 ("2008-05-30T15:56:01+02:00").

    "" for what is no date: zeros, impossible days, before photography (1826), in the future.
    """
    match = _EXIF_DATE.match(text)
    if not match:
        return ""
    *numbers, offset = match.groups()
    try:
        taken = datetime(*map(int, numbers))  # type: ignore[arg-type]  # six numbers, no zone
    except ValueError:
        return ""
    if taken.year < 1826 or taken > datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1):
        return ""
    return taken.isoformat() + ("+00:00" if offset == "Z" else offset or "")


class Dates:
    """The exiftool process starts with the first photo and ends with `close`."""

    def __init__(self, executable: str | None = None):
        self._executable = executable if executable is not None else shutil.which("exiftool") or ""
        self._process: Any = None

    def close(self) -> None:
        """End the exiftool process, if one was started."""
        if self._process is not None:
            with suppress(Exception):
                self._process.terminate()
            self._process = None

    def taken(self, path: Path, fallback: str) -> str:
        """ISO 8601 or "". `fallback` is the EXIF date as Pillow read it."""
        tags = self._read(path)
        if tags is None:
            return parse_date(fallback)
        original = f"{tags.get('DateTimeOriginal', '')}"
        offset = f"{tags.get('OffsetTimeOriginal', '')}"
        zoned = original if _EXIF_DATE.match(original + offset) is None else original + offset
        return parse_date(zoned) or parse_date(f"{tags.get('CreateDate', '')}")

    def _read(self, path: Path) -> Mapping[str, Any] | None:
        # exiftool takes one argument a line: a line break in a file name would become arguments of its own
        if not self._executable or any(c in str(path) for c in "\n\r"):
            return None
        try:
            if self._process is None:
                import exiftool

                process = exiftool.ExifToolHelper(
                    executable=self._executable, config_file="", common_args=["-charset", "filename=utf8"]
                )
                process.run()
                self._process = process
            answer = self._process.execute_json("-j", *[f"-{tag}" for tag in _TAGS], str(path))
        except Exception:  # exiftool missing, killed or refusing a file: the date is not worth the photo
            return None
        return {key.rpartition(":")[2]: value for key, value in answer[0].items()} if answer else None
