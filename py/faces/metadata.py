"""When photos were taken: by the EXIF that Pillow read, else by exiftool where it is installed (one process per run):
it knows other places, but a photo costs it as much as to find its faces. A wrong or missing date stays empty; nothing
is guessed from file names or upload times.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
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
    """The exiftool process starts with the first photo that needs it and ends with `close`. If it dies or takes too
    long over a photo, it is started anew for the next one; after three times Pillow's dates have to do."""

    seconds = 20.0

    def __init__(self, executable: str | None = None):
        self._executable = executable if executable is not None else shutil.which("exiftool") or ""
        self._tool: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._failures = 0

    def close(self) -> None:
        """End the exiftool process, if one was started."""
        if self._tool is not None and not self._is_dead():
            with suppress(Exception):
                self._tool.terminate()
        self._tool = None
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    def taken(self, path: Path, exif: str, has_more: bool = True) -> str:
        """ISO 8601 or "". `exif` is the date as Pillow read it; exiftool is asked where that is none, and the file
        `has_more` to say."""
        date = parse_date(exif)
        tags = self._read(path) if has_more and not date else None
        if tags is None:
            return date
        original = f"{tags.get('DateTimeOriginal', '')}"
        offset = f"{tags.get('OffsetTimeOriginal', '')}"
        zoned = original if _EXIF_DATE.match(original + offset) is None else original + offset
        return parse_date(zoned) or parse_date(f"{tags.get('CreateDate', '')}")

    def _read(self, path: Path) -> Mapping[str, Any] | None:
        # exiftool takes one argument a line: a line break in a file name would become arguments of its own
        if not self._executable or self._failures >= 3 or any(c in str(path) for c in "\n\r"):
            return None
        if self._thread is None:
            # One thread for the life of the process: pyexiftool has the kernel end it with the thread that started it.
            self._thread = ThreadPoolExecutor(1)
        answer = self._thread.submit(self._ask, path)
        end = time.monotonic() + self.seconds
        while True:
            try:
                return answer.result(0.05)
            except TimeoutError:
                if time.monotonic() > end or self._is_dead():
                    self._failures += 1
                    self._break_off()
                    self.close()
                    return None
            except Exception:  # exiftool missing, or refusing a file: the date is not worth the photo
                return None

    def _ask(self, path: Path) -> Mapping[str, Any]:
        if self._tool is None:
            import exiftool

            arguments = ["-charset", "filename=utf8"]
            self._tool = exiftool.ExifToolHelper(
                executable=self._executable, config_file="", common_args=arguments, auto_start=False
            )
            self._tool.run()
        answer = self._tool.execute_json("-j", *[f"-{tag}" for tag in _TAGS], str(path))
        return {key.rpartition(":")[2]: value for key, value in answer[0].items()}

    def _is_dead(self) -> bool:
        process = getattr(self._tool, "_process", None)
        return process is not None and process.poll() is not None

    def _break_off(self) -> None:
        """pyexiftool 0.5.6 reads for ever, and busily, from a process that has died. A descriptor that cannot be read,
        put in the place of its pipes, ends that with an OSError."""
        tool, self._tool = self._tool, None
        process = getattr(tool, "_process", None)
        if process is not None:
            process.kill()
            nothing = os.open(os.devnull, os.O_WRONLY)
            for pipe in (process.stdout, process.stderr):
                os.dup2(nothing, pipe.fileno())
            os.close(nothing)
