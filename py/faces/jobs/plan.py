"""What is to be done: which photos are new, changed, moved, or lack a detector, model or attribute. Reads file lists
and faces.pkl without embeddings; opens no photo.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from faces import parquet, store
from faces.errors import DamagedFile, FacesError, PickleRefused
from faces.folders import Album, Folder, Photo
from faces.jobs.channel import log, read_journal
from faces.jobs.collection import photo_key
from faces.jobs.drawn import Boxes, Drawn
from faces.records import BY_HAND, DRAWN, FACE, FAILED, NONE, FaceRow
from faces.regions import Region
from faces.settings import Settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every photo shall have."""

    detectors: tuple[str, ...]
    models: tuple[str, ...]
    demography: tuple[str, ...] = ()
    min_face_percent: float = 0.0
    min_face_pixels: int = 0
    max_attempts: int = 3
    #: Whether the regions that other programs marked can be read: exiftool is there.
    regions: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Wanted:
        return cls(
            settings.detectors,
            settings.models,
            settings.demography,
            settings.min_face_percent,
            settings.min_face_pixels,
            settings.max_attempts,
            shutil.which("exiftool") is not None,
        )

    def min_width(self, photo_width: int) -> float:
        """The narrowest face wanted, as a fraction of the photo's width."""
        return max(self.min_face_percent / 100, self.min_face_pixels / photo_width if photo_width else 0.0)


@dataclass(frozen=True, slots=True)
class Lack:
    """What one photo lacks. `drawn`: faces that a person drew a box round; `marked`: regions of the photo, without a
    face so far."""

    detectors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    demography: tuple[str, ...] = ()
    drawn: Boxes = ()
    marked: tuple[Region, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.detectors or self.models or self.demography or self.drawn or self.marked)

    def with_faces(self, boxes: Boxes, marked: tuple[Region, ...], wanted: Wanted) -> Lack:
        """A face that comes in lacks every model and attribute."""
        if not boxes and not marked:
            return self
        return replace(self, drawn=boxes, marked=marked, models=wanted.models, demography=wanted.demography)


def lacking(rows: Sequence[FaceRow], wanted: Wanted) -> Lack:
    """What a photo with these rows lacks. A failure is tried again until `max_attempts`, then it rests until the
    photo changes."""
    given_up = {
        (row.detector, row.model) for row in rows if row.status == FAILED and row.attempts >= wanted.max_attempts
    }
    if ("", "") in given_up:
        return Lack()
    done = {
        row.detector
        for row in rows
        if row.status in (FACE, NONE) and row.min_width <= wanted.min_width(row.width) + 1e-6
    }
    detectors = tuple(d for d in wanted.detectors if d not in done and (d, "") not in given_up)
    models, demography = [], []
    faces: dict[tuple[str, str], list[FaceRow]] = defaultdict(list)
    for row in rows:
        if row.status == FACE and row.detector in (*wanted.detectors, *BY_HAND):
            faces[row.detector, row.face].append(row)
    for model in wanted.models:
        if any(
            all(row.model != model for row in own) and (detector, model) not in given_up
            for (detector, _), own in faces.items()
        ):
            models.append(model)
    for name in wanted.demography:
        if ("", name) not in given_up and any(
            all(getattr(row, name.lower()) in (None, "") for row in own) for own in faces.values()
        ):
            demography.append(name)
    return Lack(detectors, tuple(models), tuple(demography))


@dataclass(slots=True)
class FolderPlan:
    """One folder: which photos to look at, which rows are of photos that are gone."""

    folder: Folder
    todo: list[Photo] = field(default_factory=list)
    #: Keys of photos of which faces.pkl has rows but which are not there any more.
    vanished: set[str] = field(default_factory=set)
    #: Keys of photos whose face ids stand elsewhere already (a folder copied with its data).
    doubled: set[str] = field(default_factory=set)
    #: Photos on which nothing is to be done but for faces that were drawn, if these stand nowhere else.
    drawn: list[tuple[Photo, set[str]]] = field(default_factory=list)
    #: Faces of which the box was drawn in error.
    taken_back: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Plan:
    folders: list[FolderPlan] = field(default_factory=list)
    #: Content hash -> where photos of that content are known: (index into folders, key).
    known: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    #: The hub's hash -> where a photo of that hash is known: the same.
    known_hashes: dict[str, tuple[int, str]] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)
    #: The ids of all faces on photos that are there.
    ids: set[str] = field(default_factory=set)
    photos: int = 0
    #: Folders of which the photos have to wait.
    unready: int = 0
    problems: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(len(folder.todo) for folder in self.folders)


def make_plan(album: Album, folders: Iterable[Folder], wanted: Wanted, retry: bool = False) -> Plan:
    """Look at every folder of the album. One whose files are foreign or cannot be read is left out, with a line in
    `problems`.

    `retry` tries photos again that were given up.
    """
    plan = Plan(drawn=Drawn.of(read_journal(album)))
    faces: list[dict[str, set[str]]] = []  # of each folder: key of a photo that is there -> ids of its faces
    for folder in folders:
        plan.problems += folder.problems + folder.unready
        plan.skipped += folder.skipped
        plan.unready += len(folder.unready)
        plan.photos += len(folder.photos)
        try:
            store.check_shown(folder.csv)  # a foreign one means: this folder is not ours to fill
            rows = read_rows(folder, embeddings=False)
        except FacesError as error:
            plan.problems.append(str(error))
            continue
        faces.append(_plan_folder(plan, folder, rows, wanted, retry))
    _find_doubled(plan, faces)
    for item in plan.folders:
        item.todo += [p for p, boxes in item.drawn if not boxes <= plan.ids and p not in item.todo]
    return plan


def read_rows(folder: Folder, embeddings: bool = True) -> list[FaceRow]:
    """The rows of a folder's faces.pkl. A damaged one is set aside (names are not in it), a pickle is left for
    detection to replace; in both cases the folder starts anew. Raises ForeignFile."""
    try:
        return parquet.read_faces(folder.pkl, embeddings) or []
    except PickleRefused as error:
        log.warning("%s", error)
    except DamagedFile as error:
        log.warning("%s; it is kept as %s", error, folder.pkl.set_aside("damaged"))
    return []


def by_photo(rows: Iterable[FaceRow]) -> dict[str, list[FaceRow]]:
    """Key of a photo -> its rows."""
    found: dict[str, list[FaceRow]] = defaultdict(list)
    for row in rows:
        found[photo_key(row.photo, row.file)].append(row)
    return found


def _plan_folder(plan: Plan, folder: Folder, rows: list[FaceRow], wanted: Wanted, retry: bool) -> dict[str, set[str]]:
    item = FolderPlan(folder)
    known = by_photo(rows)
    present = {}
    for photo in folder.photos:
        key = photo_key(photo.hash, photo.name)
        own = known.get(key, [])
        present[key] = {row.face for row in own if row.face}
        rows_now = [row for row in own if row.status != FAILED] if retry else own
        if is_to_do(rows_now, photo, wanted):
            item.todo.append(photo)
        elif not is_given_up(rows_now, photo, wanted):
            content = own[0].content
            boxes = plan.drawn.lacking(content, photo, folder.path_of(photo.name), own, ())
            if boxes:
                item.drawn.append((photo, {face for face, _ in boxes}))
        if photo.hash and own:
            plan.drawn.contents[photo.hash] = own[0].content
    item.taken_back = {row.face for row in rows if row.detector == DRAWN} & plan.drawn.taken_back
    if not (folder.problems or folder.unready):  # what could not be listed is not gone
        item.vanished = known.keys() - present.keys()
    for key, own in known.items():
        for content in {row.content for row in own} - {""}:
            plan.known[content].append((len(plan.folders), key))
        if own[0].photo:
            plan.known_hashes[key] = (len(plan.folders), key)
    plan.folders.append(item)
    return present


def is_to_do(rows: Sequence[FaceRow], photo: Photo, wanted: Wanted) -> bool:
    """Whether a photo with these rows has to be looked at."""
    current = [row for row in rows if is_same_file(row, photo)]
    if is_given_up(current, photo, wanted):
        return False
    if wanted.regions and not all(row.regions_read for row in current if row.status != FAILED):
        return True
    return not rows or len(current) < len(rows) or bool(lacking(current, wanted))


def is_given_up(rows: Sequence[FaceRow], photo: Photo, wanted: Wanted) -> bool:
    """Whether a photo as it is could not be read often enough."""
    return any(
        row.attempts >= wanted.max_attempts
        for row in rows
        if row.status == FAILED and not (row.detector or row.model) and is_same_file(row, photo)
    )


def _find_doubled(plan: Plan, faces: list[dict[str, set[str]]]) -> None:
    """Mark photos whose face ids stand on another photo too. The folder whose faces.pkl is older keeps them: a copy
    is younger than its original, whatever the times in it say."""

    def age(index: int) -> tuple[int, int]:
        try:
            return plan.folders[index].folder.pkl.path.stat().st_ctime_ns, index
        except OSError:
            return 0, index

    total = sum(len(ids) for folder in faces for ids in folder.values())
    plan.ids = {face for folder in faces for ids in folder.values() for face in ids}
    if len(plan.ids) == total:
        return
    seen: set[str] = set()
    for index in sorted(range(len(faces)), key=age):
        item = plan.folders[index]
        for key, ids in faces[index].items():
            if ids & seen:
                item.doubled.add(key)
            seen |= ids
        planned = {photo_key(photo.hash, photo.name) for photo in item.todo}
        item.todo += [p for p in item.folder.photos
                      if photo_key(p.hash, p.name) in item.doubled - planned]  # fmt: skip


def is_same_file(row: FaceRow, photo: Photo) -> bool:
    """Whether size, time and name are those of the row: then it is the same photo, unread."""
    return (row.size, row.mtime_ns, row.file) == (photo.size, photo.mtime_ns, photo.name)
