"""What photos say of themselves: when they were taken, and who is on them, in the words of other programs.

A wrong or missing date stays empty; nothing is guessed from file names or upload times.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from faces import regions
from faces.errors import PhotoError
from faces.exiftool import ExifTool
from faces.names import clean_name
from faces.regions import Region

_EXIF_DATE = re.compile(
    r"\s*(\d{4})[:\-](\d{2})[:\-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d*))?\s*(Z|[+-]\d{2}:\d{2})?\s*$"
)
#: In the order in which they are believed. exiftool makes a DateTimeOriginal of IPTC's date and time, too.
_DATES = (
    "DateTimeOriginal",
    "SubSecTimeOriginal",
    "OffsetTimeOriginal",
    "CreateDate",
    "XMP-photoshop:DateCreated",
)
#: What is in every file with regions of MWG or of Microsoft: the names of their schemas.
_SCHEMAS = (b"www.metadataworkinggroup.com/schemas/regions", b"ns.microsoft.com/photo/1.2/t/Region")
_CHUNK = 1 << 20
#: "#": as a number.
_TAGS = (
    *_DATES,
    "FileType",
    "Orientation#",
    "ImageWidth",
    "ImageHeight",
    "RegionInfo",
    "RegionInfoMP",
    "PersonInImage",
)


def parse_date(text: str) -> str:
    """EXIF's "2008:05:30 15:56:01", with parts of a second and an offset where known, as ISO 8601
    ("2008-05-30T15:56:01.25+02:00").

    "" for what is no date: zeros, impossible days, before photography (1826), in the future.
    """
    match = _EXIF_DATE.match(text)
    if not match:
        return ""
    *numbers, part, offset = match.groups()
    part = (part or "")[:9].rstrip("0")
    try:
        taken = datetime(*map(int, numbers))  # type: ignore[arg-type]  # six numbers, no zone
    except ValueError:
        return ""
    if taken.year < 1826 or taken > datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1):
        return ""
    return taken.isoformat() + (f".{part}" if part else "") + ("+00:00" if offset == "Z" else offset or "")


class Dates:
    """When photos were taken: by the EXIF that Pillow read, else by exiftool where it is installed: it knows other
    places, but a photo costs it as much as to find its faces."""

    def __init__(self, tool: ExifTool):
        self._tool = tool

    def taken(self, path: Path, exif: str, has_more: bool = True) -> tuple[str, str]:
        """The date as ISO 8601 and the tag that it comes from; ("", "") where there is none. `exif` is the date as
        Pillow read it; exiftool is asked where that is none, and the file `has_more` to say."""
        date = parse_date(exif)
        if date or not has_more:
            return date, "DateTimeOriginal" if date else ""
        try:
            return _taken(self._tool.read(path, _DATES))
        except PhotoError:  # a date is not worth the photo
            return "", ""


def _taken(tags: Mapping[str, Any]) -> tuple[str, str]:
    """The date as ISO 8601 and the tag that it comes from; ("", "") where there is none."""
    original, part, offset, *others = (
        f"{tags.get(tag, '')}".strip()
        for tag in ("DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal", "CreateDate", "DateCreated")
    )
    # the whole only where the parts are sound, and not said twice
    whole = [f"{original}.{part}{offset}"] if part.isdecimal() else []
    zoned = next(filter(_EXIF_DATE.match, (*whole, original + offset)), original)
    for tag, text in zip(("DateTimeOriginal", "CreateDate", "DateCreated"), (zoned, *others), strict=True):
        if date := parse_date(text):
            return date, tag
    return "", ""


def may_have_regions(path: Path) -> bool:
    """Whether regions may be in the file: a thousandth of the time that exiftool takes to say which. They are missed
    where they are compressed, which no program does. PhotoError if it cannot be read."""
    longest = max(map(len, _SCHEMAS))
    try:
        with path.open("rb") as file:
            before = b""
            while chunk := file.read(_CHUNK):
                part = before + chunk
                if any(schema in part for schema in _SCHEMAS):
                    return True
                before = part[-longest:]
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror}") from error
    return False


@dataclass(slots=True)
class Said:
    """What a photo says. `taken`: ISO 8601 or "", from the tag `taken_from`; `regions`: faces that were marked;
    `people`: who is on it, without a place."""

    taken: str = ""
    taken_from: str = ""
    orientation: int = 1
    regions: list[Region] = field(default_factory=list)
    people: list[str] = field(default_factory=list)


def is_upright(tags: Mapping[str, Any]) -> bool:
    """Whether the kind of file (`FileType`) turns the image itself, so that EXIF's orientation is none to obey
    (ISO/IEC 23008-12)."""
    return tags.get("FileType") in ("HEIC", "HEIF", "AVIF")


def read(tool: ExifTool, path: Path) -> Said:
    """Raises what `ExifTool.read` does."""
    tags = tool.read(path, _TAGS)
    taken, source = _taken(tags)
    orientation = tags.get("Orientation")
    orientation = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    width, height = (value if isinstance(value, int) else 0 for value in map(tags.get, ("ImageWidth", "ImageHeight")))
    if is_upright(tags):
        orientation = 1
        width = height = 0  # turned or not: there is only one way to see it
    people = tags.get("PersonInImage", [])
    names = map(clean_name, map(str, people if isinstance(people, list) else [people]))
    return Said(
        taken,
        source,
        orientation,
        regions.read(tags, width, height, orientation),
        [name for name in dict.fromkeys(names) if name],
    )
