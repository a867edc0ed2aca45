"""The worker of a detection: folder by folder, several photos at a time, stored every few minutes.

Threads look at photos (`examiners`); what the answers mean for the rows is worked out here, in the order of the
photos, so that the same photos give the same rows whatever was faster.

Heavy libraries load when a photo needs them, so that a run with nothing to do stays light.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from faces import parquet, store
from faces.errors import ConsentLost, DataFileError, DeadlyPhoto, DiskFull, LockedError, PhotoError, StorageError
from faces.exiftool import ExifTool
from faces.folders import Album, Folder, Photo, photo_time
from faces.guard import Guard
from faces.jobs import channel, marked, recognize
from faces.jobs.channel import log
from faces.jobs.collection import photo_key
from faces.jobs.drawn import Boxes, is_covered
from faces.jobs.plan import Plan, Wanted, by_photo, is_same_file, lacking, read_rows
from faces.jobs.summaries import Detected, Recognized
from faces.jobs.suspects import Suspects, suspect_key
from faces.progress import Progress
from faces.records import BY_HAND, DRAWN, FAILED, Box, FaceRow, ShownFace
from faces.regions import Region
from faces.settings import Settings

if TYPE_CHECKING:
    from faces.jobs.examiners import Answer, Examiner
    from faces.jobs.imports import Imports
    from faces.jobs.origin import Origin
    from faces.jobs.photo import Job, Pipeline
    from faces.models import Models

#: From so many faces on networks give their memory back while faces are compared: that takes 10 MB for 1,000 faces, and
#: to get ready again 0.2 seconds.
MANY = 1000


class Worker:
    """One run's state: the plan, the photos that are being looked at, and when it was stored last."""

    def __init__(
        self,
        album: Album,
        settings: Settings,
        plan: Plan,
        summary: Detected,
        guard: Guard,
        progress: Progress,
        suspects: Suspects,
        models: Models | None,
        match: bool,
        retry: bool,
        scheduler: str = "",
    ):
        self.album, self.settings, self.plan, self.summary = album, settings, plan, summary
        self.wanted = Wanted.of(settings)
        self.guard, self.progress, self.match, self.retry = guard, progress, match, retry
        self.models = models
        self.imports: Imports | None = None
        #: Whether a folder could not be read or written.
        self.broken = False
        self.stored_at = time.monotonic()
        #: Oldest first.
        self.pending: deque[tuple[Job, Answer]] = deque()
        self._pipeline: Pipeline | None = None
        self.tool = ExifTool()
        self._scheduler = scheduler
        self.suspects = suspects

    @property
    def pipeline(self) -> Pipeline:
        if self._pipeline is None:
            from faces.jobs.photo import Pipeline
            from faces.metadata import Dates
            from faces.models import Models

            self.models = self.models or Models()
            self._pipeline = Pipeline(self.models, self.settings, self.wanted, Dates(self.tool))
            self.examiner = self._examiner(self.models)
        return self._pipeline

    def _examiner(self, models: Models) -> Examiner:
        if self._scheduler:
            from faces.jobs.cluster import Cluster

            return Cluster(self._scheduler)
        from faces.jobs.examiners import Threads

        return Threads(models, self.settings.jobs)

    def everything(self) -> None:
        """Raises what the guard raises, with all that is done stored."""
        if self.plan.total:
            self.progress.step("detecting")
            self.progress.start(self.plan.total)
            from faces.jobs.origin import Origins
            from faces.jobs.written import Written

            self.decided = self._decided()
            self.decided_faces = {face for faces in self.decided.values() for face, _ in faces}
            self.origins = Origins(self.plan, self.retry, Written(self.album), self.imports)
        late: list[tuple[int, Photo]] = []
        try:
            for index, item in enumerate(self.plan.folders):
                suspect = [p for p in item.todo if suspect_key(p, item.folder.path_of(p.name)) in self.suspects]
                late += [(index, photo) for photo in suspect]
                self._folder(index, [p for p in item.todo if p not in suspect] if suspect else item.todo)
            for index, photo in late:  # what may kill the program again goes last and alone
                self._folder(index, [photo])
            self._drop_vanished()
        finally:
            if self._pipeline is not None:
                self.summary.missing = self._pipeline.missing
                self.examiner.close()
            self.tool.close()

    def went_through(self) -> bool:
        """Whether every photo had its turn, of those that ever will."""
        return not (self.broken or self.summary.waiting or self.plan.unready)

    def _decided(self) -> dict[str, list[tuple[str, Box]]]:
        """Content hash, or the hub's hash where only that is known -> faces that decisions are about: their ids hold
        for new detections too."""
        result: dict[str, list[tuple[str, Box]]] = defaultdict(list)
        for decision in channel.read_journal(self.album):
            if decision.photo:
                result[decision.content or decision.photo].append((decision.face, decision.box))
        return result

    def _folder(self, index: int, photos: list[Photo]) -> None:
        """Do these photos of a folder. A folder that cannot be read or written costs itself only."""
        folder = self.plan.folders[index].folder
        channel.remove_leftovers(folder)
        if not photos:
            return
        try:
            folder.pkl.check_writable()
            self._open_folder(index, photos)
        except DiskFull:
            raise
        except (StorageError, DataFileError) as error:
            self._forget_pending()
            self.broken = True
            self.summary.problems.append(str(error))
            log.error("%s", error)

    def _open_folder(self, index: int, photos: list[Photo]) -> None:
        folder = self.plan.folders[index].folder
        rows = by_photo(read_rows(folder))
        shown: dict[str, list[ShownFace]] = defaultdict(list)
        for face in store.read_shown(folder.csv) or ():
            shown[photo_key(face.photo, face.file)].append(face)
        try:
            for photo in photos:
                self.guard.check()
                self._photo(index, photo, rows, shown[photo_key(photo.hash, photo.name)])
                self._settle(rows, self.examiner.ahead if self._pipeline else 0)
                if time.monotonic() - self.stored_at >= self.settings.store_seconds:
                    self._store(folder, rows)
                    self.recognize()
                    self.stored_at = time.monotonic()
        except ConsentLost:
            self._forget_pending()
            raise
        except BaseException:
            self._store(folder, rows)
            raise
        self._store(folder, rows)

    def _store(self, folder: Folder, rows: dict[str, list[FaceRow]]) -> None:
        self._settle(rows, 0)
        self.suspects.working_on([])
        everything = [row for own in rows.values() for row in own]
        if everything or folder.pkl.read() is not None:
            parquet.write_faces(folder.pkl, everything)

    def _photo(self, index: int, photo: Photo, rows: dict[str, list[FaceRow]], shown: list[ShownFace]) -> None:
        start = time.monotonic()
        key, path = photo_key(photo.hash, photo.name), self.plan.folders[index].folder.path_of(photo.name)
        if _is_moving(photo):
            self._let_wait(photo)
            return
        try:
            if not self.retry:
                self.suspects.check(suspect_key(photo, path))
            origin = self.origins.find(index, photo, key, rows.get(key, []))
        except PhotoError as error:
            rows[key] = self._given_up(photo, rows.get(key, []), error)
            self._tell(path, 0, str(error), time.monotonic() - start)
            return
        self.summary.imported += origin.imported
        drawn = self.plan.drawn.lacking(origin.content, photo, path, origin.rows, self.plan.ids)
        drawn += self._drawn_before(origin)
        regions = self._regions(photo, origin)
        new = tuple(region for region in regions or () if not is_covered(region.box, origin.rows))
        lack = lacking(origin.rows, self.wanted).with_faces(drawn, new, self.wanted)
        usable = self.pipeline.usable(lack) if lack else lack
        if usable:
            from faces.jobs.photo import Job

            job = Job(photo, path, origin.content, origin.rows, usable, self._known(origin, photo, shown),
                      origin.former, origin.attempts, regions, origin.wrote)  # fmt: skip
            self._work(job)
        elif origin.changed or regions is not None:
            rows[key] = origin.rows
            if regions is not None:
                rows[key] = marked.put(origin.rows, regions, origin.rows, origin.wrote, self.decided_faces)
            self._free(origin.former, rows[key])
            self.plan.ids.update(row.face for row in rows[key] if row.face)
            self.summary.moved += origin.changed and not (origin.imported or origin.is_ours)
            self._tell(path, len({row.face for row in origin.rows if row.face}), "", time.monotonic() - start)

    def _drawn_before(self, origin: Origin) -> Boxes:
        """Faces that a person marked on the photo as it was, and decided about: another program may have changed no
        more than what it says of itself."""
        faces = {row.face: row.relative_box for row in origin.former if row.detector in BY_HAND}
        return tuple((face, box) for face, box in faces.items() if face in self.decided_faces)

    def _regions(self, photo: Photo, origin: Origin) -> list[Region] | None:
        """What the photo says of the faces on it, where that is not known yet."""
        return marked.read(self.tool, photo) if marked.are_wanted(origin.rows, self.wanted) else None

    def _work(self, job: Job) -> None:
        self.suspects.working_on([suspect_key(j.photo, j.path) for j in (*(j for j, _ in self.pending), job)])
        self.pending.append((job, self.examiner.submit(self.pipeline.task(job))))

    def _settle(self, rows: dict[str, list[FaceRow]], left: int) -> None:
        """Put answers into the rows, the oldest first, until so many photos are left to wait for."""
        while len(self.pending) > left:
            job, answer = self.pending[0]
            try:
                examined = answer.result()
            except BaseException:
                self._forget_pending()  # what is done can be stored without waiting for them
                raise
            self.pending.popleft()
            self.suspects.survived(suspect_key(job.photo, job.path))
            if _is_moving(job.photo):
                self._let_wait(job.photo)
                continue
            result = self.pipeline.settle(job, examined, self.plan.ids)
            if job.regions is not None and not examined.error:
                before = [*job.rows, *job.former]
                result.rows = marked.put(result.rows, job.regions, before, job.wrote, self.decided_faces)
            self._free(job.former, result.rows)
            rows[photo_key(job.photo.hash, job.photo.name)] = result.rows
            self._tell(job.path, result.faces, result.error, result.seconds)

    def _forget_pending(self) -> None:
        for _, answer in self.pending:
            answer.cancel()
        self.pending.clear()

    def _free(self, former: list[FaceRow], rows: list[FaceRow]) -> None:
        """The ids of a photo that was replaced are free again, for the photo that has its content now."""
        gone = {row.face for row in former} - {row.face for row in rows}
        self.plan.ids -= gone - self.origins.carried

    def _let_wait(self, photo: Photo) -> None:
        if photo.path.exists():
            self.summary.waiting += 1
            log.info("%s is still changing: it waits for the next run", photo.path)

    def _known(self, origin: Origin, photo: Photo, shown: list[ShownFace]) -> list[tuple[str, Box]]:
        """The faces that may stand on the photo again: (id, box in fractions). Those that stand on another photo by the
        time it is settled are left out there.

        faces.csv counts only if it speaks of this very file: another photo may have taken its place.
        """
        time_here = channel.file_time(photo.mtime_ns)
        known = [(row.face, row.relative_box) for row in origin.former]
        if not origin.former:
            known += [(face.id, face.box) for face in shown
                      if face.mtime == time_here and face.content in ("", origin.content)]  # fmt: skip
        known += self.decided.get(origin.content, [])
        if photo.hash and not origin.former:
            known += self.decided.get(photo.hash, [])
        return known

    def _given_up(self, photo: Photo, rows: list[FaceRow], error: PhotoError) -> list[FaceRow]:
        """A row that says why a photo was not even opened; what is known of it stays, as of the file it came from."""
        before = [row.attempts for row in rows if row.status == FAILED and is_same_file(row, photo)]
        attempts = self.wanted.max_attempts if isinstance(error, DeadlyPhoto) else max(before, default=0) + 1
        failed = FaceRow(FAILED, photo.hash, photo.name, "", photo.size, photo.mtime_ns)
        failed.error, failed.attempts = str(error), attempts
        return [failed, *(row for row in rows if row.status != FAILED)]

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
        """Forget photos that are gone, and faces drawn in error; last, when photos moved away have taken their rows
        along."""
        for item in self.plan.folders:
            if item.vanished or item.taken_back:
                try:
                    rows = by_photo(read_rows(item.folder))
                    left = [row for key, own in rows.items() if key not in item.vanished for row in own
                            if row.detector != DRAWN or row.face not in item.taken_back]  # fmt: skip
                    parquet.write_faces(item.folder.pkl, left)
                    self.summary.removed += len(item.vanished)
                except (StorageError, DataFileError) as error:
                    self.summary.problems.append(str(error))

    def recognize(self) -> Recognized | None:
        """Bring faces.csv up to date. Another recognition at work does the same: then this one is left out. No photo is
        being looked at meanwhile."""
        self.progress.step("recognizing")
        if self.models and len(self.plan.ids) > MANY:
            self.models.rest()
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
    return (stat.st_size, photo_time(stat)) != (photo.size, photo.mtime_ns)
