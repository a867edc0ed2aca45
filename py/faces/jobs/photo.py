"""One photo's rows: what they lack, and what follows from the answer. Looking at the photo is in `examine`.

A failure becomes a row with its reason beside what is known of the photo already; it is never "no face".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from faces.errors import WeightsMissing
from faces.folders import Photo
from faces.jobs.drawn import is_covered
from faces.jobs.examine import Examined, Look, Seen, Task
from faces.jobs.plan import Lack, Wanted
from faces.matcher import distances
from faces.metadata import Dates
from faces.models import Models
from faces.records import BY_HAND, DRAWN, FACE, FAILED, NONE, REGION, Box, FaceRow, new_face_id, pair_by_overlap
from faces.regions import Region
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
    #: What the photo's own regions say; None if they were not read now.
    regions: list[Region] | None = None
    #: Names that we gave its regions.
    wrote: Container[str] = ()


@dataclass(slots=True)
class Result:
    """What came of it: rows to store."""

    job: Job
    rows: list[FaceRow]
    #: What every row of the photo says of the photo.
    facts: FaceRow
    seconds: float = 0.0

    @property
    def faces(self) -> int:
        return len({row.face for row in self.rows if row.status == FACE})

    @property
    def error(self) -> str:
        return "; ".join(row.error for row in self.rows if row.status == FAILED)


#: Faces, each with its rows (one for each model) and what was seen of it.
Looks = list[tuple[list[FaceRow], Look]]


class Pipeline:
    """What a photo lacks and gets, with the detectors, models and attributes that can be loaded."""

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
            lack.marked,
        )

    def task(self, job: Job) -> Task:
        """What has to be found out about the photo. Pure data: it may be answered anywhere."""
        lack = job.lack
        return Task(
            job.photo.path,
            lack.detectors,
            lack.models,
            lack.demography,
            tuple(own[0].detection for own in self._incomplete(job)),
            (*(box for _, box in lack.drawn), *(region.box for region in lack.marked)),
            self._wanted,
            self._settings.max_megapixels,
        )

    def settle(self, job: Job, answer: Examined, ids: set[str]) -> Result:
        """The rows that follow from the answer. `ids`: faces that stand anywhere; new ones are added."""
        result = Result(job, self._kept(job), self._facts(job), seconds=answer.seconds)
        if answer.error:
            result.rows = [row for row in job.rows if row.status != FAILED]
            self._fail(result, "", "", answer.error)
            return result
        result.facts = self._facts(job, answer)
        looks = list(zip(self._incomplete(job), answer.known, strict=True))
        for name, seen in answer.found.items():
            looks += self._found(result, name, seen)
        drawn = len(job.lack.drawn)
        looks += self._mark(result, answer.drawn[drawn:])
        self._give_ids(result, ids)
        self._keep_region_names(result)
        looks += self._draw(result, answer.drawn[:drawn], ids)
        for name in job.lack.demography:
            self._guess(result, name, looks)
        for name in job.lack.models:
            self._embed(result, name, looks)
        ids.update(row.face for row in result.rows if row.face)
        self._check_former(result, ids)
        return result

    @staticmethod
    def _kept(job: Job) -> list[FaceRow]:
        return [row for row in job.rows if not _is_redone(row, job.lack)]

    def _incomplete(self, job: Job) -> list[list[FaceRow]]:
        """The rows of each face that stays and lacks something."""
        return [
            own
            for own in _same_face(self._kept(job), self._wanted.detectors).values()
            if job.lack.demography or not set(job.lack.models) <= {row.model for row in own}
        ]

    def _facts(self, job: Job, answer: Examined | None = None) -> FaceRow:
        photo = job.photo
        facts = FaceRow(FAILED, photo.hash, photo.name, job.content, photo.size, photo.mtime_ns)
        if answer:
            facts.orientation, facts.width, facts.height = answer.orientation, answer.width, answer.height
            facts.seconds_decode = answer.seconds_decode
            known = next((row for row in job.rows if row.status != FAILED and row.date_taken), None)
            facts.date_taken, facts.date_source = (
                (known.date_taken, known.date_source)
                if known
                else self._dates.taken(photo.path, answer.taken, answer.has_more)
            )
            facts.regions_read = min((row.regions_read for row in job.rows if row.status != FAILED), default=0)
        return facts

    @staticmethod
    def _fail(result: Result, detector: str, model: str, reason: str) -> None:
        result.rows.append(
            replace(
                result.facts,
                status=FAILED,
                detector=detector,
                model=model,
                error=reason,
                attempts=result.job.attempts.get((detector, model), 0) + 1,
            )
        )

    def _found(self, result: Result, name: str, seen: Seen) -> Looks:
        """A row for each face that a detector found, one that says "none", or one that says what failed."""
        if seen.error:
            # what this detector found before stays, whatever happened now
            result.rows += [row for row in result.job.rows if row.status != FAILED and row.detector == name]
            self._fail(result, name, "", seen.error)
            return []
        facts = replace(result.facts, detector=name, seconds_detect=seen.seconds)
        facts.min_width = self._wanted.min_width(facts.width)
        looks: Looks = []
        for look in seen.looks:
            face = look.detection
            row = replace(facts, status=FACE, x=face.box.x, y=face.box.y, w=face.box.w, h=face.box.h)
            row.confidence, row.landmarks = face.confidence, [value for point in face.landmarks for value in point]
            looks.append(([row], look))
        result.rows += [own[0] for own, _ in looks] or [replace(facts, status=NONE)]
        return looks

    @staticmethod
    def _give_ids(result: Result, ids: Container[str]) -> None:
        """Every new face gets the id of the known face it covers, unless that stands on another photo; else a new
        one."""
        job, known = result.job, {row.face: row.relative_box for row in result.rows if row.face}
        mine = {row.face for row in (*job.rows, *job.former)}
        for face, box in job.known:
            if face in mine or face not in ids:
                known.setdefault(face, box)
        used: set[str] = set()
        for detector in dict.fromkeys(row.detector for row in result.rows):
            new = [row for row in result.rows if row.status == FACE and row.detector == detector and not row.face]
            paired = pair_by_overlap([row.relative_box for row in new], list(known.items()))
            for row, same in zip(new, paired, strict=True):
                row.face = same or new_face_id(
                    job.content,
                    row.relative_box,
                    lambda i: i in known or i in used or i in ids,
                    [job.path],
                )
                used.add(row.face)
                known.setdefault(row.face, row.relative_box)

    @staticmethod
    def _keep_region_names(result: Result) -> None:
        """A face that another detector finds, too, has the name that the photo gives it, which is not read again."""
        said = {row.face: row for row in result.job.rows if row.region_name}
        for row in result.rows:
            if row.face in said and not row.region_name:
                row.region_name, row.region_time = said[row.face].region_name, said[row.face].region_time

    @staticmethod
    def _mark(result: Result, marked: Sequence[Look]) -> Looks:
        """A row for each region of the photo where no face is."""
        looks: Looks = []
        for region, look in zip(result.job.lack.marked, marked, strict=True):
            if not is_covered(region.box, result.rows):
                looks.append(([_by_hand(result, REGION, look)], look))
                result.rows.append(looks[-1][0][0])
        return looks

    @staticmethod
    def _draw(result: Result, drawn: Sequence[Look], ids: Container[str]) -> Looks:
        """A row for each box that a person drew, unless a detector has found that face now, or it stands elsewhere."""
        there, job = {row.face for row in result.rows}, result.job
        mine = {row.face for row in (*job.rows, *job.former)}
        looks: Looks = []
        for (face, part), look in zip(job.lack.drawn, drawn, strict=True):
            is_free = face not in there and (face in mine or face not in ids)
            if is_free and not is_covered(part, result.rows):
                row = _by_hand(result, DRAWN, look)
                row.face = face
                result.rows.append(row)
                looks.append(([row], look))
        return looks

    def _guess(self, result: Result, name: str, looks: Looks) -> None:
        field = self._models.attribute(name).field
        for own, look in looks:
            if name in look.errors:
                self._fail(result, "", name, look.errors[name])
                return
            for row in own:
                if name in look.guesses:
                    setattr(row, field, look.guesses[name])

    def _embed(self, result: Result, name: str, looks: Looks) -> None:
        """A row for each model of a face: the one it has, else one of its own."""
        failed: set[str] = set()
        for own, look in looks:
            row = own[0]
            if any(other.model == name for other in own):
                continue
            if name in look.errors:
                if row.detector not in failed:
                    self._fail(result, row.detector, name, look.errors[name])
                failed.add(row.detector)
                continue
            made = look.embeddings.get(name)
            if made is None:  # its box seemed to be covered by a detector's: the next run makes up for it
                continue
            if row.model:
                row = replace(row)
                result.rows.append(row)
                own.append(row)
            row.model, row.space, row.embedding, row.seconds_embed = name, made.space, made.vector, made.seconds

    def _check_former(self, result: Result, ids: set[str]) -> None:
        """The photo was replaced: a face keeps the id of the face that stood there before only if the embeddings say
        that it is the same person; else somebody would get another one's name. One that only a person saw goes then."""
        same = {old.face for old in result.job.former for row in result.rows if self._is_same_person(old, row)}
        for face in {old.face for old in result.job.former} - same:
            own = [row for row in result.rows if row.face == face]
            if own and own[0].detector == DRAWN:
                result.rows = [row for row in result.rows if row.face != face]
            elif own:
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


def _by_hand(result: Result, detector: str, look: Look) -> FaceRow:
    box = look.detection.box
    row = replace(result.facts, status=FACE, detector=detector, confidence=1.0)
    row.x, row.y, row.w, row.h = box.x, box.y, box.w, box.h
    return row


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
        if row.status == FACE and row.detector in (*detectors, *BY_HAND):
            found[row.detector, row.face].append(row)
    return found
