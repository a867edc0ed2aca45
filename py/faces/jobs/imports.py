"""An import: faces.pkl files of another hub or folder that the page left for a channel. A photo of the same content, of
which nothing is known here, gets their rows instead of being detected anew.

The files are strangers': they are read as any faces.pkl is, and a photo of which one row makes no sense is left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from faces import parquet
from faces.errors import DiskFull, FacesError, StorageError
from faces.files import DataFile
from faces.folders import IMPORT, IMPORT_DONE, IMPORTED, Album
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.collection import photo_key
from faces.jobs.plan import Plan
from faces.records import BY_HAND, FACE, NONE, FaceRow
from faces.settings import DETECTORS, MODELS

INDEX, KNOWN = "index.json", "known.json"
#: So many of its files are kept in memory at once.
MOST_FILES = 8
#: So many photos that matched nothing are named in the report.
MOST_MISSING = 1000

_FILE = re.compile(r"\d{1,9}\.parquet")
_HASH = re.compile(r"[0-9a-f]{32}")
#: What goes into faces.csv as it is.
_WORD, _DATE = re.compile(r"([A-Za-z][A-Za-z _-]{0,39})?"), re.compile(r"(\d{4}-[\dT:.+Z-]{1,40})?")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a content stands in the import: number of the file, name of the photo, and how many faces are on it."""

    file: int
    name: str
    faces: int


class Imports:
    """A pending import. Its photos are told by their content; of each the first one counts."""

    def __init__(self, album: Album, index: bytes, folders: Mapping[str, str], problems: list[str]):
        self._album, self._index, self._problems = album, index, problems
        #: Name and the folder it was of, by number.
        self._files = list(folders.items())
        self._sources: dict[str, _Source] = {}
        self._rows: dict[int, dict[str, list[FaceRow]]] = {}
        self._unreadable: set[int] = set()
        #: Contents of the import that were known here before anything was taken from it.
        self._known: set[str] = set()
        #: Contents of photos that were looked at in this run.
        self.seen: set[str] = set()

    def read(self, plan: Plan, check: Callable[[], None]) -> None:
        """The first look at each file: which photos it has. `check` is asked before each. Raises what that raises, and
        StorageError."""
        for number in range(len(self._files)):
            check()
            for content, rows in self._photos(number, embeddings=False).items():
                faces = len({row.face for row in rows} - {""})
                self._sources.setdefault(content, _Source(number, rows[0].file, faces))
        self._known = self._known_before(plan)

    def rows_of(self, content: str) -> list[FaceRow]:
        """What the import knows of a photo of that content, as of the file it was made for; [] if nothing."""
        source = self._sources.get(content)
        if source is None:
            return []
        if source.file not in self._rows:
            while len(self._rows) >= MOST_FILES:
                self._rows.pop(next(iter(self._rows)))
            self._rows[source.file] = self._photos(source.file, embeddings=True)
        rows = self._rows[source.file].get(content, [])
        if not rows:  # its embeddings make no sense, or the file is gone
            self._sources.pop(content, None)
        return rows

    def finish(self, plan: Plan) -> None:
        """All photos had their turn: say what came of it, and take the import away. Raises StorageError, DiskFull."""
        if _private(self._album, INDEX).read() != self._index:
            return  # another one came meanwhile
        todo = [{photo_key(photo.hash, photo.name) for photo in item.todo} for item in plan.folders]
        here = {content for content in self._sources if content in self.seen or _is_here(plan, todo, content)}
        missing = sorted((self._files[source.file][1], source.name)
                         for content, source in self._sources.items() if content not in here)  # fmt: skip
        report = {
            "version": 1,
            "time": channel.now(),
            "photos": len(self._sources),
            "matched": len(here),
            "faces": sum(self._sources[content].faces for content in here - self._known),
            "missing": [{"folder": folder, "file": file} for folder, file in missing[:MOST_MISSING]],
            "unreadable": sorted({self._files[number][1] for number in self._unreadable}),
        }
        file, done = self._album.private(IMPORTED), self._album.private(IMPORT_DONE)
        assert file is not None and done is not None
        file.write(json.dumps(report).encode("utf-8", "backslashreplace"))
        log.info("imported: %s", {key: value for key, value in report.items() if key != "missing"})
        shutil.rmtree(done.path, ignore_errors=True)
        with suppress(OSError):  # at once, so that no half of it is taken for an import
            _private(self._album, "").path.rename(done.path)
        shutil.rmtree(done.path, ignore_errors=True)

    def _photos(self, number: int, embeddings: bool) -> dict[str, list[FaceRow]]:
        """Content -> the rows of a photo of the file, if all of them make sense. A file that cannot be read is deleted,
        with a line in the problems."""
        name, folder = self._files[number]
        file = _private(self._album, name)
        try:
            rows = parquet.read_faces(file, embeddings, frozenset() if embeddings else frozenset({"landmarks"}))
        except FacesError as error:
            self._problems.append(f"import of folder {folder!r}: {error}")
            log.warning("%s", self._problems[-1])
            with suppress(FacesError):
                file.remove()
            rows = None
        if rows is None:
            self._unreadable.add(number)
            self._sources = {content: source for content, source in self._sources.items() if source.file != number}
        return _by_content(rows or (), embeddings)

    def _known_before(self, plan: Plan) -> set[str]:
        """Kept in a file, because after a run that was stopped what was taken is known, too."""
        file = _private(self._album, KNOWN)
        mine = hashlib.blake2b(self._index, digest_size=16).hexdigest()  # another import may have lain there before
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            kept = json.loads(file.read() or b"")
            if kept["index"] == mine:
                return set(kept["known"])
        known = sorted(content for content in self._sources if content in plan.known)
        file.write(json.dumps({"index": mine, "known": known}).encode())
        return set(known)


def pending(album: Album, plan: Plan, check: Callable[[], None]) -> Imports | None:
    """The import that waits for this album, if there is one; a line in the plan's problems for each file that cannot be
    read. Raises what `check`, asked between files, raises."""
    folder = album.private(IMPORT)
    if folder is None:
        return None
    if done := album.private(IMPORT_DONE):
        shutil.rmtree(done.path, ignore_errors=True)
    try:
        index = _private(album, INDEX).read()
        if index is None:  # none there, or not all of it yet
            return None
        found = Imports(album, index, _folders(index), plan.problems)
    except (StorageError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        plan.problems.append(f"the import waits, its {INDEX} cannot be used: {error!r}")
        return None
    try:
        found.read(plan, check)
    except DiskFull:
        raise
    except StorageError as error:
        plan.problems.append(f"the import waits: {error}")
        return None
    return found


def _private(album: Album, name: str) -> DataFile:
    file = album.private(f"{IMPORT}/{name}")
    assert file is not None
    return file


def _folders(index: bytes) -> dict[str, str]:
    """File -> the folder that it was of. ValueError and the like if it makes no sense."""
    folders: dict[str, Any] = json.loads(index)["folders"]
    names = sorted((name for name in folders if _FILE.fullmatch(name)), key=lambda name: int(name.partition(".")[0]))
    return {name: str(folders[name])[:1000] for name in names}


def _is_here(plan: Plan, todo: Sequence[set[str]], content: str) -> bool:
    """Whether a photo of that content is there, unchanged, so that it was not to be looked at."""
    return any(
        key not in plan.folders[index].vanished and key not in todo[index] for index, key in plan.known.get(content, ())
    )


# --- what makes sense ---------------------------------------------------------------------------------------------


def _by_content(rows: Iterable[FaceRow], embeddings: bool) -> dict[str, list[FaceRow]]:
    """Content -> the rows of one photo. Failures are left out, and a photo with a row that makes no sense."""
    photos: dict[tuple[str, str], list[FaceRow]] = defaultdict(list)
    wrong: set[tuple[str, str]] = set()
    for row in rows:
        if not (isinstance(row.content, str) and isinstance(row.photo, str) and isinstance(row.file, str)):
            return {}  # the columns are missing
        if row.status in (FACE, NONE):
            key = (row.content, photo_key(row.photo, row.file))
            photos[key].append(row)
            if not _makes_sense(row) or (embeddings and not _has_vector(row)):
                wrong.add(key)
    found: dict[str, list[FaceRow]] = {}
    for key, own in photos.items():
        if key not in wrong:
            found.setdefault(key[0], own)
    return found


def _makes_sense(row: FaceRow) -> bool:
    numbers = (row.min_width, row.confidence, row.seconds_decode, row.seconds_detect, row.seconds_embed, row.age or 0.0)
    words = (row.gender, row.emotion, row.race)
    good = (
        _HASH.fullmatch(row.content)
        and row.detector in (*DETECTORS, *BY_HAND)
        and row.model in ("", *MODELS)
        and 1 <= row.orientation <= 8
        and all(0 < side < 1_000_000 for side in (row.width, row.height))
        and all(math.isfinite(number) and 0 <= number < 1e6 for number in numbers)
        and all(_WORD.fullmatch(word) for word in words)
        and _DATE.fullmatch(row.date_taken)
    )
    if row.status == NONE:
        return bool(good and not (row.face or row.model))
    box = row.box
    near = box.is_sane() and max(map(abs, (box.x, box.y, box.w, box.h))) < 1_000_000
    return bool(good and near and _HASH.fullmatch(row.face))


def _has_vector(row: FaceRow) -> bool:
    """Whether landmarks, and the embedding if the row has a model, are numbers."""
    points = row.landmarks or ()
    if not (len(points) <= 200 and all(map(math.isfinite, points))):
        return False
    if not row.model:
        return row.embedding is None
    fits = row.embedding is not None and len(row.embedding) <= 10_000 and len(row.space) <= 200
    return bool(fits and row.space.startswith(f"{row.model}/") and np.isfinite(row.embedding).all())
