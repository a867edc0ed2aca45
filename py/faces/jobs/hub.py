"""Jobs on a hub, channel by channel: the shortest work first, one detection per hub, each channel's end reported.

What a job does with a channel is the same as with a folder: here is only whose turn it is, and what the page is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
from faces.files import Lock, is_locked, lock
from faces.folders import DETECT_LOCK, DISTANCES_LOCK, RECOGNIZE_LOCK
from faces.guard import Guard
from faces.heartbeat import QUIETLY, STOP, Heartbeat, stamp
from faces.hub import Hub
from faces.hubalbum import HubAlbum
from faces.jobs import detect, recognize
from faces.jobs.channel import log, read_settings
from faces.progress import Progress

if TYPE_CHECKING:
    from faces.jobs import remove
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


#: What a turn is for: the album, its guard, where to tell how it goes, and the lock that is held -> a summary.
Job = Callable[[HubAlbum, Guard, Progress, Lock | None], Any]


class _Turns:
    """Gives each channel its turn, and sees to it that the page hears of every end."""

    def __init__(self, hub: Hub, command: str, guard: Guard, shown: Progress, alone: bool, whole: bool = False):
        self.hub, self.guard, self.shown, self.alone, self._whole = hub, guard, shown, alone, whole
        #: Percent of the memory at which a turn ends, over the channel's own setting.
        self.ram: float | None = None
        self.heart = Heartbeat(hub.database, command, whole)
        self.report = Report()
        #: Channels whose turn comes later, with the number of their photos.
        self.waiting: list[tuple[int, Channel]] = []

    def take(self, channel: Channel, job: Job, lock_name: str, mute: bool = False, wait: float = 0.0) -> None:
        """The channel's turn, under its lock if that has a name; what came of it is in the report, unless it was
        postponed. What ends the whole run is raised. `mute`: another one tells the page about this channel. `wait`: so
        many seconds for the lock."""
        try:
            with ExitStack() as stack:
                held = None
                if lock_name:  # the page hears of what the holder of the lock does, not of who comes in vain
                    path = self.hub.state_of(channel) / lock_name
                    held = stack.enter_context(
                        lock(path, f"another run on the channel {channel.nick}", wait, self.guard.check)
                    )
                summary = self._speak(channel, job, held, mute)
            if not getattr(summary, "postponed", False):
                self.report.outcomes.append(Outcome(channel.nick, summary))
            else:
                self.waiting.append((summary.todo, channel))
        except FacesError as error:
            log.log(logging.WARNING if _end(error)[0] == "stopped" else logging.ERROR, "%s: %s", channel.nick, error)
            self.report.outcomes.append(Outcome(channel.nick, getattr(error, "summary", None), error))
            if isinstance(error, DatabaseError | DiskFull) or self.guard.is_over:
                raise

    def _speak(self, channel: Channel, job: Job, held: Lock | None, mute: bool) -> Any:
        """The job, and what the page is told of it: the last word comes before the lock is free."""
        self.heart.channel(channel, mute)
        state, message, code = "failed", "interrupted", StopRequested.exit_code
        try:
            if reason := self.heart.ask():
                raise StopRequested(f"stopped by {reason}")
            album = self.hub.album(channel)
            settings = read_settings(album).with_options(ram=self.ram)
            guard = Guard(settings.ram, settings.time_limit, outer=self.guard, asked=self.heart.beat)
            summary = job(album, guard, _Pulse(self.shown, self.heart, channel.nick, self.alone), held)
            if getattr(summary, "postponed", False):
                self.heart.wait(summary.todo)
            state, message, code = "done", "", 0
            return summary
        except FacesError as error:
            state, message, code = _end(error)
            raise
        except Exception as error:  # a fault of ours must not cost the other channels their turn
            log.exception("%s: internal error", channel.nick)
            message, code = f"internal error, the log says more: {error!r}", FacesError.exit_code
            raise FacesError(message) from error
        finally:
            self.heart.end(state, message, code)

    @contextmanager
    def everything(self) -> Iterator[None]:
        """Round all turns: what ends the run goes into the report, and the page hears of it."""
        state, message, code = "failed", "interrupted", StopRequested.exit_code
        try:
            try:
                yield
            except FacesError as error:
                self.report.ended = error
                self._not_reached(error)
            ended = self.report.error()
            state, message, code = _end(ended) if ended else ("done", "", 0)
        finally:
            if self._whole:
                self.heart.end(state, message, code, of_run=True)
                self.heart.forget_requests()
            self.hub.database.close()

    def _not_reached(self, error: FacesError) -> None:
        """Channels that were told to wait are told why their turn did not come."""
        reached = {outcome.nick for outcome in self.report.outcomes}
        for _, channel in self.waiting:
            if channel.nick not in reached:
                self.report.outcomes.append(Outcome(channel.nick, None, error))
                self.heart.channel(channel)
                self.heart.end(*_end(error))


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
    wait: float = 0.0,
    scheduler: str = "",
) -> Report:
    """Detect in the channel `nick`, or with "" in all that consent: first those with nothing to do, then by the number
    of their photos. Raises LockedError if another detection is at work on this hub for `wait` more seconds, UsageError
    for a channel that is not there or does not consent. What else ended it is in the report."""
    channels = hub.consenting(nick)
    alone = len(channels) == 1
    if models is None:
        from faces.models import Models

        models = Models()  # loaded once for all channels

    def job(most: int | None) -> Job:
        def run(album: HubAlbum, inner: Guard, progress: Progress, held: Lock | None) -> Any:
            return detect.run(album, options, inner, progress, models=models, match=match, retry=retry, most=most,
                              held=held, scheduler=scheduler)  # fmt: skip

        return run

    turns = _Turns(hub, "detect", guard, shown, alone, whole=True)
    turns.ram = options.get("ram")
    with lock(hub.lock(DETECT_LOCK), "another detection on this hub", wait, guard.check), turns.everything():
        for channel in channels:
            turns.take(channel, job(None if alone else 0), DETECT_LOCK)
        if turns.waiting:
            total = sum(todo for todo, _ in turns.waiting)
            turns.heart.of_all(total)
            shown.start(total)
        for _, channel in sorted(turns.waiting, key=lambda item: item[0]):
            turns.take(channel, job(None), DETECT_LOCK)
    return turns.report


def _checked(summary: Any) -> Any:
    """The summary of a job; PartlyFailed, which carries it, if it tells of problems."""
    if summary.problems:
        error = PartlyFailed("\n".join(summary.problems))
        error.summary = summary  # type: ignore[attr-defined]
        raise error
    return summary


def recognize_channels(
    hub: Hub,
    nick: str,
    options: dict[str, Any],
    guard: Guard,
    shown: Progress,
    wait: float = 0.0,
    regroup: bool = False,
) -> Report:
    """Recognize in the channel `nick`, or with "" in all that consent. A channel in which another recognition is at
    work for `wait` more seconds is reported as locked. Raises UsageError as `detect_channels`."""

    def job(album: HubAlbum, inner: Guard, progress: Progress, held: Lock | None) -> Any:
        inner.check()
        progress.step("recognizing")
        settings = read_settings(album).with_options(**options)
        return _checked(recognize.run(album, settings, held=held, regroup=regroup))

    channels = hub.consenting(nick)
    turns = _Turns(hub, "recognize", guard, shown, len(channels) == 1)
    with turns.everything():
        for channel in channels:
            turns.take(channel, job, RECOGNIZE_LOCK, mute=is_locked(hub.state_of(channel) / DETECT_LOCK), wait=wait)
    return turns.report


def measure_channels(
    hub: Hub, nick: str, models: Sequence[str], guard: Guard, shown: Progress, wait: float = 0.0
) -> Report:
    """Measure distances in the channel `nick`, or with "" in all that consent. Raises as `recognize_channels`."""
    from faces.jobs import distances

    def job(album: HubAlbum, inner: Guard, progress: Progress, held: Lock | None) -> Any:
        # not `inner`: a request to stop the channel's detection would be taken away from it
        return _checked(distances.run(album, read_settings(album), models, guard.check))

    channels = hub.consenting(nick)
    turns = _Turns(hub, "recognize", guard, shown, len(channels) == 1)
    with turns.everything():
        for channel in channels:
            turns.take(channel, job, DISTANCES_LOCK, mute=True, wait=wait)
    return turns.report


def remove_channels(
    hub: Hub, channels: Sequence[Channel], what: remove.What, guard: Guard, shown: Progress, wait: float = LONGEST_WAIT
) -> Report:
    """Remove in these channels. A run at work in one of them is asked to stop, and waited for: `wait` seconds."""
    from faces.jobs import remove

    def job(album: HubAlbum, inner: Guard, progress: Progress, held: Lock | None) -> Any:
        progress.step("removing")
        album = hub.album(album.channel)  # that has read no rows yet: others may change while a run is waited for
        return _checked(remove.run(album, what, wait, inner.check))

    turns = _Turns(hub, "remove", guard, shown, len(channels) == 1)
    with turns.everything():
        for channel in channels:
            guard.check()
            if not channel.nick:  # the hub has forgotten it
                hub.forget(channel)
                continue
            request = stamp(time.time()) + (QUIETLY if what.everything else "")
            hub.database.write_value(f"{STOP}.{channel.nick}", request)
            try:
                turns.take(channel, job, "", mute=what.everything)  # a status would be something left
            finally:
                # A detection that goes through the hub may come to this channel yet: it takes the request away then,
                # or at its end.
                if not is_locked(hub.lock(DETECT_LOCK)):
                    hub.database.delete_value(f"{STOP}.{channel.nick}", request)
    return turns.report
