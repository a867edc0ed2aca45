"""All faces of an album in memory: what faces.pkl and faces.csv of every folder say, face by face."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from faces import parquet, store
from faces.errors import DamagedFile, FacesError
from faces.folders import Album, Folder, Marks
from faces.names import Subject
from faces.records import FACE, FAILED, NONE, FaceRow, ShownFace


@dataclass(slots=True)
class Face:
    """One face, however many detectors found it and models embedded it. `row`: the row of the detector first in
    the settings; `by_model`: for each model that detector's row, or another's."""

    id: str
    folder: Folder
    row: FaceRow
    by_model: dict[str, FaceRow] = field(default_factory=dict)
    #: Its rows of every detector and model.
    rows: list[FaceRow] = field(default_factory=list)

    @property
    def photo(self) -> str:
        """A text that tells photos of the album apart."""
        return self.row.photo or f"{self.folder.name}/{self.row.file}"


@dataclass(slots=True)
class FolderData:
    """A folder with its faces, its rows of faces.csv, the photos that faces.pkl knows (key -> a row of each), and
    the keys of the photos that are there."""

    folder: Folder
    faces: list[Face]
    shown: list[ShownFace]
    photos: dict[str, FaceRow]
    csv_mtime: float
    #: faces.csv as it was read.
    csv_content: bytes | None
    present: set[str]
    #: A row for each detector that found no face on a photo.
    empty: list[FaceRow] = field(default_factory=list)
    #: Whether faces.csv was written since; `csv_content` is what it holds now.
    was_written: bool = False
    #: Its place in `Collection.marks`.
    place: int = 0


@dataclass(slots=True)
class Collection:
    folders: list[FolderData] = field(default_factory=list)
    #: Failed photos: folder, row. And folders that could not be read: one line each.
    failures: list[tuple[Folder, FaceRow]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    #: faces.pkl files that are damaged, for detection to set aside.
    damaged: list[str] = field(default_factory=list)
    #: Of every folder, as its files were before they were read.
    marks: list[Marks] = field(default_factory=list)

    def faces(self) -> list[Face]:
        return [face for data in self.folders for face in data.faces]


def photo_key(photo: str, file: str) -> str:
    """What tells photos of a folder apart: the hub's hash, or the file name in folder mode."""
    return photo or file


#: Columns of faces.pkl that names, guesses, statistics and contents.json do not depend on.
NOT_FOR_NAMES = frozenset({"landmarks", "orientation", "min_width", "seconds_decode"})


def load(
    album: Album, detectors: Sequence[str], embeddings: bool = True, without: frozenset[str] = frozenset()
) -> Collection:
    """Read every folder, faces.pkl without the columns `without`.

    One with a damaged file is left out, with a line in `problems`: it is not touched.
    """
    collection = Collection()
    rank = {name: i for i, name in enumerate(detectors)}
    for folder in album.folders(stat=False):
        collection.problems += folder.problems
        collection.marks.append(folder.marks())
        try:
            mtime = folder.csv.mtime()
            rows = parquet.read_faces(folder.pkl, embeddings, without)
            content = folder.csv.read()
            shown = None if content is None else store.parse_shown(folder.csv, content)
        except DamagedFile as error:
            collection.problems.append(str(error))
            collection.damaged.append(str(folder.pkl.path))
            continue
        except FacesError as error:
            collection.problems.append(str(error))
            continue
        if rows is None and shown is None:
            continue
        photos: dict[str, FaceRow] = {}
        for row in rows or ():
            key = photo_key(row.photo, row.file)
            if key not in photos or not photos[key].content:  # a failed row may know no content
                photos[key] = row
            if row.status == FAILED:
                collection.failures.append((folder, row))
        collection.folders.append(
            FolderData(
                folder,
                merge(folder, rows or (), rank),
                shown or [],
                photos,
                mtime,
                content,
                {photo_key(photo.hash, photo.name) for photo in folder.photos},
                [row for row in rows or () if row.status == NONE],
                place=len(collection.marks) - 1,
            )
        )
    return collection


def merge(folder: Folder, rows: Sequence[FaceRow], rank: dict[str, int]) -> list[Face]:
    """The faces of a folder's rows: rows with one id are one face; by photo, and there from left to right."""
    faces: list[Face] = []
    found: dict[str, list[FaceRow]] = defaultdict(list)
    last = len(rank)
    for row in rows:
        if row.status == FACE:
            found[row.face].append(row)
    for face, own in found.items():
        if len(own) > 1:
            own.sort(key=lambda row: rank.get(row.detector, last))  # stable: file order within one detector
        item = Face(face, folder, own[0], rows=own)
        faces.append(item)
        for row in own:
            if row.embedding is not None:
                item.by_model.setdefault(row.model, row)
    return sorted(faces, key=lambda item: (item.row.file, item.row.photo, item.row.x, item.row.y))


def subjects(collection: Collection) -> list[Subject]:
    """All faces as the rules of names see them; faces of faces.csv that detection has not got to again, too."""
    result = []
    for data in collection.folders:
        folder, ids = data.folder, set()
        for face in data.faces:
            row = face.row
            ids.add(face.id)
            result.append(Subject(face.id, row.content, row.photo, folder.path_of(row.file), row.relative_box))
        for shown in data.shown:
            if shown.id not in ids and is_waiting(data, shown):
                result.append(Subject(shown.id, "", shown.photo, folder.path_of(shown.file), shown.box))
    return result


def is_waiting(data: FolderData, shown: ShownFace) -> bool:
    """Whether this row is of a photo that is there but that faces.pkl does not know (lost, or not yet redone)."""
    key = photo_key(shown.photo, shown.file)
    return key not in data.photos and key in data.present
