"""Jobs on a hub, channel by channel: the shortest work first, one detection per hub, each channel's end reported.

What a job does with a channel is the same as with a folder: here is only whose turn it is, and what the page is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from faces.database import Channel
from faces.errors import (
    DatabaseError,
    DiskFull,
    FacesError,
    PartlyFailed,
    RamLimitReached,
    StopRequested,
    TimeLimitReached,
)
from faces.files import is_locked, lock
from faces.folders import DETECT_LOCK
from faces.guard import Guard
from faces.heartbeat import STOP, Heartbeat, stamp
from faces.hub import Hub, HubAlbum
from faces.jobs import detect, recognize, remove
from faces.jobs.channel import log, read_settings
from faces.progress import Progress

if TYPE_CHECKING:
    from faces.models import Models

#: So long a removal waits for a run that it asked to stop: one photo, and what is to be stored.
LONGEST_WAIT = 300.0


@dataclass(slots=True)
class Outcome:
    """What came of one channel: the job's summary, and what ended it if it was not done."""

    nick: str
    summary: Any = None
    error: FacesError | None = None


@dataclass(slots=True)
class Report:
    """What came of a run over channels. `ended`: why it did not get to all of them."""

    outcomes: list[Outcome] = field(default_factory=list)
    ended: FacesError | None = None

    def error(self) -> FacesError | None:
        """The one error that says how the run ended: the only one there is, or PartlyFailed with all of them."""
        if self.ended:
            return self.ended
        errors = [(o.nick, o.error) for o in self.outcomes if o.error]
        if len(self.outcomes) == 1:
            return errors[0][1] if errors else None
        text = "\n".join(f"{nick}: {error}" for nick, error in errors)
        kinds = {type(error) for _, error in errors}
        return None if not errors else kinds.pop()(text) if len(kinds) == 1 else PartlyFailed(text)


class _Pulse(Progress):
    """Passes on what a job tells to the terminal and to the page. `alone`: no other channel has its turn."""

    def __init__(self, shown: Progress, heart: Heartbeat, nick: str, alone: bool):
        self._shown, self._heart, self._nick, self._alone = shown, heart, nick, alone

    def step(self, name: str) -> None:
        self._heart.step(name)
        self._heart.beat()

    def start(self, total: int) -> None:
        self._heart.start(total)
        if self._alone:
            self._shown.start(total)

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None:
        self._heart.photo(path)
        self._shown.photo(f"{self._nick}/{path}", faces, error, seconds)


Job = Callable[[HubAlbum, Guard, Progress], Any]


class _Turns:
    """Gives each channel its turn, and sees to it that the page hears of every end."""

    def __init__(self, hub: Hub, command: str, guard: Guard, shown: Progress, alone: bool, whole: bool = False):
        self.hub, self.guard, self.shown, self.alone, self._whole = hub, guard, shown, alone, whole
        #: Percent of the memory at which a turn ends, over the channel's own setting.
        self.ram: float | None = None
        self.heart = Heartbeat(hub.database, command, whole)
        self.report = Report()

    def take(self, channel: Channel, job: Job, mute: bool = False) -> Any:
        """The job's summary; None if it did not come to an end, which is then in the report. What ends the whole run
        is raised. `mute`: another one tells the page about this channel."""
        self.heart.channel(channel, mute)
        state, message, code = "failed", "an internal error: the log says more", FacesError.exit_code
        try:
            if reason := self.heart.ask():
                raise StopRequested(f"stopped by {reason}")
            album = self.hub.album(channel)
            settings = read_settings(album).with_options(ram=self.ram)
            guard = Guard(settings.ram, settings.time_limit, outer=self.guard, asked=self.heart.beat)
            summary = job(album, guard, _Pulse(self.shown, self.heart, channel.nick, self.alone))
            state, message, code = "done", "", 0
            return summary
        except FacesError as error:
            state, message, code = _end(error)
            log.log(logging.WARNING if state == "stopped" else logging.ERROR, "%s: %s", channel.nick, error)
            self.report.outcomes.append(Outcome(channel.nick, getattr(error, "summary", None), error))
            if isinstance(error, DatabaseError | DiskFull) or self.guard.is_over:
                raise
            return None
        except KeyboardInterrupt:
            state, message, code = "stopped", "interrupted", StopRequested.exit_code
            raise
        finally:
            self.heart.end(state, message, code)

    def done(self, channel: Channel, summary: Any) -> None:
        self.report.outcomes.append(Outcome(channel.nick, summary))

    @contextmanager
    def everything(self) -> Iterator[None]:
        """Round all turns: what ends the run goes into the report, and the page hears of it."""
        state, message, code = "failed", "an internal error: the log says more", FacesError.exit_code
        try:
            try:
                yield
            except FacesError as error:
                self.report.ended = error
            ended = self.report.error()
            state, message, code = _end(ended) if ended else ("done", "", 0)
        finally:
            if self._whole:
                self.heart.end(state, message, code, of_run=True)
                self.heart.forget_stop()
            self.hub.database.close()


def _end(error: FacesError) -> tuple[str, str, int]:
    """(state, message, exit code) as the page is told."""
    stopped = isinstance(error, StopRequested | RamLimitReached | TimeLimitReached)
    return "stopped" if stopped else "failed", str(error), error.exit_code


def detect_channels(
    hub: Hub,
    nick: str,
    options: dict[str, Any],
    guard: Guard,
    shown: Progress,
    *,
    models: Models | None = None,
    match: bool = True,
    retry: bool = False,
) -> Report:
    """Detect in the channel `nick`, or with "" in all that consent: first those with nothing to do, then by the number
    of their photos. Raises LockedError if another detection is at work on this hub, UsageError for a channel that is
    not there or does not consent. What else ended it is in the report."""
    channels = hub.consenting(nick)
    alone = len(channels) == 1
    if models is None:
        from faces.models import Models

        models = Models()  # loaded once for all channels

    def job(most: int | None) -> Job:
        def run(album: HubAlbum, inner: Guard, progress: Progress) -> Any:
            return detect.run(album, options, inner, progress, models=models, match=match, retry=retry, most=most)

        return run

    turns = _Turns(hub, "detect", guard, shown, alone, whole=True)
    turns.ram = options.get("ram")
    with lock(hub.lock(DETECT_LOCK), "another detection on this hub"), turns.everything():
        waiting: list[tuple[int, Channel]] = []
        for channel in channels:
            summary = turns.take(channel, job(None if alone else 0))
            if summary is not None and summary.postponed:
                waiting.append((summary.todo, channel))
            elif summary is not None:
                turns.done(channel, summary)
        if waiting:
            total = sum(todo for todo, _ in waiting)
            turns.heart.of_all(total)
            shown.start(total)
        for _, channel in sorted(waiting, key=lambda item: item[0]):
            summary = turns.take(channel, job(None))
            if summary is not None:
                turns.done(channel, summary)
    return turns.report


def recognize_channels(hub: Hub, nick: str, options: dict[str, Any], guard: Guard, shown: Progress) -> Report:
    """Recognize in the channel `nick`, or with "" in all that consent. A channel in which another recognition is at
    work is reported as locked. Raises UsageError as `detect_channels`."""

    def job(album: HubAlbum, inner: Guard, progress: Progress) -> Any:
        inner.check()
        progress.step("recognizing")
        summary = recognize.run(album, read_settings(album).with_options(**options))
        if summary.problems:
            error = PartlyFailed("\n".join(summary.problems))
            error.summary = summary  # type: ignore[attr-defined]
            raise error
        return summary

    channels = hub.consenting(nick)
    turns = _Turns(hub, "recognize", guard, shown, len(channels) == 1)
    with turns.everything():
        for channel in channels:
            at_work = is_locked(hub.state_of(channel) / DETECT_LOCK)
            summary = turns.take(channel, job, mute=at_work)
            if summary is not None:
                turns.done(channel, summary)
    return turns.report


def remove_channels(
    hub: Hub, channels: Sequence[Channel], what: remove.What, guard: Guard, shown: Progress, wait: float = LONGEST_WAIT
) -> Report:
    """Remove in these channels. A run at work in one of them is asked to stop, and waited for: `wait` seconds."""

    def job(album: HubAlbum, inner: Guard, progress: Progress) -> Any:
        progress.step("removing")
        summary = remove.run(album, what, wait)
        if summary.problems:
            error = PartlyFailed("\n".join(summary.problems))
            error.summary = summary  # type: ignore[attr-defined]
            raise error
        return summary

    turns = _Turns(hub, "remove", guard, shown, len(channels) == 1)
    with turns.everything():
        for channel in channels:
            guard.check()
            request = stamp(time.time())
            hub.database.write_value(f"{STOP}.{channel.nick}", request)
            try:
                summary = turns.take(channel, job, mute=what.everything)  # a status would be something left
            finally:
                hub.database.delete_value(f"{STOP}.{channel.nick}", request)
            if summary is not None:
                turns.done(channel, summary)
    return turns.report
