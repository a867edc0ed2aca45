"""The worker of a detection: folder by folder, photo by photo, stored every few minutes.

Heavy libraries load when a photo needs them, so that a run with nothing to do stays light.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from faces import store
from faces.errors import DeadlyPhoto, LockedError, PhotoError
from faces.files import Lock
from faces.folders import Album, Folder, Photo
from faces.guard import Guard
from faces.jobs import channel, recognize
from faces.jobs.channel import Progress, log
from faces.jobs.collection import photo_key
from faces.jobs.plan import FolderPlan, Plan, Wanted, is_same_file, lacking, read_rows
from faces.records import FAILED, Box, FaceRow, new_face_id
from faces.settings import Settings

if TYPE_CHECKING:
    from faces.jobs.photo import Job, Pipeline, Result
    from faces.models import Models

#: Photos whose faces are embedded in one call. More gains nothing and costs memory.
BATCH = 16
#: A photo during which the program died this often in a row is given up.
MOST_DEATHS = 3


@dataclass(slots=True)
class Summary:
    """What a detection did. `recognition` is None where another one held the lock."""

    photos: int = 0
    done: int = 0
    faces: int = 0
    failed: int = 0
    moved: int = 0
    waiting: int = 0
    removed: int = 0
    seconds: float = 0.0
    detectors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    recognition: recognize.Summary | None = None

    @property
    def changed(self) -> bool:
        return bool(
            self.done or self.failed or self.removed or self.moved or (self.recognition and self.recognition.written)
        )


class Worker:
    """One run's state: the plan, the batch not yet embedded, and when it was stored last."""

    def __init__(
        self,
        album: Album,
        settings: Settings,
        wanted: Wanted,
        plan: Plan,
        summary: Summary,
        guard: Guard,
        progress: Progress,
        held: Lock,
        models: Models | None,
        match: bool,
        retry: bool,
    ):
        self.album, self.settings, self.wanted, self.plan, self.summary = album, settings, wanted, plan, summary
        self.guard, self.progress, self.held, self.match, self.retry = guard, progress, held, match, retry
        self.models = models
        self.stored_at = time.monotonic()
        self.batch: list[Result] = []
        self._pipeline: Pipeline | None = None
        self._sources: dict[int, dict[str, list[FaceRow]]] = {}
        self.suspect, self.deaths = self._suspect(held.previous)

    @staticmethod
    def _suspect(previous: dict[str, Any]) -> tuple[str, int]:
        """The photo during which the last run died, and how often in a row it did."""
        photo = previous.get("photo")
        if not isinstance(photo, str) or not photo:
            return "", 0
        again = photo == previous.get("suspect")
        deaths = previous.get("deaths")
        return photo, (deaths if again and isinstance(deaths, int) else 0) + 1

    @property
    def pipeline(self) -> Pipeline:
        if self._pipeline is None:
            from faces.jobs.photo import Pipeline
            from faces.metadata import Dates
            from faces.models import Models

            self.dates = Dates()
            self._pipeline = Pipeline(self.models or Models(), self.settings, self.wanted, self.dates)
        return self._pipeline

    def everything(self) -> None:
        """Raises what the guard raises, with all that is done stored."""
        self.progress.start(self.plan.total)
        self.decided = self._decided() if self.plan.total else {}
        last: list[tuple[FolderPlan, Photo]] = []
        try:
            for number, item in enumerate(self.plan.folders):
                if not item.todo:
                    continue
                late = [p for p in item.todo if item.folder.path_of(p.name) == self.suspect]
                last += [(item, photo) for photo in late]
                self._folder(number, item, [p for p in item.todo if p not in late])
            for item, photo in last:  # what may kill the program again goes last and alone
                self._folder(self.plan.folders.index(item), item, [photo])
            self._drop_vanished()
        finally:
            if self._pipeline is not None:
                self.summary.missing = self._pipeline.missing
                self.dates.close()

    def _decided(self) -> dict[str, list[tuple[str, Box]]]:
        """Content hash or photo hash -> faces that decisions are about: their ids hold for new detections too."""
        result: dict[str, list[tuple[str, Box]]] = defaultdict(list)
        for decision in channel.read_journal(self.album):
            if decision.photo:
                result[decision.photo].append((decision.face, decision.box))
        return result

    def _folder(self, number: int, item: FolderPlan, photos: list[Photo]) -> None:
        folder = item.folder
        by_key: dict[str, list[FaceRow]] = defaultdict(list)
        for row in read_rows(folder):
            by_key[photo_key(row.photo, row.file)].append(row)
        shown: dict[str, list[tuple[str, Box]]] = defaultdict(list)
        for face in store.read_shown(folder.csv) or ():
            shown[photo_key(face.photo, face.file)].append((face.id, face.box))
        try:
            for photo in photos:
                self.guard.check()
                self._photo(number, item, photo, by_key, shown)
                if len(self.batch) >= BATCH:
                    self._flush(by_key)
                if time.monotonic() - self.stored_at >= self.settings.store_seconds:
                    self._store(folder, by_key)
                    self.recognize()
                    self.stored_at = time.monotonic()
        finally:
            self._store(folder, by_key)

    def _store(self, folder: Folder, by_key: dict[str, list[FaceRow]]) -> None:
        self._flush(by_key)
        rows = [row for own in by_key.values() for row in own]
        if rows or folder.pkl.read() is not None:
            store.write_faces(folder.pkl, rows)

    def _photo(
        self,
        number: int,
        item: FolderPlan,
        photo: Photo,
        by_key: dict[str, list[FaceRow]],
        shown: dict[str, list[tuple[str, Box]]],
    ) -> None:
        start = time.monotonic()
        key = photo_key(photo.hash, photo.name)
        path = item.folder.path_of(photo.name)
        try:
            if path == self.suspect and self.deaths >= MOST_DEATHS and not self.retry:
                raise DeadlyPhoto(
                    f"the program died {self.deaths} times while working on it (out of memory, or a "
                    "crash in a library); --retry tries it again"
                )
            job = self._job(number, item, photo, key, by_key.get(key, []), shown.get(key, []))
        except PhotoError as error:
            self._give_up(photo, by_key, key, error)
            self._tell(path, 0, str(error), time.monotonic() - start)
            return
        if not job:
            return
        if not job.lack:
            by_key[key] = job.rows
            self.summary.moved += 1
            self._tell(path, len({row.face for row in job.rows if row.face}), "", time.monotonic() - start)
            return
        self.held.note(photo=path, suspect=self.suspect, deaths=self.deaths)
        result = self.pipeline.work(job, lambda face: face in self.plan.ids)
        if _is_moving(photo):
            self.summary.waiting += 1
            log.info("%s is still changing: it waits for the next run", photo.path)
            return
        self.plan.ids.update(row.face for row in result.rows if row.face)
        by_key[key] = result.rows
        self.batch.append(result)

    def _give_up(self, photo: Photo, by_key: dict[str, list[FaceRow]], key: str, error: PhotoError) -> None:
        """Note why a photo was not even opened; what is known of it stays."""
        rows = by_key.get(key, [])
        before = max((row.attempts for row in rows if row.status == FAILED and not row.detector), default=0)
        attempts = self.wanted.max_attempts if isinstance(error, DeadlyPhoto) else before + 1
        by_key[key] = [
            FaceRow(
                FAILED, photo.hash, photo.name, "", photo.size, photo.mtime_ns, error=str(error), attempts=attempts
            ),
            *(row for row in rows if row.status != FAILED),
        ]

    def _job(
        self, number: int, item: FolderPlan, photo: Photo, key: str, rows: list[FaceRow], shown: list[tuple[str, Box]]
    ) -> Job | None:
        """What is to be done with a photo; None if nothing can be (its weights are missing, it is moving)."""
        from faces.images import content_hash
        from faces.jobs.photo import Job

        attempts = {(row.detector, row.model): row.attempts for row in rows if row.status == FAILED}
        former: list[FaceRow] = []
        known_content = next((row.content for row in rows if row.content), "")
        if known_content and is_same_file(rows[0], photo):
            content = known_content
        else:
            if _is_moving(photo):
                self.summary.waiting += 1
                return None
            content = content_hash(photo.path)
            if content == known_content:  # touched, or renamed on a hub
                rows = [replace(row, file=photo.name, size=photo.size, mtime_ns=photo.mtime_ns) for row in rows]
            else:
                former, attempts = [row for row in rows if row.face], {}
                rows = self._from_elsewhere(number, photo, key, content)
        if key in item.doubled:
            rows = self._with_new_ids(rows, f"{item.folder.name}/{photo.name}")
        if self.retry:
            attempts, rows = {}, [row for row in rows if row.status != FAILED]
        lack = lacking(rows, self.wanted)
        usable = self.pipeline.usable(lack) if lack else lack
        if lack and not usable:
            return None
        known = (
            [(row.face, row.relative_box) for row in former]
            + shown
            + self.decided.get(content, [])
            + (self.decided.get(photo.hash, []) if photo.hash else [])
        )
        return Job(photo, item.folder.path_of(photo.name), content, rows, usable, known, former, attempts)

    def _from_elsewhere(self, number: int, photo: Photo, key: str, content: str) -> list[FaceRow]:
        """The rows of a photo of the same content: moved here with its ids, or copied with new ones."""
        for index, other_key in self.plan.known.get(content, []):
            if (index, other_key) == (number, key):
                continue
            rows = self._rows_of(index).get(other_key, [])
            if not rows or rows[0].content != content:
                continue
            moved = [
                replace(row, file=photo.name, photo=photo.hash, size=photo.size, mtime_ns=photo.mtime_ns)
                for row in rows
                if row.status != FAILED
            ]
            if other_key in self.plan.folders[index].vanished:
                return moved
            return self._with_new_ids(moved, f"{self.plan.folders[number].folder.name}/{photo.name}")
        return []

    def _rows_of(self, index: int) -> dict[str, list[FaceRow]]:
        """The stored rows of a folder that photos were moved from; those of the last one are kept at hand."""
        if index not in self._sources:
            rows: dict[str, list[FaceRow]] = defaultdict(list)
            for row in read_rows(self.plan.folders[index].folder):
                rows[photo_key(row.photo, row.file)].append(row)
            self._sources = {index: rows}
        return self._sources[index]

    def _with_new_ids(self, rows: list[FaceRow], path: str) -> list[FaceRow]:
        new: dict[str, str] = {}
        for row in rows:
            if row.face and row.face not in new:
                new[row.face] = new_face_id(row.content, row.relative_box, lambda face: face in self.plan.ids, [path])
                self.plan.ids.add(new[row.face])
        return [replace(row, face=new[row.face]) if row.face else row for row in rows]

    def _flush(self, by_key: dict[str, list[FaceRow]]) -> None:
        if not self.batch:
            return
        batch, self.batch = self.batch, []
        self.pipeline.embed(batch)
        for result in batch:
            photo = result.job.photo
            by_key[photo_key(photo.hash, photo.name)] = result.rows
            self._tell(result.job.path, result.faces, result.error, result.seconds)

    def _tell(self, path: str, faces: int, error: str, seconds: float) -> None:
        if error:
            self.summary.failed += 1
            log.error("%s: %s", path, error)
        else:
            self.summary.done += 1
            self.summary.faces += faces
            log.debug("%s: %d face(s) in %.2f s", path, faces, seconds)
        self.progress.photo(path, faces, error, seconds)

    def _drop_vanished(self) -> None:
        """Forget photos that are gone; last, when photos moved away have taken their rows along."""
        for item in self.plan.folders:
            if item.vanished:
                rows = read_rows(item.folder)
                store.write_faces(item.folder.pkl, [r for r in rows if photo_key(r.photo, r.file) not in item.vanished])
                self.summary.removed += len(item.vanished)

    def recognize(self) -> recognize.Summary | None:
        """Bring faces.csv up to date. Another recognition at work does the same: then this one is left out."""
        try:
            return recognize.run(self.album, self.settings, self.match, wait=30)
        except LockedError as error:
            log.warning("%s", error)
            return None


def _is_moving(photo: Photo) -> bool:
    """Whether the photo has changed since the folder was listed: it is still being uploaded, or gone."""
    try:
        stat = photo.path.stat()
    except OSError:
        return True
    return (stat.st_size, stat.st_mtime_ns) != (photo.size, photo.mtime_ns)
