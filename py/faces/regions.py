"""Faces that other programs marked in a photo: the regions of the Metadata Working Group (XMP-mwg-rs, "Guidelines for
handling image metadata" 2.0, 2010), which digiKam, Lightroom and Picasa write, and those of Microsoft (XMP-MP). Pure:
values as exiftool gives them with -struct.

Both measure on the image as it is stored, in fractions; we on the upright one. MWG has the centre of an area, and says
which size of the image it was measured on; Microsoft has the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from faces.names import clean_name
from faces.records import Box

#: Images whose sides have the same ratio, to this part, may be one scaled.
_SAME_RATIO = 0.02
#: A region of Microsoft that covers one of MWG by so much (intersection over union) is the same one.
_SAME_REGION = 0.5


@dataclass(frozen=True, slots=True)
class Region:
    """A face somebody marked. `box` in fractions of the upright photo; `name` may be ""."""

    box: Box
    name: str


def upright(box: Box, orientation: int) -> Box:
    """A box on the stored image, in fractions, as a box on the upright one (Exif 2.32, tag 0x0112; 1 to 8)."""
    ends = [_turned(x, y, orientation) for x, y in ((box.x, box.y), (box.x + box.w, box.y + box.h))]
    (left, right), (top, bottom) = (sorted(values) for values in zip(*ends, strict=True))
    return Box(left, top, right - left, bottom - top)


def stored(box: Box, orientation: int) -> Box:
    """The way back."""
    return upright(box, {6: 8, 8: 6}.get(orientation, orientation))  # the others undo themselves


def _turned(u: float, v: float, orientation: int) -> tuple[float, float]:
    x, y = (v, u) if orientation >= 5 else (u, v)
    return 1 - x if orientation in (2, 3, 6, 7) else x, 1 - y if orientation in (3, 4, 7, 8) else y


@dataclass(frozen=True, slots=True)
class Mark:
    """A region as it stands in the file: `item` as exiftool gave it."""

    item: Mapping[str, Any]
    region: Region


@dataclass(slots=True)
class Marks:
    """The regions of a file, of faces only. `mwg_orientation`: the one that MWG's boxes have to be turned by. `size`:
    whether the file says what they were measured on. `is_cropped`: that was an image of another shape, so nobody knows
    where they lie; then there are none. `others`: how many of MWG are no faces, or make no sense."""

    mwg: list[Mark] = field(default_factory=list)
    microsoft: list[Mark] = field(default_factory=list)
    mwg_orientation: int = 1
    size: bool = False
    is_cropped: bool = False
    others: int = 0


def read(tags: Mapping[str, Any], width: int, height: int, orientation: int) -> list[Region]:
    """The faces in RegionInfo and RegionInfoMP, each once. `width`, `height`: of the stored image in pixels; 0 where
    that is not known.

    What makes no sense is left out, and so are all regions measured on an image of another shape: it was cropped since,
    and nobody knows where.
    """
    there = marks(tags, width, height, orientation)
    found = [mark.region for mark in there.mwg]
    for region in (mark.region for mark in there.microsoft):
        same = next((i for i, other in enumerate(found) if other.box.overlap(region.box) >= _SAME_REGION), None)
        if same is None:
            found.append(region)
        elif not found[same].name:
            found[same] = replace(found[same], name=region.name)
    return found


def marks(tags: Mapping[str, Any], width: int, height: int, orientation: int) -> Marks:
    """The same as they stand there."""
    there = Marks(mwg_orientation=orientation)
    info = tags.get("RegionInfo")
    if isinstance(info, Mapping):
        _measured(there, info.get("AppliedToDimensions"), width, height, orientation)
        items = list(_maps(info.get("RegionList")))
        if not there.is_cropped:
            there.mwg = [mark for item in items for mark in _mwg(item, there.mwg_orientation)]
        there.others = len(items) - len(there.mwg)
    info = tags.get("RegionInfoMP")
    if isinstance(info, Mapping):
        there.microsoft = [mark for item in _maps(info.get("Regions")) for mark in _microsoft(item, orientation)]
    return there


def _measured(there: Marks, size: Any, width: int, height: int, orientation: int) -> None:
    """What MWG's regions were measured on."""
    if not isinstance(size, Mapping):
        return
    w, h = _number(size.get("W")), _number(size.get("H"))
    if w > 0 and h > 0:
        there.size = True
        if not _alike(w, h, width, height):
            if orientation >= 5 and _alike(h, w, width, height):
                there.mwg_orientation = 1  # on the upright image
            else:
                there.is_cropped = True


def _mwg(item: Mapping[str, Any], orientation: int) -> Iterator[Mark]:
    area = item.get("Area")
    if item.get("Type", "Face") != "Face" or not isinstance(area, Mapping):
        return
    if area.get("Unit", "normalized") != "normalized":
        return
    x, y, w, h = (_number(area.get(key)) for key in ("X", "Y", "W", "H"))
    for region in _region(Box(x - w / 2, y - h / 2, w, h), item.get("Name"), orientation):
        yield Mark(item, region)


def _microsoft(item: Mapping[str, Any], orientation: int) -> Iterator[Mark]:
    numbers = [_number(part) for part in str(item.get("Rectangle", "")).split(",")]
    if len(numbers) == 4:
        for region in _region(Box(*numbers), item.get("PersonDisplayName"), orientation):
            yield Mark(item, region)


def _region(box: Box, name: Any, orientation: int) -> Iterator[Region]:
    if not box.is_sane():
        return
    clipped = upright(box, orientation).clipped(1, 1)
    if clipped.is_sane() and clipped.w * clipped.h >= box.w * box.h / 2:
        yield Region(clipped, clean_name(str(name)) if isinstance(name, str | int | float) else "")


def _maps(value: Any) -> Iterable[Mapping[str, Any]]:
    """The structures of a list; exiftool gives a list of one as it is."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, Mapping)]


def _number(value: Any) -> float:
    """NaN for what is none, which no box is sane with."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _alike(w: float, h: float, width: int, height: int) -> bool:
    return abs(w * height - h * width) <= _SAME_RATIO * max(w * height, h * width)
