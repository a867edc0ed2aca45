"""What is known of a photo before it is opened: the same as ever, touched, replaced, moved here or copied.

Ids and detections go with the content, wherever it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from faces.errors import PhotoError
from faces.folders import Photo
from faces.images import content_hash
from faces.jobs.collection import photo_key
from faces.jobs.imports import Imports
from faces.jobs.plan import FolderPlan, Plan, by_photo, is_same_file, read_rows
from faces.jobs.written import Written
from faces.records import FAILED, FaceRow, new_face_id

#: Folders that photos came from, kept at hand: two folders may be merged file by file.
MOST_SOURCES = 8


@dataclass(slots=True)
class Origin:
    """`rows` hold for the photo's content; `former` are those of other content that stood at its place.
    `changed`: the rows differ from what is stored. `attempts`: failures so far, by (detector, model). `imported`: the
    rows come from an import. `is_ours`: the file is another one only by what we wrote into it; `wrote`: the names that
    we gave its regions."""

    content: str
    rows: list[FaceRow]
    former: list[FaceRow] = field(default_factory=list)
    changed: bool = False
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    imported: bool = False
    is_ours: bool = False
    wrote: frozenset[str] = frozenset()


class Origins:
    """Finds them. Reads a photo only where size, time or name differ from what is stored."""

    def __init__(self, plan: Plan, retry: bool, written: Written, imports: Imports | None = None):
        self._plan, self._retry, self._written, self._imports = plan, retry, written, imports
        self._sources: dict[int, dict[str, list[FaceRow]]] = {}
        self._taken: set[tuple[int, str]] = set()
        self._seen: set[tuple[int, str]] = set()
        #: Ids that went with photos to other places.
        self.carried: set[str] = set()

    def find(self, index: int, photo: Photo, key: str, rows: Sequence[FaceRow]) -> Origin:
        """`rows`: what the folder (`plan.folders[index]`) has stored of it. PhotoError if it cannot be read."""
        item = self._plan.folders[index]
        good = [row for row in rows if row.status != FAILED]
        attempts = {(r.detector, r.model): r.attempts for r in rows if r.status == FAILED and is_same_file(r, photo)}
        stored = next((row.content for row in rows if row.content), "")
        if stored and all(is_same_file(row, photo) for row in rows):
            origin = Origin(stored, list(rows), attempts=attempts)
        else:
            there = self._content_by_hash(photo, rows) or content_hash(photo.path)
            content = self._written.content_before(there)
            is_ours = content != there
            if content == stored:  # touched, or renamed on a hub
                same = [replace(row, file=photo.name, size=photo.size, mtime_ns=photo.mtime_ns) for row in good]
                origin = Origin(content, same, changed=True, attempts=attempts)
            else:
                moved = self._from_elsewhere(index, photo, key, content)
                origin = Origin(content, moved, [row for row in good if row.face], bool(moved), attempts)
            origin.is_ours = is_ours
            origin.wrote = self._written.names(photo.hash or item.folder.path_of(photo.name), stored or content)
        if self._imports:
            self._import(origin, photo, item)
        self._seen.add((index, key))
        origin.former = [row for row in origin.former if row.face not in self.carried]
        if key in item.doubled:
            origin.rows = self._with_new_ids(origin.rows, item, photo)
            origin.changed = True
        if self._retry:
            origin.attempts, origin.rows = {}, [row for row in origin.rows if row.status != FAILED]
        return origin

    def _content_by_hash(self, photo: Photo, rows: Sequence[FaceRow]) -> str:
        """The content of a photo that was moved or renamed on a hub, where its hash went with it: it need not be read
        if its size and time stayed. "" if that is not known."""
        if not rows and photo.hash in self._plan.known_hashes:
            index, key = self._plan.known_hashes[photo.hash]
            rows = self._rows_of(index).get(key, [])
        same = photo.hash and all((row.size, row.mtime_ns) == (photo.size, photo.mtime_ns) for row in rows)
        return next((row.content for row in rows if row.content), "") if same else ""

    def _from_elsewhere(self, index: int, photo: Photo, key: str, content: str) -> list[FaceRow]:
        """The rows of a photo of the same content: moved here with its ids, or copied with new ones."""
        plan = self._plan
        places = [place for place in plan.known.get(content, []) if place != (index, key)]
        left = {place for place in places if place not in self._taken and self._has_left(place, content)}
        for place in sorted(places, key=lambda at: at not in left):
            rows = [row for row in self._rows_of(place[0]).get(place[1], []) if row.content == content]
            rows = [replace(row, file=photo.name, photo=photo.hash, size=photo.size, mtime_ns=photo.mtime_ns)
                    for row in rows if row.status != FAILED]  # fmt: skip
            if not rows:
                continue
            ids = {row.face for row in rows if row.face}
            vanished = place[1] in plan.folders[place[0]].vanished
            if place in left and not (vanished and ids & plan.ids):  # an interrupted run may have moved it already
                self._taken.add(place)  # one photo has moved; any other is a copy
                self.carried |= ids
                return rows
            return self._with_new_ids(rows, plan.folders[index], photo)
        return []

    def _import(self, origin: Origin, photo: Photo, item: FolderPlan) -> None:
        """Give the photo what the import knows of its content, if nothing is known here. Ids stay if they are free."""
        assert self._imports is not None
        self._imports.seen.add(origin.content)
        if any(row.status != FAILED for row in origin.rows):
            return
        known = self._imports.rows_of(origin.content)
        if not known:
            return
        rows = [replace(row, file=photo.name, photo=photo.hash, size=photo.size, mtime_ns=photo.mtime_ns,
                        date_source="", regions_read=0, region_name="", region_time="")
                for row in known]  # fmt: skip
        taken = {row.face for row in rows} & self._plan.ids
        self._plan.ids |= {row.face for row in rows if row.face}
        rest = [row for row in rows if row.face not in taken]
        again = self._with_new_ids([row for row in rows if row.face in taken], item, photo)
        origin.rows, origin.changed, origin.imported = rest + again, True, True

    def _has_left(self, place: tuple[int, str], content: str) -> bool:
        """Whether the photo of that content is not at its place any more: gone, or another one stands there."""
        item = self._plan.folders[place[0]]
        if place[1] in item.vanished:
            return True
        if place in self._seen:  # the photo that stands there now may have kept the ids
            return False
        for photo in item.folder.photos:
            if photo_key(photo.hash, photo.name) == place[1]:
                if photo not in item.todo:
                    return False
                try:
                    return self._written.content_of(photo.path) != content
                except PhotoError:
                    return False
        return False

    def _rows_of(self, index: int) -> dict[str, list[FaceRow]]:
        if index not in self._sources:
            while len(self._sources) >= MOST_SOURCES:
                self._sources.pop(next(iter(self._sources)))
            self._sources[index] = by_photo(read_rows(self._plan.folders[index].folder))
        return self._sources[index]

    def _with_new_ids(self, rows: list[FaceRow], item: FolderPlan, photo: Photo) -> list[FaceRow]:
        new: dict[str, str] = {}
        for row in rows:
            if row.face and row.face not in new:
                path = [item.folder.path_of(photo.name)]
                new[row.face] = new_face_id(row.content, row.relative_box, self._plan.ids.__contains__, path)
                self._plan.ids.add(new[row.face])
        return [replace(row, face=new[row.face]) if row.face else row for row in rows]
