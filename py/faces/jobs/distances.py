"""How far apart faces are: of one person, of different people, and of open faces from the name that they would get. By
that a person sees where to cut (thresholds.json). Measures only: writes distances.json on a hub, in a folder nothing.

No lock is held while it reads: each file is read whole, and a decision made meanwhile makes the result out of date,
which its `key` and `time` tell.
"""

from __future__ import annotations

import dataclasses
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.files import lock
from faces.folders import DISTANCES, RECOGNIZE_LOCK, Album
from faces.jobs import channel
from faces.jobs.collection import NOT_FOR_NAMES, Collection, Face, load, subjects
from faces.jobs.guesses import Sides, embedded, names_rejected, names_taken, sides, spaces
from faces.matcher import candidates, distances, stacked
from faces.names import Standing, assign, resolve
from faces.records import METRICS, NAMED, OPEN, FaceRow
from faces.settings import THRESHOLDS, Settings

#: Bins of a histogram: each 1 percent of the default threshold wide; the last has what is beyond, too.
BINS = 250
#: Guesses are measured up to so many times the default threshold.
REACH = 1.5
#: So many named faces at most (of one model and space) are compared with each other, and as many with rejected names.
MOST_FACES = 2000
_ROWS, _QUERIES = 500, 1000

Items = Sequence[tuple[Face, FaceRow]]


@dataclass(slots=True)
class Measured:
    """What distances.json says; docs/formats.md has the fields. `problems`: folders left out, not in the file."""

    version: int
    time: str
    #: Changes with every decision: the newest one's time, and their number.
    key: str
    models: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def run(
    album: Album, settings: Settings, models: Sequence[str] = (), check: Callable[[], None] = lambda: None
) -> Measured:
    """Measure with the album's names as the journals have them: each of `models`, else of all there are, alone. On a
    hub it is written. `check` is asked between two steps. Raises what that raises, and LockedError, StorageError,
    DiskFull."""
    time = channel.now()
    journal = channel.read_journal(album)
    key = f"{max((decision.time for decision in journal), default='')}/{len(journal)}"
    collection = load(album, settings.detectors, True, NOT_FOR_NAMES)
    standings, _ = resolve(journal, subjects(collection))
    faces = collection.faces()
    there = {model for face in faces for model in face.by_model if model in THRESHOLDS}
    measured = Measured(1, time, key, problems=collection.problems)
    measure = _Measure(faces, standings, settings)
    for model in (name for name in THRESHOLDS if name in there and name in (models or there)):
        measured.models[model] = {}
        for metric in METRICS:
            check()
            measured.models[model][metric] = measure.of(model, metric)
    _keep(album, collection, measured)
    return measured


def _keep(album: Album, collection: Collection, measured: Measured) -> None:
    """Write it, unless everything was removed meanwhile: that holds the lock until it is done."""
    file = album.private(DISTANCES)
    if file is None:
        return
    with lock(album.lock(RECOGNIZE_LOCK), "another recognition", wait=30):
        if any(data.folder.pkl.read() for data in collection.folders):
            content = dataclasses.asdict(measured)
            del content["problems"]
            file.write(json.dumps(content).encode())
        else:
            file.remove()


class _Measure:
    """The faces of an album and what people decided about them."""

    def __init__(self, faces: list[Face], standings: dict[str, Standing], settings: Settings):
        self._faces, self._standings, self._settings = faces, standings, settings
        self._photo_of = {face.id: face.photo for face in faces}
        self._taken = names_taken(self._photo_of, standings)
        self._rejected = names_rejected(standings)
        self._most = self._most_needed()

    def of(self, model: str, metric: str) -> dict[str, Any]:
        """One entry of distances.json."""
        default = THRESHOLDS[model][metric]
        same, different, open_faces = np.zeros(BINS, np.int64), np.zeros(BINS, np.int64), 0
        near: list[tuple[float, str, str]] = []
        for items in spaces(self._faces, model):
            self._add_pairs(items, metric, default, same, different)
            found, number = sides(embedded(items), self._standings, self._settings)
            open_faces += number
            near += self._near(found, REACH * default, metric) if found else []
        guesses = assign(near, self._photo_of, self._taken, self._rejected)
        return {
            "default": default,
            "cut": replace(self._settings, metric=metric).threshold(model),
            "same": same.tolist(),
            "different": different.tolist(),
            "guesses": _bins(np.array([d for _, d in guesses.values()], np.float32), default).tolist(),
            "pairs_same": int(same.sum()),
            "pairs_different": int(different.sum()),
            "open": open_faces,
        }

    # --- guesses ------------------------------------------------------------------------------------------------

    def _most_needed(self) -> dict[str, int]:
        """Open face -> so many of the people nearest to it are enough: of one more than those that it may have to leave
        to another face of its photo, or that it must not get, one is free."""
        on_photo: dict[str, int] = defaultdict(int)
        for photo, _ in self._taken:
            on_photo[photo] += 1
        opened = [face for face in self._faces if self._state(face) == OPEN]
        for face in opened:
            on_photo[face.photo] += 1
        return {face.id: on_photo[face.photo] + len(self._rejected.get(face.id, ())) for face in opened}

    def _near(self, found: Sides, reach: float, metric: str) -> list[tuple[float, str, str]]:
        """(distance, face, name) as recognition has them, but of each face the nearest only that can count: with a
        reach this wide everybody may be near everybody."""
        result: list[tuple[float, str, str]] = []
        most = np.array([self._most[face] for face in found.open], np.intp)
        for first in range(0, len(found.open), _QUERIES):
            part = found.unknown[first : first + _QUERIES]
            q, p, d = candidates(part, found.known, found.persons, reach, metric)
            order = np.lexsort((p, d, q))
            q, p, d = q[order], p[order], d[order]
            rank = np.arange(len(q)) - np.searchsorted(q, q)
            kept = rank < most[q + first]
            triples = zip(q[kept].tolist(), p[kept].tolist(), d[kept].tolist(), strict=True)
            result += [(distance, found.open[i + first], found.names[n]) for i, n, distance in triples]
        return result

    # --- pairs --------------------------------------------------------------------------------------------------

    def _add_pairs(
        self, items: Items, metric: str, default: float, same: NDArray[np.int64], different: NDArray[np.int64]
    ) -> None:
        """Pairs of named faces, and of faces that are not who somebody is with those of that name."""
        sane = [(face, row) for face, row in items if np.isfinite(row.embedding).all()]
        chosen = _spread([item for item in sane if self._state(item[0]) == NAMED], self._name)
        if not chosen:
            return
        vectors = stacked([row.embedding for _, row in chosen])
        persons, photos = _numbers(self._name(face) for face, _ in chosen), _numbers(face.photo for face, _ in chosen)
        for first in range(0, len(chosen), _ROWS):
            rows = slice(first, first + _ROWS)
            apart = distances(vectors[rows], vectors[first:], metric)
            above = np.triu(np.ones(apart.shape, np.bool_), 1)
            alike = persons[rows, None] == persons[None, first:]
            other_photo = photos[rows, None] != photos[None, first:]
            same += _bins(apart[above & alike & other_photo], default)
            different += _bins(apart[above & ~alike], default)
        known = {face.id for face, _ in chosen}
        out = sorted((i for i in sane if i[0].id in self._rejected and i[0].id not in known), key=lambda i: i[0].id)
        names = np.array([self._name(face) for face, _ in chosen], object)
        for face, row in out[:MOST_FACES]:
            mine = np.isin(names, list(self._rejected[face.id]))
            if mine.any():
                different += _bins(distances(row.embedding[None], vectors[mine], metric), default)

    def _state(self, face: Face) -> str:
        return self._standings[face.id].state if face.id in self._standings else OPEN

    def _name(self, face: Face) -> str:
        return self._standings[face.id].name


def _spread(items: Items, name: Callable[[Face], str]) -> Items:
    """At most MOST_FACES of the named faces, the same each time: one of each person, a second one of each, ..."""
    by_person: dict[str, list[tuple[Face, FaceRow]]] = defaultdict(list)
    for face, row in sorted(items, key=lambda item: item[0].id):
        by_person[name(face)].append((face, row))
    ranked = [(number, person, item) for person, own in by_person.items() for number, item in enumerate(own)]
    ranked.sort(key=lambda entry: entry[:2])
    return [item for _, _, item in ranked[:MOST_FACES]]


def _numbers(texts: Iterable[str]) -> NDArray[np.intp]:
    """Each text as a number of its own."""
    known: Mapping[str, int] = defaultdict(lambda: len(known))
    return np.array([known[text] for text in texts], np.intp)


def _bins(values: NDArray[np.float32], default: float) -> NDArray[np.int64]:
    """How many of the distances are in each bin."""
    percent = np.nan_to_num(values.astype(np.float64).ravel() / default * 100, nan=BINS, posinf=BINS)
    return np.bincount(np.clip(percent, 0, BINS - 1).astype(np.intp), minlength=BINS)
