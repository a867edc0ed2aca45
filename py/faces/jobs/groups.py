"""Groups of open faces that look like one person, so that a person can name many at once. Pure: no files.

A group once given stays, however many faces come; new faces join one, or make one. docs/formats.md: column `cluster`.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faces import clusters
from faces.jobs.collection import Collection, Face
from faces.jobs.guesses import usable_models
from faces.matcher import stacked
from faces.names import Standing
from faces.records import OPEN, FaceRow, ShownFace
from faces.settings import Settings

_NOTHING = Standing()


@dataclass(slots=True)
class _Member:
    """An open face. `row` has the embedding it is compared by, None where there is none or the face is too narrow;
    `group` is the one it has; `new`: it was not compared with the others yet."""

    face: Face
    row: FaceRow | None
    group: str
    new: bool


def group(
    collection: Collection,
    standings: Mapping[str, Standing],
    before: Mapping[str, ShownFace],
    settings: Settings,
) -> dict[str, str]:
    """Open face -> its group, "" for one that is alone. `before`: what faces.csv said, by id. Only faces that were not
    compared yet are, each with all of its space."""
    members = _members(collection, standings, before, settings)
    if any(member.new for member in members):
        _join(members, {shown.cluster for shown in before.values() if shown.cluster}, settings)
    return {member.face.id: member.group for member in members}


def number_of_groups(shown: Iterable[ShownFace]) -> int:
    """Those with at least two open faces."""
    sizes = Counter(face.cluster for face in shown if face.state == OPEN and face.cluster)
    return sum(size > 1 for size in sizes.values())


def _members(
    collection: Collection, standings: Mapping[str, Standing], before: Mapping[str, ShownFace], settings: Settings
) -> list[_Member]:
    """The open faces in the order of their ids, which depends on nothing but what was detected."""
    faces = {face.id: face for face in collection.faces() if standings.get(face.id, _NOTHING).state == OPEN}
    models = usable_models(faces.values(), settings)
    members = []
    for face in (faces[key] for key in sorted(faces)):
        row = next((face.by_model[model] for model in models if model in face.by_model), None)
        if row is not None and row.w < settings.result_min_pixels:
            row = None
        old = before.get(face.id)
        has = (old and old.cluster) or ""
        was_compared = has or (old and old.state == OPEN and old.cluster is not None and old.model)
        if row or has:
            members.append(_Member(face, row, has, not was_compared))
    held: set[tuple[str, str]] = set()
    for member in sorted(members, key=lambda m: before[m.face.id].state != OPEN if m.group else False):
        place = (member.face.photo, member.group)
        if member.group and place in held:  # a decision was taken back, and another face of the photo has its place
            member.group, member.new = "", member.row is not None
        held.add(place)
    return members


def _join(members: list[_Member], taken: Iterable[str], settings: Settings) -> None:
    """Give new faces, and those that were alone, their groups."""
    number = {"": -1} | {name: i for i, name in enumerate(sorted({member.group for member in members} - {""}))}
    photos: dict[str, int] = {}
    found = clusters.whisper(
        _edges(members, settings),
        np.array([photos.setdefault(member.face.photo, len(photos)) for member in members], np.intp),
        np.array([number[member.group] for member in members], np.intp),
    )
    called, given = {i: name for name, i in number.items()}, set(taken)
    for member, now in zip(members, found.tolist(), strict=True):
        if now not in called:
            called[now] = _free_name(member.face.id, given)
            given.add(called[now])
        member.group = called[now]


def _free_name(face: str, taken: set[str]) -> str:
    """The id of the first face; derived from it where a group is called so already, which that face has left."""
    while face in taken:
        face = hashlib.blake2b(face.encode(), digest_size=16).hexdigest()
    return face


def _edges(members: list[_Member], settings: Settings) -> clusters.Edges:
    """Between new faces and all, space by space."""
    spaces: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for i, member in enumerate(members):
        if member.row is not None:
            spaces[member.row.model, member.row.space, len(member.row.embedding)].append(i)
    empty = np.empty(0, np.intp)
    parts: list[clusters.Edges] = [(empty, empty, np.empty(0, np.float32))]
    for (model, _, _), indexes in spaces.items():
        new = np.flatnonzero([members[i].new for i in indexes])
        if not len(new):
            continue
        vectors = stacked([_embedding(members[i].row) for i in indexes])
        place = np.array(indexes, np.intp)
        a, b, weight = clusters.edges(vectors, new, settings.threshold(model), settings.metric)
        parts.append((place[a], place[b], weight))
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
    )


def _embedding(row: FaceRow | None) -> NDArray[np.float32]:
    assert row is not None
    return np.asarray(row.embedding, np.float32)
