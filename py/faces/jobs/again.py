"""A recognition after a few decisions: of a settled album only those faces are looked at again whose guess they may
change. What comes of it is what `whole` would make of it.

A decision changes who its face is, and with that the faces a person is learnt from. So a guess can change only on the
photo of that face, where that person was guessed, or near one of that person's faces; and on such a photo for every
face, because no two faces of a photo are one person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from faces import parquet, store
from faces.errors import ChangedMeanwhile, DataFileError, DiskFull, ForeignFile, StorageError
from faces.folders import Album, Folder
from faces.jobs import settled
from faces.jobs.channel import log
from faces.jobs.guesses import Sides, Vector, in_photos, near, put_guess, sides
from faces.jobs.settled import Found
from faces.jobs.summaries import Recognized
from faces.matcher import candidates
from faces.names import Guess, Standing, assign, in_order
from faces.records import DRAWN, NAMED, OPEN, REGION, Decision
from faces.settings import Settings

#: With more new decisions than that everything is gone through.
MOST_DECISIONS = 500
_PLACE = {name: i for i, name in enumerate(store.CSV_COLUMNS)}
_ID, _FILE, _PHOTO, _CONTENT = (_PLACE[name] for name in ("id", "file", "photo", "content"))
_STATE, _NAME, _GUESS, _CLUSTER = (_PLACE[name] for name in ("state", "name", "name_recognized", "cluster"))
_DETECTOR, _IN_PHOTO = _PLACE["detector"], _PLACE["name_in_photo"]


def run(album: Album, settings: Settings, found: Found) -> Recognized | None:
    """Bring the rows of faces.csv up to date that these decisions may change. None if only a whole recognition can tell
    which these are; what was written until then is right as far as it goes. Raises DiskFull."""
    if not found.settled.model or len(found.decisions) > MOST_DECISIONS:
        return None
    try:
        few = _Few(settings, found)
        return few.write(album) if few.decide() and few.guess() else None
    except (ChangedMeanwhile, DataFileError, StorageError) as error:
        if isinstance(error, DiskFull):
            raise
        log.info("everything is gone through again: %s", error)
        return None


@dataclass(slots=True)
class _Csv:
    """A folder's faces.csv."""

    folder: Folder
    before: bytes
    lines: store.ShownLines
    changed: bool = False


@dataclass(slots=True)
class _Row:
    """Where a face stands in faces.csv. `photo`: a text that tells photos of the album apart."""

    csv: _Csv
    number: int
    photo: str

    @property
    def cells(self) -> list[str]:
        return self.csv.lines.rows[self.number]


class _Few:
    """What the steps of one recognition share."""

    def __init__(self, settings: Settings, found: Found):
        self._settings, self._found, self._model = settings, found, found.settled.model
        self._new_guesses = 0
        self._csvs: list[_Csv] = []
        #: Every face of faces.csv, by id and by photo.
        self._rows: dict[str, _Row] = {}
        self._on_photo: dict[str, list[_Row]] = defaultdict(list)
        for folder in found.folders:
            content = folder.csv.read()
            if content:
                self._add(_Csv(folder, content, store.ShownLines(folder.csv, content)))
        self._rejected = {face: set(names) for face, names in found.settled.rejected.items()}
        #: People whose faces are other ones now, and photos with faces that were decided about.
        self._people: set[str] = set()
        self._photos: set[str] = set()

    def _add(self, csv: _Csv) -> None:
        self._csvs.append(csv)
        for number, cells in enumerate(csv.lines.rows):
            row = _Row(csv, number, cells[_PHOTO] or f"{csv.folder.name}/{cells[_FILE]}")
            self._on_photo[row.photo].append(row)
            if self._rows.setdefault(cells[_ID], row) is not row:
                raise ForeignFile(f"face {cells[_ID]} stands in two places")  # a copied folder, until a detection

    # --- decisions ----------------------------------------------------------------------------------------------

    def decide(self) -> bool:
        """Put the new decisions into their rows. False if one may be about more than the face it names, or about one
        that was open to no guess before."""
        photos = Counter(rows[0].cells[_CONTENT] for rows in self._on_photo.values())
        newest = in_order(self._found.settled.newest)
        for decision in sorted(self._found.decisions, key=lambda d: in_order(d.time)):
            there = self._rows.get(decision.face)
            if there is None or in_order(decision.time) <= newest:
                return False
            content, photo = there.cells[_CONTENT], there.cells[_PHOTO]
            same_photo = decision.photo in ("", content, photo) and decision.content in ("", content)
            if not same_photo or photos[content] > 1 or there.cells[_DETECTOR] in ("", DRAWN):
                return False
            if not self._apply(there, decision):
                return False
        return True

    def _apply(self, row: _Row, decision: Decision) -> bool:
        """False if the face is open again: its group, too, has to be found then."""
        face = row.csv.lines.face(row.number)
        rejected = self._rejected.get(face.id, set())
        standing = Standing(face.state, face.name, face.time_named, rejected)
        self._people.add(face.name)
        standing.apply(decision)
        self._people.add(standing.name)
        self._rejected[face.id] = standing.rejected
        if standing.state == OPEN != face.state:
            return False
        if standing.state != OPEN and not self._settings.history:
            put_guess(face, [], self._settings)
        face.state, face.name, face.time_named = standing.state, standing.name, standing.time
        row.csv.changed |= row.csv.lines.put(row.number, face)
        self._photos.add(row.photo)
        return True

    def _cells(self) -> Iterator[list[str]]:
        return (cells for csv in self._csvs for cells in csv.lines.rows)

    # --- guesses ------------------------------------------------------------------------------------------------

    def guess(self) -> bool:
        """Put the guesses that are others now into their rows. False if faces cannot all be compared with each other,
        or some are missing in faces.csv."""
        faces = self._embedded()
        if faces is None or not faces.keys() <= self._rows.keys():
            return False
        standings = {
            cells[_ID]: Standing(cells[_STATE], store.cell_text(cells[_NAME]))
            for cells in self._cells()
            if cells[_STATE]
        }
        two_sides, _ = sides(((face, *own) for face, own in faces.items()), standings, self._settings)
        photos = self._photos | self._photos_of_people(two_sides)
        open_faces: dict[str, str] = {}
        taken = set()
        for row in (row for photo in photos for row in self._on_photo[photo]):
            cells = row.cells
            if cells[_STATE] == OPEN:
                open_faces[cells[_ID]] = row.photo
            elif cells[_STATE] == NAMED and cells[_DETECTOR]:
                taken.add((row.photo, store.cell_text(cells[_NAME])))
        if two_sides:
            few = [i for i, face in enumerate(two_sides.open) if face in open_faces]
            two_sides = replace(two_sides, open=[two_sides.open[i] for i in few], unknown=two_sides.unknown[few])
        said = in_photos({face: store.cell_text(self._rows[face].cells[_IN_PHOTO]) for face in open_faces})
        given = assign([*said, *near(two_sides, self._model, self._settings)], open_faces, taken, self._rejected)
        for face in open_faces:
            self._put(self._rows[face], given.get(face))
        return True

    def _embedded(self) -> dict[str, tuple[float, Vector]] | None:
        """Each face with its width and its embedding, by the detector first in the settings; None if they are of
        several spaces."""
        rank = {name: i for i, name in enumerate(self._settings.detectors)}
        faces: dict[str, tuple[float, Vector]] = {}
        kinds: set[tuple[str, int]] = set()
        for folder in self._found.folders:
            rows = parquet.read_embedded(folder.pkl)
            order = list(range(len(rows.faces)))
            if len(set(rows.detectors)) > 1:
                order.sort(key=[rank.get(name, len(rank)) for name in rows.detectors].__getitem__)
            for i in order:
                if rows.models[i] == self._model:
                    faces.setdefault(rows.faces[i], (rows.widths[i], rows.vectors[i]))
                    kinds.add((rows.spaces[i], len(rows.vectors[i])))
        return faces if len(kinds) < 2 else None

    def _photos_of_people(self, found: Sides | None) -> set[str]:
        """Where one of the people whose faces are others now was guessed, or may be now."""
        people = self._people - {""}
        guessed = [cells[_ID] for cells in self._cells() if cells[_GUESS] and store.cell_text(cells[_GUESS]) in people]
        photos = {self._rows[face].photo for face in guessed}
        theirs = [i for i, name in enumerate(found.names) if name in people] if found else []
        if found and theirs:
            few = np.isin(found.persons, theirs)
            limit = self._settings.threshold(self._model)
            q, _, _ = candidates(found.unknown, found.known[few], found.persons[few], limit, self._settings.metric)
            photos |= {self._rows[found.open[i]].photo for i in set(q.tolist())}
        return photos

    def _put(self, row: _Row, given: tuple[str, float] | None) -> None:
        face = row.csv.lines.face(row.number)
        before = face.name_recognized
        guess = [] if not given else [Guess(*given, self._model) if given[1] >= 0 else Guess(given[0], None, REGION)]
        put_guess(face, guess, self._settings)
        if row.csv.lines.put(row.number, face):
            row.csv.changed = True
            self._new_guesses += bool(given and given[0] != before)

    # --- the end ------------------------------------------------------------------------------------------------

    def write(self, album: Album) -> Recognized | None:
        """Write what changed, and how everything is now. None if somebody else wrote meanwhile."""
        csv_marks = {}
        for csv in self._csvs:
            if not csv.changed:
                continue
            content = csv.lines.content()
            if csv.folder.csv.write(content, csv.before):
                csv_marks[id(csv.folder)] = csv.folder.csv.mark()
                if csv.folder.csv.read() != content:
                    return None
        summary = replace(self._counts(), written=len(csv_marks), new=self._new_guesses)
        found = self._found
        # as they were read: what somebody else wrote since is still to be seen
        files = [(name, pkl, csv_marks.get(id(folder), csv))
                 for folder, (name, pkl, csv) in zip(found.folders, found.marks, strict=True)]  # fmt: skip
        settled.write(
            album,
            replace(
                found.settled,
                files=settled.files_digest(album, files),
                journals=settled.journals_state(found.journals),
                newest=max((found.settled.newest, *(d.time for d in found.decisions)), key=in_order),
                rejected={face: sorted(names) for face, names in self._rejected.items() if names},
                summary=replace(summary, written=0, new=0),
            ),
        )
        return summary

    def _counts(self) -> Recognized:
        faces = named = guessed = 0
        people: set[str] = set()
        groups: Counter[str] = Counter()
        for cells in self._cells():
            faces += 1
            if cells[_STATE] == NAMED:
                named += 1
                people |= {cells[_NAME]} if cells[_DETECTOR] else set()  # as `whole` counts: those on a photo
            elif cells[_STATE] == OPEN:
                guessed += cells[_GUESS] != ""
                groups[cells[_CLUSTER]] += 1
        del groups[""]
        return replace(
            self._found.settled.summary,
            faces=faces,
            named=named,
            guessed=guessed,
            people=len(people),
            groups=sum(size > 1 for size in groups.values()),
        )
