"""What has to be changed in a photo's metadata so that they name the people on it. Pure: values as exiftool gives them
with -struct, arguments as it takes them.

Names become keywords (MWG:Keywords, which is XMP-dc:Subject, and IPTC's where a photo has those), XMP-iptcExt's
PersonInImage, and regions both of MWG and of Microsoft. What is there stays: other people's names, regions that are no
faces; a face that another program calls otherwise keeps that name. Only what we wrote is ever taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from faces.names import clean_name
from faces.records import Box, pair_by_overlap
from faces.regions import Mark, Marks, Region, stored

#: What is read before anything is changed.
TAGS = (
    "FileType",
    "XMP-dc:Subject",
    "IPTC:Keywords",
    "IPTC:CodedCharacterSet",
    "PersonInImage",
    "RegionInfo",
    "RegionInfoMP",
)
_KEYWORDS, _SUBJECT, _PEOPLE = "MWG:Keywords", "XMP-dc:Subject", "XMP-iptcExt:PersonInImage"
_SIZE = "XMP-mwg-rs:RegionAppliedToDimensions"
#: From this overlap on, a region is the one that we wrote: other programs round differently.
_OURS = 0.8
#: What exiftool knows of a region, of either schema.
_KNOWN = frozenset(
    (
        *("Area", "BarCodeValue", "Description", "Extensions", "FocusUsage", "Name", "Rotation", "SeeAlso", "Type"),
        *("PersonDisplayName", "PersonEmailDigest", "PersonLiveIdCID", "PersonSourceID", "Rectangle"),
    )
)
#: Bytes that IPTC has for a keyword.
_LONGEST_IPTC = 64


@dataclass(frozen=True, slots=True)
class Own:
    """A name that we gave a region; `was_there`: the region was another program's, without a name."""

    box: Box
    name: str
    was_there: bool = False


@dataclass(slots=True)
class Ours:
    """What of a photo's metadata we wrote; `size`: what the regions were measured on."""

    keywords: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    mwg: list[Own] = field(default_factory=list)
    microsoft: list[Own] = field(default_factory=list)
    size: bool = False

    def __bool__(self) -> bool:
        return bool(self.keywords or self.people or self.mwg or self.microsoft)

    def along_with(self, other: Ours) -> Ours:
        """Both: of a change it is not known whether it came about."""
        return Ours(
            list(dict.fromkeys([*self.keywords, *other.keywords])),
            list(dict.fromkeys([*self.people, *other.people])),
            list(dict.fromkeys([*self.mwg, *other.mwg])),
            list(dict.fromkeys([*self.microsoft, *other.microsoft])),
            self.size or other.size,
        )

    def is_in(self, there: Marks) -> bool:
        """Whether a region of ours is in a file: else it may be another photo, whose keywords are not ours."""
        return bool(_ours_among(there.mwg, self.mwg) or _ours_among(there.microsoft, self.microsoft))

    @property
    def names(self) -> set[str]:
        return {*self.keywords, *self.people, *(own.name for own in (*self.mwg, *self.microsoft))}


@dataclass(slots=True)
class Change:
    """`arguments` for exiftool, none if nothing is to be done; `lines` say the same to people; `left`: what another
    program says otherwise, and stays. `ours`: what we will have written then. `photo`: the hub's hash of the photo."""

    arguments: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    ours: Ours = field(default_factory=Ours)
    photo: str = ""


def plan(
    tags: Mapping[str, Any],
    there: Marks,
    size: tuple[int, int],
    orientation: int,
    wanted: Sequence[Region],
    ours: Ours,
) -> Change:
    """What is to be done so that these people, and of those that we wrote no others, are in the file. `size`: of the
    stored image in pixels; `wanted`: with boxes on the upright one."""
    change = Change()
    names = list(dict.fromkeys(region.name for region in wanted))
    keywords = [*_texts(tags.get("Subject")), *_texts(tags.get("Keywords"))]
    is_utf8 = tags.get("CodedCharacterSet") == "UTF8"
    tag_of = lambda name: _KEYWORDS if _fits_iptc(name, is_utf8) else _SUBJECT  # noqa: E731
    change.ours.keywords = _put_texts(change, tag_of, "keyword", keywords, names, ours.keywords)
    people = _texts(tags.get("PersonInImage"))
    change.ours.people = _put_texts(change, lambda _: _PEOPLE, "person", people, names, ours.people)
    if there.is_cropped:
        if wanted:
            change.left.append("its regions were measured on an image of another shape: none is added")
        change.ours.mwg = ours.mwg
    else:
        mwg = _Kind("XMP-mwg-rs:RegionList", "region", "Name", _mwg_struct, there.mwg_orientation)
        change.ours.mwg = mwg.put(change, there.mwg, wanted, ours.mwg)
        _put_size(change, there, size, ours, had=len(there.mwg))
    microsoft = _Kind("XMP-MP:RegionInfoRegions", "Microsoft's region", "PersonDisplayName", _mp_struct, orientation)
    change.ours.microsoft = microsoft.put(change, there.microsoft, wanted, ours.microsoft)
    change.left = list(dict.fromkeys(change.left))
    return change


# --- keywords and people ----------------------------------------------------------------------------------------


def _put_texts(
    change: Change,
    tag_of: Callable[[str], str],
    what: str,
    there: Sequence[str],
    names: Sequence[str],
    own: Sequence[str],
) -> list[str]:
    """Changes a list of texts; returns which of it are ours then."""
    have, wanted = {_folded(text) for text in there}, {_folded(name) for name in names}
    # in our spelling only: in another one it is another program's. exiftool gives the name True as the truth.
    gone = [n for n in own if _folded(n) in have - wanted and (n in there or _folded(n) in ("true", "false"))]
    new = [name for name in names if _folded(name) not in have]
    change.arguments += [f"-{tag_of(name)}-={name}" for name in gone] + [f"-{tag_of(name)}+={name}" for name in new]
    change.lines += [f"- {what} {name}" for name in gone] + [f"+ {what} {name}" for name in new]
    return [*(name for name in own if _folded(name) in have & wanted), *new]


def _fits_iptc(name: str, is_utf8: bool) -> bool:
    """Whether IPTC, which a photo may have beside XMP, can hold a keyword: 64 bytes, and no other characters than those
    of its character set. exiftool would cut it off, and put question marks."""
    if not is_utf8:
        try:
            name.encode("cp1252")
        except UnicodeEncodeError:
            return False
    return len(name.encode()) <= _LONGEST_IPTC


def _texts(value: Any) -> list[str]:
    """exiftool gives a list of one as it is, numbers and truths as such."""
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [str(item) for item in items if isinstance(item, str | int | float)]


def _folded(text: str) -> str:
    """exiftool does not tell the name True from the truth, nor do people."""
    return clean_name(text).casefold()


# --- regions ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Kind:
    """Regions of one schema: the tag of their list, what people call one, the key of its name, how a new one is
    written, and the orientation of its boxes."""

    tag: str
    what: str
    key: str
    struct: Callable[[Box], dict[str, Any]]
    orientation: int

    def put(self, change: Change, there: Sequence[Mark], wanted: Sequence[Region], own: Sequence[Own]) -> list[Own]:
        """Changes the regions; returns which are ours then."""
        ours = _ours_among(there, own)
        paired = pair_by_overlap([region.box for region in wanted], [(i, m.region.box) for i, m in enumerate(there)])
        kept: list[Own] = []
        for region, i in zip(wanted, paired, strict=True):
            if i is None:
                self._add(change, {**self.struct(stored(region.box, self.orientation)), self.key: region.name}, region)
                kept.append(Own(region.box, region.name))
                continue
            mark, mine = there[i], ours.pop(i, None)
            name = mark.region.name
            if _folded(name) == _folded(region.name):
                kept += [mine] if mine else []
            elif name and not mine:
                change.left.append(f"{region.name}: another program calls that face {name}")
            elif self._rename(change, there, mark, region.name, mine):
                kept.append(Own(mark.region.box, region.name, mine.was_there if mine else True))
            else:
                kept += [mine] if mine else []
        for i, mine in ours.items():  # nobody of that name is there any more
            if mine.was_there:
                done = self._rename(change, there, there[i], "", mine)
            else:
                done = self._remove(change, there, there[i], mine)
            kept += [] if done else [mine]
        return kept

    def _rename(self, change: Change, there: Sequence[Mark], mark: Mark, name: str, mine: Own | None) -> bool:
        """Another name for a region, all else that is said of it kept."""
        item = {key: value for key, value in mark.item.items() if key != self.key} | ({self.key: name} if name else {})
        if not _is_known(item):
            change.left.append(
                f"{name}: something is said of that face that exiftool does not know, so it stays as it is"
            )
            return False
        if "\n" in _struct(item) or "\r" in _struct(item):
            change.left.append(f"{name}: what is said of that face has several lines, so it stays as it is")
            return False
        if not self._remove(change, there, mark, mine):
            return False
        self._add(change, item, Region(mark.region.box, name))
        return True

    def _add(self, change: Change, item: Mapping[str, Any], region: Region) -> None:
        change.arguments.append(f"-{self.tag}+={_struct(item)}")
        change.lines.append(f"+ {self.what} {region.name or 'without a name'} {_place(region.box)}")

    def _remove(self, change: Change, there: Sequence[Mark], mark: Mark, mine: Own | None) -> bool:
        """exiftool finds it by its place and its name, as we wrote that; False where that is not one region alone."""
        keys = ("Area", "Rectangle", "Type", self.key)
        named = {key: value for key, value in mark.item.items() if key in keys}
        if sum(all(other.item.get(key) == value for key, value in named.items()) for other in there) > 1:
            change.left.append(f"{mark.region.name or 'a face'}: there are two regions at one place, so they stay")
            return False
        if mine and isinstance(named.get(self.key), bool):  # exiftool gives the name True as the truth
            named[self.key] = mine.name
        change.arguments.append(f"-{self.tag}-={_struct(named)}")
        change.lines.append(f"- {self.what} {mark.region.name or 'without a name'} {_place(mark.region.box)}")
        return True


def _is_known(item: Mapping[str, Any]) -> bool:
    """Whether exiftool can write all of a region: what it does not know it reads, but leaves out."""
    extensions = item.get("Extensions", {})
    known = isinstance(extensions, Mapping) and all(":" in key for key in extensions)
    return known and item.keys() <= _KNOWN


def _ours_among(there: Sequence[Mark], own: Sequence[Own]) -> dict[int, Own]:
    """The regions of the file that still are as we wrote them: place in the list -> what we wrote."""
    found: dict[int, Own] = {}
    for mine in own:
        for i, mark in enumerate(there):
            same = _folded(mark.region.name) == _folded(mine.name) and mark.region.box.overlap(mine.box) >= _OURS
            if same and i not in found:
                found[i] = mine
                break
    return found


def _put_size(change: Change, there: Marks, size: tuple[int, int], ours: Ours, had: int) -> None:
    """MWG's regions need to say which size of the image they were measured on; without any that is not needed."""
    adds = any(argument.startswith("-XMP-mwg-rs:RegionList+=") for argument in change.arguments)
    removes = sum(argument.startswith("-XMP-mwg-rs:RegionList-=") for argument in change.arguments)
    change.ours.size = ours.size and there.size
    if adds and not there.size and all(size):
        change.arguments.append(f"-{_SIZE}={_struct({'W': size[0], 'H': size[1], 'Unit': 'pixel'})}")
        change.ours.size = True
    elif ours.size and there.size and not adds and had <= removes and not there.others:
        change.arguments.append(f"-{_SIZE}=")
        change.ours.size = False


def _mwg_struct(box: Box) -> dict[str, Any]:
    numbers = (("X", box.x + box.w / 2), ("Y", box.y + box.h / 2), ("W", box.w), ("H", box.h))
    return {"Area": {**{key: f"{value:.6f}" for key, value in numbers}, "Unit": "normalized"}, "Type": "Face"}


def _mp_struct(box: Box) -> dict[str, Any]:
    return {"Rectangle": ", ".join(f"{value:.6f}" for value in (box.x, box.y, box.w, box.h))}


def _place(box: Box) -> str:
    x, y, w, h = (f"{100 * value:.0f}" for value in (box.x, box.y, box.w, box.h))
    return f"at {x}, {y}, {w} x {h} percent"


def _struct(value: Any) -> str:
    """A structure, list or text as exiftool takes it (https://exiftool.org/struct.html, "Serialization")."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}={_struct(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_struct, value)) + "]"
    return "".join(f"|{c}" if c in "|,{}[]" else c for c in str(value))


def in_order(regions: Iterable[Region]) -> list[Region]:
    """Without a name: none. As numbers that come back from a file as they were."""
    found = [replace(r, box=Box(*(round(v, 6) for v in (r.box.x, r.box.y, r.box.w, r.box.h)))) for r in regions]
    return sorted((r for r in found if r.name), key=lambda r: (r.box.x, r.box.y, r.name))
