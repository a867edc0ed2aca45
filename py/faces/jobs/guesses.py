"""Who a face may be: the named faces of each person, and the open faces near enough to one of them. Pure: no files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces.jobs.collection import Collection, Face
from faces.matcher import Vectors, candidates, most_similar, stacked
from faces.names import Guess, Standing, assign
from faces.records import NAMED, OPEN, REGION, FaceRow, ShownFace
from faces.settings import Settings

_NOTHING = Standing()
Vector = NDArray[np.float32]  # (d,)


def guess(collection: Collection, standings: dict[str, Standing], settings: Settings) -> dict[str, list[Guess]]:
    """The guesses for each open face, of the model first in the settings first; with `enforce` of every model."""
    faces = collection.faces()
    models = usable_models(faces, settings)
    photo_of = {face.id: face.photo for face in faces}
    taken = names_taken(photo_of, standings)
    rejected = names_rejected(standings)
    result: dict[str, list[Guess]] = defaultdict(list)
    said = {face.id: face.row.region_name for face in faces if standings.get(face.id, _NOTHING).state == OPEN}
    for face_id, (name, _) in assign(in_photos(said), photo_of, taken, rejected).items():
        result[face_id].append(Guess(name, None, REGION))
        taken.add((photo_of[face_id], name))
    for model in models:
        left = [face for face in faces if settings.enforce or face.id not in result]
        found = [one for items in spaces(left, model)
                 for one in near(sides(embedded(items), standings, settings)[0], model, settings)]  # fmt: skip
        for face_id, (name, distance) in assign(found, photo_of, taken, rejected).items():
            result[face_id].append(Guess(name, distance, model))
            if not settings.enforce:
                taken.add((photo_of[face_id], name))
    return dict(result)


def in_photos(said: Mapping[str, str]) -> list[tuple[float, str, str]]:
    """What the photos themselves say (face -> name, or ""), as candidates nearer than any other."""
    return [(-1.0, face, name) for face, name in said.items() if name]


def put_guess(shown: ShownFace, guesses: list[Guess], settings: Settings) -> None:
    """Write the guesses for a face into its row; none where there is none."""
    shown.name_recognized, shown.distance, shown.distance_metric = "", None, ""
    shown.extra.pop("matches", None)
    if guesses:
        first = guesses[0]
        shown.name_recognized, shown.distance, shown.model = first.name, first.distance, first.model
        shown.distance_metric = settings.metric if first.distance is not None else ""
        if settings.enforce:
            matches = {g.model: [g.name, round(g.distance, 4)] for g in guesses if g.distance is not None}
            shown.extra["matches"] = json.dumps(matches, ensure_ascii=False)


def usable_models(faces: Iterable[Face], settings: Settings) -> list[str]:
    """The models of the settings that a face has an embedding of, in that order; the spare ones where there is none."""
    present = {model for face in faces for model in face.by_model}
    return [m for m in settings.models if m in present] or [m for m in settings.spare_models if m in present]


def names_taken(photo_of: Mapping[str, str], standings: Mapping[str, Standing]) -> set[tuple[str, str]]:
    """(photo, name) of every name that a person gave."""
    return {
        (photo_of[face], standing.name)
        for face, standing in standings.items()
        if standing.state == NAMED and face in photo_of
    }


def names_rejected(standings: Mapping[str, Standing]) -> dict[str, set[str]]:
    """Face -> names that it must not get."""
    return {face: standing.rejected for face, standing in standings.items() if standing.rejected}


def spaces(faces: Iterable[Face], model: str) -> list[list[tuple[Face, FaceRow]]]:
    """The faces with an embedding of this model, together with those that they can be compared with."""
    found: dict[tuple[str, int], list[tuple[Face, FaceRow]]] = defaultdict(list)
    for face in faces:
        row = face.by_model.get(model)
        if row is not None:
            found[row.space, len(row.embedding)].append((face, row))
    return list(found.values())


@dataclass(slots=True)
class Sides:
    """The two sides of one space: open faces (ids, vectors), and the known ones that are learnt from, each with the
    number of its person; `names` are those persons', sorted."""

    open: list[str]
    unknown: Vectors
    known: Vectors
    persons: NDArray[np.intp]
    names: list[str]


def embedded(items: Iterable[tuple[Face, FaceRow]]) -> Iterator[tuple[str, float, Vector]]:
    """Of each face its id, its width in pixels and its embedding."""
    return ((face.id, row.w, row.embedding) for face, row in items)


def sides(
    items: Iterable[tuple[str, float, Vector]], standings: Mapping[str, Standing], settings: Settings
) -> tuple[Sides | None, int]:
    """Who takes part in guessing, of one space (see `embedded`): None if nothing can be guessed. And the number of open
    faces."""
    by_person: dict[str, list[Vector]] = defaultdict(list)
    opened: list[str] = []
    queries: list[Vector] = []
    for face, width, vector in items:
        standing = standings.get(face, _NOTHING)
        if standing.state == NAMED and width >= settings.training_min_pixels:
            by_person[standing.name].append(vector)
        elif standing.state == OPEN and width >= settings.result_min_pixels:
            opened.append(face)
            queries.append(vector)
    if not by_person or not queries:
        return None, len(queries)
    known, persons, names = [], [], sorted(by_person)
    for number, name in enumerate(names):
        vectors = stacked(by_person[name])
        chosen = vectors[most_similar(vectors, settings.most_similar_percent, settings.most_similar_number)]
        known.append(chosen)
        persons += [number] * len(chosen)
    people = np.array(persons, np.intp)
    return Sides(opened, stacked(queries), np.concatenate(known), people, names), len(queries)


def near(found: Sides | None, model: str, settings: Settings) -> list[tuple[float, str, str]]:
    """(distance, face, name) for every open face near enough to a person."""
    if found is None:
        return []
    q, p, d = candidates(found.unknown, found.known, found.persons, settings.threshold(model), settings.metric)
    return [(distance, found.open[i], found.names[n])
            for i, n, distance in zip(q.tolist(), p.tolist(), d.tolist(), strict=True)]  # fmt: skip
