"""One photo's way: decode, detect, align, embed; and a batch of photos embedded in one call per model.

A failure becomes a row with its reason beside what is known of the photo already; it is never "no face".
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from faces.detector import find_faces
from faces.embedder import embed_checked
from faces.errors import PhotoError, WeightsMissing
from faces.folders import Photo
from faces.images import Picture, decode
from faces.jobs.drawn import is_covered
from faces.jobs.plan import Lack, Wanted
from faces.matcher import distances
from faces.metadata import Dates
from faces.models import Models
from faces.records import DRAWN, FACE, FAILED, NONE, Box, Detection, FaceRow, new_face_id, pair_by_overlap
from faces.settings import Settings


@dataclass(slots=True)
class Job:
    """A photo to work on: the rows it has (with embeddings) and the faces known on it (id, box in fractions)."""

    photo: Photo
    #: Below the album's root, for messages.
    path: str
    content: str
    rows: list[FaceRow]
    lack: Lack
    known: list[tuple[str, Box]]
    #: Rows of the photo's former content: ids are handed on where the face still is the same person's.
    former: list[FaceRow] = field(default_factory=list)
    #: Failed attempts before this one, by (detector, model).
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(slots=True)
class Waiting:
    """An aligned crop that is still to be embedded; `row` is the detection it belongs to."""

    row: FaceRow
    model: str
    space: str
    crop: Any
    seconds: float


@dataclass(slots=True)
class Result:
    """What came of it: rows to store, and crops to embed first."""

    job: Job
    rows: list[FaceRow]
    #: What every row of the photo says of the photo.
    facts: FaceRow
    waiting: list[Waiting] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def faces(self) -> int:
        return len({row.face for row in self.rows if row.status == FACE})

    @property
    def error(self) -> str:
        return "; ".join(row.error for row in self.rows if row.status == FAILED)


class Pipeline:
    """Works on photos with the detectors, models and attributes that can be loaded."""

    def __init__(self, models: Models, settings: Settings, wanted: Wanted, dates: Dates):
        self._models, self._settings, self._wanted, self._dates = models, settings, wanted, dates
        #: What could not be loaded: name -> what to do.
        self.missing: dict[str, str] = {}

    def usable(self, lack: Lack) -> Lack:
        """The part of `lack` that can be had. Loads what is needed; the rest is in `missing`."""

        def can(load: Callable[[str], Any], names: Iterable[str]) -> tuple[str, ...]:
            good = []
            for name in names:
                try:
                    load(name)
                    good.append(name)
                except WeightsMissing as error:
                    self.missing[name] = str(error)
            return tuple(good)

        detectors = can(self._models.detector, lack.detectors)
        return Lack(
            detectors,
            can(self._models.embedder, self._wanted.models if detectors else lack.models),
            can(self._models.attribute, self._wanted.demography if detectors else lack.demography),
            lack.drawn,
        )

    def work(self, job: Job, taken: Callable[[str], bool]) -> Result:
        """Everything but the embedding. `taken`: whether a face id stands elsewhere."""
        start = time.perf_counter()
        result = Result(job, [row for row in job.rows if not _is_redone(row, job.lack)], self._facts(job))
        try:
            side = max([1280, *(2 * self._models.detector(name).side for name in job.lack.detectors)])
            picture = decode(job.photo.path, self._settings.max_megapixels, side)
        except PhotoError as error:
            result.rows = [row for row in job.rows if row.status != FAILED]
            self._fail(result, "", "", error)
            result.seconds = time.perf_counter() - start
            return result
        result.facts = self._facts(job, picture)
        result.facts.seconds_decode = time.perf_counter() - start
        for name in job.lack.detectors:
            self._detect(result, name, picture)
        self._give_ids(result, taken)
        self._draw(result, picture)
        view = _View(job.photo, picture, self._settings.max_megapixels)
        for name in job.lack.demography:
            self._guess(result, name, view)
        for name in job.lack.models:
            self._align(result, name, view)
        result.seconds = time.perf_counter() - start
        return result

    def embed(self, results: Sequence[Result], ids: set[str]) -> None:
        """Fill in the embeddings of a batch, one call per model; if that fails, photo by photo, so that one bad
        crop costs one photo only."""
        batches: dict[str, list[Result]] = defaultdict(list)
        for result in results:
            for model in {item.model for item in result.waiting}:
                batches[model].append(result)
        for model, group in batches.items():
            try:
                self._embed(model, group)
            except PhotoError:
                for result in group:
                    self._embed_alone(model, result)
        for result in results:
            self._check_former(result, ids)
            result.waiting.clear()

    def _facts(self, job: Job, picture: Picture | None = None) -> FaceRow:
        photo = job.photo
        facts = FaceRow(FAILED, photo.hash, photo.name, job.content, photo.size, photo.mtime_ns)
        if picture:
            facts.orientation, facts.width, facts.height = picture.orientation, picture.width, picture.height
            facts.date_taken = next(
                (row.date_taken for row in job.rows if row.status != FAILED), ""
            ) or self._dates.taken(photo.path, picture.taken)
        return facts

    @staticmethod
    def _fail(result: Result, detector: str, model: str, error: Exception) -> None:
        result.rows.append(
            replace(
                result.facts,
                status=FAILED,
                detector=detector,
                model=model,
                error=str(error),
                attempts=result.job.attempts.get((detector, model), 0) + 1,
            )
        )

    def _detect(self, result: Result, name: str, picture: Picture) -> None:
        start = time.perf_counter()
        try:
            found = find_faces(self._models.detector(name), picture.pixels)
        except PhotoError as error:
            # what this detector found before stays, whatever happened now
            result.rows += [row for row in result.job.rows if row.status != FAILED and row.detector == name]
            self._fail(result, name, "", error)
            return
        least = self._wanted.min_width(picture.width)
        seconds = time.perf_counter() - start
        rows = []
        for face in (face.scaled(1 / picture.scale) for face in found):
            if face.box.w / picture.width >= least:
                rows.append(
                    replace(
                        result.facts,
                        status=FACE,
                        detector=name,
                        min_width=least,
                        x=face.box.x,
                        y=face.box.y,
                        w=face.box.w,
                        h=face.box.h,
                        confidence=face.confidence,
                        seconds_detect=seconds,
                        landmarks=[value for point in face.landmarks for value in point],
                    )
                )
        result.rows += rows or [
            replace(result.facts, status=NONE, detector=name, min_width=least, seconds_detect=seconds)
        ]

    @staticmethod
    def _give_ids(result: Result, taken: Callable[[str], bool]) -> None:
        """Every new face gets the id of the known face it covers, else a new one."""
        known: dict[str, Box] = {row.face: row.relative_box for row in result.rows if row.face}
        for face, box in result.job.known:
            known.setdefault(face, box)
        used: set[str] = set()
        for detector in dict.fromkeys(row.detector for row in result.rows):
            new = [row for row in result.rows if row.status == FACE and row.detector == detector and not row.face]
            ids = pair_by_overlap([row.relative_box for row in new], list(known.items()))
            for row, same in zip(new, ids, strict=True):
                row.face = same or new_face_id(
                    result.job.content,
                    row.relative_box,
                    lambda i: i in known or i in used or taken(i),
                    [result.job.path],
                )
                used.add(row.face)
                known.setdefault(row.face, row.relative_box)

    @staticmethod
    def _draw(result: Result, picture: Picture) -> None:
        """A row for each box that a person drew, unless a detector has found that face now."""
        there = {row.face for row in result.rows}
        for face, part in result.job.lack.drawn:
            if face not in there and not is_covered(part, result.rows):
                box = part.scaled(picture.width, picture.height)
                row = replace(result.facts, status=FACE, detector=DRAWN, face=face, confidence=1.0)
                row.x, row.y, row.w, row.h = box.x, box.y, box.w, box.h
                result.rows.append(row)

    def _guess(self, result: Result, name: str, view: _View) -> None:
        attribute = self._models.attribute(name)
        try:
            for own in _same_face(result.rows, self._wanted.detectors).values():
                value = attribute.guess(*view.of(own[0].detection, 224))
                for row in own:
                    setattr(row, attribute.field, value)
        except PhotoError as error:
            self._fail(result, "", name, error)

    def _align(self, result: Result, name: str, view: _View) -> None:
        embedder = self._models.embedder(name)
        for (detector, _), own in _same_face(result.rows, self._wanted.detectors).items():
            if any(row.model == name for row in own):
                continue
            try:
                start = time.perf_counter()
                crop = embedder.align(*view.of(own[0].detection, embedder.face_pixels))
                result.waiting.append(Waiting(own[0], name, embedder.space, crop, time.perf_counter() - start))
            except Exception as error:  # libraries raise whatever they like on an odd crop
                self._fail(
                    result,
                    detector,
                    name,
                    PhotoError(f"model {name} cannot align a face: {error or type(error).__name__}"),
                )

    def _embed(self, model: str, results: Sequence[Result]) -> None:
        """Put the embeddings of one model into the rows: a row of its own for each model of a detection."""
        waiting = [(result, item) for result in results for item in result.waiting if item.model == model]
        start = time.perf_counter()
        vectors = embed_checked(self._models.embedder(model), [item.crop for _, item in waiting])
        seconds = (time.perf_counter() - start) / len(waiting)
        for (result, item), vector in zip(waiting, vectors, strict=True):
            row = item.row
            if row.model:
                row = replace(row)
                result.rows.append(row)
            row.model, row.space, row.embedding = model, item.space, vector
            row.seconds_embed = item.seconds + seconds

    def _embed_alone(self, model: str, result: Result) -> None:
        """As `_embed`; where it fails, the detections stay without an embedding of this model."""
        try:
            self._embed(model, [result])
        except PhotoError as error:
            for detector in dict.fromkeys(item.row.detector for item in result.waiting if item.model == model):
                self._fail(result, detector, model, error)

    def _check_former(self, result: Result, ids: set[str]) -> None:
        """The photo was replaced: a face keeps the id of the face that stood there before only if the embeddings say
        that it is the same person; else somebody would get another one's name."""
        same = {old.face for old in result.job.former for row in result.rows if self._is_same_person(old, row)}
        for face in {old.face for old in result.job.former} - same:
            own = [row for row in result.rows if row.face == face]
            if own:
                box = own[0].relative_box
                fresh = new_face_id(result.job.content, box, ids.__contains__, [result.job.path])
                ids.add(fresh)
                for row in own:
                    row.face = fresh

    def _is_same_person(self, old: FaceRow, row: FaceRow) -> bool:
        if row.face != old.face or row.space != old.space or row.embedding is None or old.embedding is None:
            return False
        distance = distances(row.embedding[None], np.asarray(old.embedding)[None], self._settings.metric)
        return bool(distance[0, 0] <= self._settings.threshold(row.model))


class _View:
    """The photo at a resolution that does a face justice: reduced if that is enough, else in full (decoded once)."""

    def __init__(self, photo: Photo, picture: Picture, max_megapixels: float):
        self._photo, self._reduced, self._max = photo, picture, max_megapixels
        self._full: Picture | None = None

    def of(self, face: Detection, pixels: int) -> tuple[Any, Detection]:
        """An image, and the face in its pixels; the face is at least `pixels` wide if the photo has them."""
        picture = self._reduced
        if picture.scale < 1 and face.box.w * picture.scale < pixels:
            if self._full is None:
                self._full = decode(self._photo.path, self._max)
            picture = self._full
        return picture.pixels, face.scaled(picture.scale)


def _is_redone(row: FaceRow, lack: Lack) -> bool:
    """Whether this row makes way for what is being done now."""
    if row.status == FAILED:
        return (
            not (row.detector or row.model)
            or row.detector in lack.detectors
            or row.model in (*lack.models, *lack.demography)
        )
    return row.detector in lack.detectors


def _same_face(rows: Iterable[FaceRow], detectors: Sequence[str]) -> dict[tuple[str, str], list[FaceRow]]:
    """(detector, face) -> its rows, one for each model."""
    found: dict[tuple[str, str], list[FaceRow]] = defaultdict(list)
    for row in rows:
        if row.status == FACE and row.detector in (*detectors, DRAWN):
            found[row.detector, row.face].append(row)
    return found
