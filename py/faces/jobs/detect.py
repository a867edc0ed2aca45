"""Detection: finds new and changed photos, detects, aligns and embeds, then recognizes.

What is to be done says `plan`; `worker` goes from folder to folder; what happens to one photo is in `photo`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from faces.errors import (
    ConsentLost,
    FacesError,
    NothingReadable,
    PartlyFailed,
    RamLimitReached,
    StopRequested,
    TimeLimitReached,
    WeightsMissing,
)
from faces.files import Lock, lock
from faces.folders import DETECT_LOCK, Album, Folder
from faces.guard import Guard
from faces.jobs import channel, recognize, settled
from faces.jobs.channel import log
from faces.jobs.summaries import Detected, Recognized
from faces.jobs.suspects import Suspects
from faces.progress import Progress
from faces.settings import Settings

if TYPE_CHECKING:
    from faces.jobs.plan import Plan
    from faces.jobs.worker import Worker
    from faces.models import Models


def prepare(album: Album, options: dict[str, Any]) -> Settings:
    """The settings of this run: config.json, the options over it, and the choice of detector and model, which the
    first run makes and keeps."""
    stored = channel.read_settings(album)
    settings = stored.with_options(**options)
    if not settings.detectors or not settings.models:
        from faces.models import DEFAULT_MODELS, default_detectors

        limits = album.limits()
        settings = replace(
            settings,
            detectors=settings.detectors or limits.default("detectors", default_detectors()),
            models=settings.models or limits.default("models", DEFAULT_MODELS),
        )
    if not stored.detectors or not stored.models:
        channel.keep_choice(album, stored.detectors or settings.detectors, stored.models or settings.models)
        log.info("chosen and kept: detectors %s, models %s", settings.detectors, settings.models)
    return settings


def run(
    album: Album,
    options: dict[str, Any],
    guard: Guard,
    progress: Progress,
    *,
    models: Models | None = None,
    match: bool = True,
    retry: bool = False,
    most: int | None = None,
    held: Lock | None = None,
    wait: float = 0.0,
    scheduler: str = "",
) -> Detected:
    """Detect, then recognize. Returns when all is done; raises what ended it otherwise, with what is done stored:
    LockedError, DiskFull, DatabaseError, ConsentLost (here nothing more is stored), RamLimitReached, TimeLimitReached,
    StopRequested, WeightsMissing (an engine that was asked for could not be loaded; the others did their work),
    NothingReadable, PartlyFailed. All but LockedError carry the summary as `summary`.

    `scheduler`: address of a Dask scheduler whose workers look at the photos; then ClusterLost is possible, too.
    `most`: leave it all for later if more photos than that are to be looked at (the summary is `postponed`).
    `held`: the album's lock, if the caller has it; `wait`: so many seconds for it, if not."""
    with nullcontext(held) if held else lock(album.lock(DETECT_LOCK), "another detection", wait, guard.check) as mine:
        start = time.monotonic()
        progress.step("planning")
        suspects = Suspects(mine)  # first of all: what the last run left behind is known now, or never
        settings = prepare(album, options)
        folders = list(album.folders())
        before = None if retry or not match else settled.nothing_to_detect(album, settings, folders)
        photos = sum(len(folder.photos) for folder in folders)
        summary = Detected(photos, detectors=settings.detectors, models=settings.models, recognition=before)
        if before is None:
            from faces.jobs import worker

            plan = _plan(album, settings, folders, summary, retry)
            summary.postponed = most is not None and plan.total > most
            if summary.postponed:
                return summary
            work = worker.Worker(
                album, settings, plan, summary, guard, progress, suspects, models, match, retry, scheduler
            )
            try:
                _work(work)
            except FacesError as error:
                error.summary = summary  # type: ignore[attr-defined]
                raise
            finally:
                summary.seconds = time.monotonic() - start
    _raise_failures(summary)
    return summary


def _plan(album: Album, settings: Settings, folders: Sequence[Folder], summary: Detected, retry: bool) -> Plan:
    from faces.jobs import plan as plans

    plan = plans.make_plan(album, folders, plans.Wanted.of(settings), retry)
    summary.todo, summary.skipped, summary.problems = plan.total, len(plan.skipped), plan.problems
    return plan


def _work(work: Worker) -> None:
    """Everything that is planned, then the recognition. Raises what ended it."""
    from faces.jobs import imports

    plan = work.plan
    work.imports = imports.pending(work.album, plan, work.guard.check)
    for reason in plan.skipped:
        log.warning("skipped: %s", reason)
    if plan.total or any(item.vanished or item.taken_back for item in plan.folders):
        recognize.take_edits(work.album, work.settings)
    ended: FacesError | None = None
    try:
        work.everything()
    except ConsentLost:
        raise  # nothing more is written there
    except (RamLimitReached, TimeLimitReached, StopRequested) as error:
        ended = error
        log.warning("%s", error)
    work.summary.recognition = work.recognize()
    if work.summary.recognition:
        _after_recognition(work.summary, work.summary.recognition, plan)
    if ended:
        raise ended
    if work.imports and work.went_through():
        work.imports.finish(plan)
    did = work.imports or plan.total or work.summary.problems or work.summary.changed
    if work.match and not (did or work.retry):
        settled.note_photos(work.album, work.settings, [item.folder for item in plan.folders])


def _after_recognition(summary: Detected, recognition: Recognized, plan: Plan) -> None:
    summary.problems = list(dict.fromkeys([*summary.problems, *recognition.problems]))
    files = (item.folder.pkl for item in plan.folders)
    for file in [file for file in files if str(file.path) in recognition.damaged]:  # in what a plan does not read
        log.warning("%s is kept as %s; the next run detects anew", file, file.set_aside("damaged"))


def _raise_failures(summary: Detected) -> None:
    error: FacesError | None = None
    if summary.missing:
        error = WeightsMissing("\n".join(summary.missing.values()))
    elif summary.failed and summary.failed == summary.photos:
        error = NothingReadable(f"none of {summary.failed} photo(s) could be processed; the log says why for each")
    elif summary.failed or summary.problems:
        error = PartlyFailed(
            "\n".join(
                [
                    *([f"{summary.failed} photo(s) failed; the log says why for each"] if summary.failed else []),
                    *summary.problems,
                ]
            )
        )
    if error:
        error.summary = summary  # type: ignore[attr-defined]
        raise error
