"""Faces that other programs marked in a photo: the regions of the Metadata Working Group (XMP-mwg-rs, "Guidelines for
handling image metadata" 2.0, 2010), which digiKam, Lightroom and Picasa write, and those of Microsoft (XMP-MP). Pure:
values as exiftool gives them with -struct.

Both measure on the image as it is stored, in fractions; we on the upright one. MWG has the centre of an area, and says
which size of the image it was measured on; Microsoft has the top left corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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


def read(tags: Mapping[str, Any], width: int, height: int, orientation: int) -> list[Region]:
    """The faces in RegionInfo and RegionInfoMP, each once. `width`, `height`: of the stored image in pixels.

    What makes no sense is left out, and so are all regions measured on an image of another shape: it was cropped since,
    and nobody knows where.
    """
    found = list(_mwg(tags.get("RegionInfo"), width, height, orientation))
    for region in _microsoft(tags.get("RegionInfoMP"), orientation):
        same = next((i for i, other in enumerate(found) if other.box.overlap(region.box) >= _SAME_REGION), None)
        if same is None:
            found.append(region)
        elif not found[same].name:
            found[same] = replace(found[same], name=region.name)
    return found


def _mwg(info: Any, width: int, height: int, orientation: int) -> Iterator[Region]:
    if not isinstance(info, Mapping):
        return
    size = info.get("AppliedToDimensions")
    was_upright = False
    if isinstance(size, Mapping):
        w, h = _number(size.get("W")), _number(size.get("H"))
        if w > 0 and h > 0 and not _alike(w, h, width, height):
            was_upright = orientation >= 5 and _alike(h, w, width, height)
            if not was_upright:
                return
    for item in _maps(info.get("RegionList")):
        area = item.get("Area")
        if item.get("Type", "Face") != "Face" or not isinstance(area, Mapping):
            continue
        if area.get("Unit", "normalized") != "normalized":
            continue
        x, y, w, h = (_number(area.get(key)) for key in ("X", "Y", "W", "H"))
        yield from _region(Box(x - w / 2, y - h / 2, w, h), item.get("Name"), 1 if was_upright else orientation)


def _microsoft(info: Any, orientation: int) -> Iterator[Region]:
    if not isinstance(info, Mapping):
        return
    for item in _maps(info.get("Regions")):
        numbers = [_number(part) for part in str(item.get("Rectangle", "")).split(",")]
        if len(numbers) == 4:
            yield from _region(Box(*numbers), item.get("PersonDisplayName"), orientation)


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
