"""written.jsonl: what we wrote into photos, and beside them. A line is on disk before the photo is replaced.

It says which content a photo had before, so that our own writing makes no new photo of it; which names in it are ours,
so that no others are ever taken out; and how the file was afterwards, so that it need not be looked at again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from faces.folders import WRITTEN, Album
from faces.images import content_hash
from faces.jobs.channel import log
from faces.marking import Ours, Own
from faces.records import Box
from faces.regions import Region
from faces.settings import PHOTO

#: (hub's hash or path below the album's root, where to: "photo" or "sidecar").
Place = tuple[str, str]


@dataclass(slots=True)
class Entry:
    """How one photo was left. `content`: its content hash as detection knows it; `after`: as it is now, "" where we did
    not change the file; `mark`: of the file that was written (files.DataFile.mark); `people`: who was to be in it;
    `ours`: what of that is there because we wrote it."""

    time: str
    key: str
    target: str
    content: str
    after: str = ""
    mark: str = ""
    people: list[Region] = field(default_factory=list)
    ours: Ours = field(default_factory=Ours)

    @property
    def place(self) -> Place:
        return self.key, self.target


class Written:
    """Read when it is asked for the first time, and again where it has grown since."""

    def __init__(self, album: Album):
        self._file = album.data(WRITTEN)
        self._mark: str | None = None
        self._before: dict[str, str] = {}
        self._last: dict[Place, Entry] = {}
        self._by_content: dict[tuple[str, str], Entry] = {}
        #: Since when names count as new; "" if nobody asked for new ones only.
        self.since = ""

    def content_before(self, content: str) -> str:
        """The content that a photo had before we wrote into it; the same where we did not."""
        self._read()
        return self._before.get(content, content)

    def content_of(self, path: Path) -> str:
        """The content hash of a photo as detection knows it. PhotoError if it cannot be read."""
        return self.content_before(content_hash(path))

    def check_writable(self) -> None:
        """Raises StorageError if nothing can be noted."""
        self._file.check_writable()

    def last(self, key: str, target: str, content: str = "") -> Entry | None:
        """How a photo was left: by its place, or, where another one stands there now, by its content. At worst of the
        one that stood there: its `content` is another then."""
        self._read()
        here = self._last.get((key, target))
        if here and here.content == content:
            return here
        return self._by_content.get((content, target)) or here

    def names(self, key: str, content: str) -> frozenset[str]:
        """The names that we gave regions in a photo."""
        entry = self.last(key, PHOTO, content)
        return frozenset(own.name for own in (*entry.ours.mwg, *entry.ours.microsoft)) if entry else frozenset()

    def entries(self) -> list[Entry]:
        """The last one of each place."""
        self._read()
        return list(self._last.values())

    def add(self, entry: Entry) -> None:
        """On disk when this returns. Raises StorageError."""
        self._read()
        self._file.append(_line(_to_json(entry)), b"")
        self._take(entry)
        self._mark = self._file.mark()

    def begin(self, time: str) -> None:
        """Note since when names count as new, if that is not known."""
        self._read()
        if not self.since:
            self._file.append(_line({"since": time}), b"")
            self.since, self._mark = time, self._file.mark()

    def _read(self) -> None:
        mark = self._file.mark()
        if mark == self._mark:
            return
        self._mark, self.since = mark, ""
        self._before, self._last, self._by_content = {}, {}, {}
        bad = 0
        for line in (self._file.read() or b"").split(b"\n"):
            if not line.strip():
                continue
            try:
                found = json.loads(line)
                if "since" in found:
                    self.since = str(found["since"])
                else:
                    self._take(_from_json(found))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
                bad += 1
        if bad:
            log.warning("%s: %d line(s) damaged and left out", self._file, bad)

    def _take(self, entry: Entry) -> None:
        self._last[entry.place] = self._by_content[entry.content, entry.target] = entry
        if entry.after and entry.after != entry.content:
            self._before[entry.after] = entry.content


def _line(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _to_json(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if value or name in ("time", "key", "target")}


def _from_json(found: dict[str, Any]) -> Entry:
    texts = {name: found.get(name, "") for name in ("time", "key", "target", "content", "after", "mark")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("no text")
    ours = found.get("ours", {})
    return Entry(
        **texts,
        people=_regions(found.get("people", [])),
        ours=Ours(
            _texts(ours.get("keywords", [])),
            _texts(ours.get("people", [])),
            _own(ours.get("mwg", [])),
            _own(ours.get("microsoft", [])),
            bool(ours.get("size", False)),
        ),
    )


def _texts(items: list[Any]) -> list[str]:
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError("no texts")
    return items


def _regions(items: list[Any]) -> list[Region]:
    boxes = [(Box(*(float(item["box"][side]) for side in "xywh")), str(item["name"])) for item in items]
    return [Region(box, name) for box, name in boxes]


def _own(items: list[Any]) -> list[Own]:
    found = zip(_regions(items), items, strict=True)
    return [Own(region.box, region.name, bool(item.get("was_there"))) for region, item in found]
