"""What one photo shows: decoded, its faces found, cut out and embedded. It knows no rows, no ids and no other photo,
so it runs in any thread, or on another machine.

A failure is an answer like any other, never an exception: `Examined.error` for the photo, `Seen.error` for a detector,
`Look.errors` for one face.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces import cores
from faces.detector import find_faces
from faces.embedder import embed_checked
from faces.errors import PhotoError
from faces.images import Picture, decode, decode_parts
from faces.jobs.plan import Wanted
from faces.models import Models
from faces.records import SAME_FACE_OVERLAP, Box, Detection

#: Faces of any width.
ANY_WIDTH = Wanted((), ())


@dataclass(frozen=True, slots=True)
class Task:
    """What to find out about a photo. `known`: faces that were found before, in pixels of the full photo; `drawn`:
    boxes as fractions of it, of which nothing is made where a detector finds the face. Of them, and of what `detectors`
    find, embeddings by `models` and guesses of `demography` are made."""

    #: Its file, or what is in it.
    photo: Path | bytes
    detectors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    demography: tuple[str, ...] = ()
    known: tuple[Detection, ...] = ()
    drawn: tuple[Box, ...] = ()
    #: What says how narrow a face may be.
    wanted: Wanted = ANY_WIDTH
    max_megapixels: float = 100


@dataclass(frozen=True, slots=True)
class Embedding:
    """A face as a model sees it; `space` says what the vector (d,) can be compared with."""

    space: str
    vector: NDArray[np.float32]
    seconds: float


@dataclass(slots=True)
class Look:
    """A face, and what was made of it by each model and attribute; `errors`: what failed, by their names."""

    detection: Detection
    embeddings: dict[str, Embedding] = field(default_factory=dict)
    guesses: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Seen:
    """What one detector found."""

    looks: list[Look] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""


@dataclass(slots=True)
class Examined:
    """The answer to a Task: `known` and `drawn` in its order. Width and height of the full photo, upright; the rest as
    in images.Picture."""

    error: str = ""
    width: int = 0
    height: int = 0
    orientation: int = 1
    taken: str = ""
    has_more: bool = True
    found: dict[str, Seen] = field(default_factory=dict)
    known: list[Look] = field(default_factory=list)
    drawn: list[Look] = field(default_factory=list)
    seconds_decode: float = 0.0
    seconds: float = 0.0


def examine(task: Task, models: Models) -> Examined:
    """Look at one photo. The engines have to be loaded, and named correctly; any other failure is in the answer."""
    start = time.perf_counter()
    try:
        picture = decode(task.photo, task.max_megapixels, _side(task, models))
    except PhotoError as error:
        return Examined(str(error), seconds=time.perf_counter() - start)
    answer = Examined("", picture.width, picture.height, picture.orientation, picture.taken, picture.has_more)
    answer.seconds_decode = time.perf_counter() - start
    answer.found = {name: _detect(task, models, name, picture) for name in task.detectors}
    answer.known = [Look(face) for face in task.known]
    answer.drawn = [Look(Detection(box.scaled(picture.width, picture.height), 1.0)) for box in task.drawn]
    found = [look for seen in answer.found.values() for look in seen.looks]
    looks = [*answer.known, *(look for look in answer.drawn if not _is_found(look, found)), *found]
    view = _View(task, picture, [look.detection for look in looks], _pixels(task, models))
    for name in task.demography:
        _guess(looks, name, models, view)
    crops = {name: _align(looks, name, models, view) for name in task.models}
    del view, picture
    for name, aligned in crops.items():
        _embed(aligned, name, models)
    answer.seconds = time.perf_counter() - start
    return answer


def _is_found(drawn: Look, found: Sequence[Look]) -> bool:
    """Whether a detector has found the face that a person drew a box round: then nothing is made of the box."""
    return any(look.detection.box.overlap(drawn.detection.box) >= SAME_FACE_OVERLAP for look in found)


def _side(task: Task, models: Models) -> int:
    """The longest side to decode to: enough for every detector, and for cutting out most faces."""
    return max([1280, *(2 * models.detector(name).side for name in task.detectors)])


def _pixels(task: Task, models: Models) -> int:
    """How wide a face has to be for the model that wants most."""
    return max(
        [*(models.embedder(name).face_pixels for name in task.models), ATTRIBUTE_PIXELS if task.demography else 0, 0]
    )


def _detect(task: Task, models: Models, name: str, picture: Picture) -> Seen:
    start = time.perf_counter()
    least = task.wanted.min_width(picture.width)
    try:
        with models.turn("detector", name):
            found = find_faces(models.detector(name), picture.pixels, least)
    except PhotoError as error:
        return Seen(error=str(error))
    faces = [face.scaled(1 / picture.scale) for face in found]
    looks = [Look(face) for face in faces if face.box.w / picture.width >= least]
    return Seen(looks, time.perf_counter() - start)


def _guess(looks: Sequence[Look], name: str, models: Models, view: _View) -> None:
    for look in looks:
        try:
            image, face = view.of(look.detection, ATTRIBUTE_PIXELS)
            with models.turn("demography", name):
                look.guesses[name] = models.attribute(name).guess(image, face)
        except PhotoError as error:
            look.errors[name] = str(error)


def _align(looks: Sequence[Look], name: str, models: Models, view: _View) -> list[tuple[Look, Any, float]]:
    """Each face with its aligned crop, and the seconds that it took."""
    embedder, aligned = models.embedder(name), []
    for look in looks:
        start = time.perf_counter()
        try:
            crop = embedder.align(*view.of(look.detection, embedder.face_pixels))
            aligned.append((look, crop, time.perf_counter() - start))
        except Exception as error:  # libraries raise whatever they like on an odd crop
            look.errors[name] = f"model {name} cannot align a face: {error or type(error).__name__}"
    return aligned


def _embed(aligned: Sequence[tuple[Look, Any, float]], name: str, models: Models) -> None:
    """All faces of the photo in one call. Several photos share the cores as it is."""
    if not aligned:
        return
    embedder, start = models.embedder(name), time.perf_counter()
    try:
        with models.turn("model", name):
            vectors = embed_checked(embedder, [crop for _, crop, _ in aligned])
    except PhotoError as error:
        for look, _, _ in aligned:
            look.errors[name] = str(error)
        return
    each = (time.perf_counter() - start) / len(aligned)
    for (look, _, seconds), vector in zip(aligned, vectors, strict=True):
        look.embeddings[name] = Embedding(embedder.space, vector, seconds + each)


#: What deepface's models for age, gender, emotion and race look at.
ATTRIBUTE_PIXELS = 224
#: Only one photo at a time is decoded in full beside its reduced picture, however many threads there are.
_FULL = threading.Lock()


class _View:
    """The photo at a resolution that does a face justice: reduced if that is enough, else the part round the face in
    full."""

    def __init__(self, task: Task, picture: Picture, faces: Sequence[Detection], pixels: int):
        """`pixels`: the widest that will be asked for."""
        self._reduced = picture
        self._parts: dict[Detection, tuple[Any, Detection]] = {}
        self._error: PhotoError | None = None
        small = [face for face in faces if not self._is_enough(face, pixels)]
        if not small:
            return
        boxes = [_around(face.box, picture) for face in small]
        try:
            with _FULL:
                cores.trim_memory()  # so that there is room for the largest picture of all
                parts = decode_parts(task.photo, task.max_megapixels, boxes)
        except PhotoError as error:
            self._error = error
            return
        for face, box, part in zip(small, boxes, parts, strict=True):
            self._parts[face] = part, face.moved(-box.x, -box.y)

    def of(self, face: Detection, pixels: int) -> tuple[Any, Detection]:
        """An image, and the face in its pixels; the face is at least `pixels` wide if the photo has them. PhotoError if
        that cannot be decoded."""
        if self._is_enough(face, pixels):
            return self._reduced.pixels, face.scaled(self._reduced.scale)
        if self._error:
            raise self._error
        return self._parts[face]

    def _is_enough(self, face: Detection, pixels: int) -> bool:
        return self._reduced.scale >= 1 or face.box.w * self._reduced.scale >= pixels


def _around(box: Box, picture: Picture) -> Box:
    """The box with as much again on each side, in whole pixels: no alignment looks further."""
    x, y = int(box.x - box.w), int(box.y - box.h)
    return Box(x, y, math.ceil(3 * box.w), math.ceil(3 * box.h)).clipped(picture.width, picture.height)
