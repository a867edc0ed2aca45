"""What a run on a hub tells the page, and what the page tells it: values of the hub's table `config`.

`status` (the hub's detection) and `status.NICK` (a channel's run) hold one JSON object each, written every two seconds
at most. `stop` and `stop.NICK` hold the time of a request to stop, UTC; one that is older than the run is not meant
for it. docs/hub.md has the fields.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from faces.database import Channel, Database
from faces.errors import ConsentLost, DatabaseError
from faces.guard import ram_percent

#: Seconds between two beats, at least.
PERIOD = 2.0
#: A clock that is set back must not silence it for longer.
_LONGEST_PAUSE = 30.0
#: The last word is worth a little waiting.
_LAST_PATIENCE = 10.0
STATUS, STOP = "status", "stop"
#: After the time of a request: who asks removes everything, so a last word would be something left.
QUIETLY = " quietly"


def stamp(seconds: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Heartbeat:
    """One run's. A database that is away does not end a run at once: the photos need none."""

    def __init__(
        self,
        database: Database,
        command: str,
        whole: bool,
        used_ram: Callable[[], float] = ram_percent,
        clock: Callable[[], float] = time.time,
    ):
        """`whole`: this run speaks for the hub (`status`) too."""
        self._database, self._command, self._whole, self._clock = database, command, whole, clock
        self._used_ram = used_ram
        self._started = clock()
        self._run = f"{os.getpid()}-{int(self._started * 1000):x}"
        self._channel: Channel | None = None
        self._mute = False
        self._facts: dict[str, Any] = {}
        self._todo: float | None = None
        self._before = self._total = 0
        self._next = self._asked = 0.0
        self._stop_all = False

    # --- what the run says --------------------------------------------------------------------------------------

    def of_all(self, total: int) -> None:
        """So many photos are to be done in all channels together."""
        self._total = total

    def channel(self, channel: Channel, mute: bool = False) -> None:
        """A channel's turn. `mute`: another run speaks for it."""
        self._channel, self._mute = channel, mute
        self._facts = {"state": "planning", "done": 0, "total": 0, "folder": "", "message": "", "code": None}
        self._todo, self._channel_started = None, self._clock()

    def step(self, name: str) -> None:
        self._facts["state"] = name

    def start(self, total: int) -> None:
        self._facts["total"], self._todo = total, self._clock()
        self._total = max(self._total, self._before + total)

    def photo(self, path: str) -> None:
        self._facts["done"] += 1
        self._facts["folder"] = path.rpartition("/")[0]
        self._before += 1

    def end(self, state: str, message: str, code: int, of_run: bool = False) -> None:
        """The last word on the channel, or on the whole run: done, stopped or failed, with the exit code."""
        self._facts |= {"state": state, "message": message, "code": code, "folder": ""}
        with suppress(DatabaseError):  # what ended the run is more worth saying
            if of_run and self._whole:
                self._write(STATUS, self._status(), _LAST_PATIENCE)
            elif self._channel and not self._mute and not of_run:
                self._write(f"{STATUS}.{self._channel.nick}", self._own(), _LAST_PATIENCE)
        self._channel = None

    def wait(self, todo: int) -> None:
        """The channel's turn comes later in this run."""
        self._facts |= {"state": "waiting", "total": todo}
        with suppress(DatabaseError):
            if self._channel and not self._mute:
                self._write(f"{STATUS}.{self._channel.nick}", self._own(), _LAST_PATIENCE)
        self._channel = None

    # --- between photos -----------------------------------------------------------------------------------------

    def beat(self) -> str:
        """Say how it goes, and look for requests; nothing within two seconds of the last time. As `ask`."""
        now = self._clock()
        if self._channel is None or 0 <= self._next - now <= _LONGEST_PAUSE:
            return ""
        self._next = now + PERIOD
        reason = self.ask() if now - self._asked >= PERIOD else ""
        if not reason:
            with self._patiently():
                if not self._mute:
                    self._write(f"{STATUS}.{self._channel.nick}", self._own(), 0)
                if self._whole:
                    self._write(STATUS, self._status(), 0)
        return reason

    def ask(self) -> str:
        """The reason to stop this channel's turn, or "". Raises DatabaseError when the database has been away for as
        long as its patience lasts, or refuses."""
        if self._channel is None or self._command == "remove":  # which is what others are stopped for
            return ""
        own, self._asked = f"{STOP}.{self._channel.nick}", self._clock()
        with self._patiently():
            consents, values = self._database.consents(self._channel.id, [own, *([STOP] if self._whole else [])])
            for key, value in values.items():
                if self._is_meant(value):
                    self._mute |= value.endswith(QUIETLY)
                    if key == own:
                        self._database.delete_value(own, value, 0)
                    else:  # it ends every channel's turn, and goes with the run
                        self._stop_all = True
                    return "a request to stop"
            if not consents:
                raise ConsentLost(f"the channel {self._channel.nick} has not the app faces any more: it was left alone")
        return ""

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        start = self._clock()
        try:
            yield
        except DatabaseError:
            now = self._clock()  # a server that hangs shall not hold up the photos
            self._next = now + min(max(PERIOD, 5 * (now - start)), _LONGEST_PAUSE)
            if not 0 < self._database.seconds_away() < self._database.patience:
                raise

    def forget_requests(self) -> None:
        """The hub's run is over: no request to stop can be meant for it any more."""
        with suppress(DatabaseError):
            if self._stop_all:
                self._database.delete_value(STOP, None, _LAST_PATIENCE)
            self._database.delete_values(f"{STOP}.", _LAST_PATIENCE)

    def _is_meant(self, value: str) -> bool:
        """Whether a request is of this run's time. One that gives no time is: better once too often than never."""
        try:
            asked = datetime.strptime(value[:19].replace(" ", "T"), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return True
        return asked.timestamp() >= int(self._started)

    def _own(self) -> dict[str, Any]:
        return self._value(self._facts["done"], self._facts["total"], self._channel_started, self._todo)

    def _status(self) -> dict[str, Any]:
        return self._value(self._before, self._total, self._started, self._started)

    def _value(self, done: int, total: int, started: float, working_since: float | None) -> dict[str, Any]:
        now = self._clock()
        left = (now - working_since) / done * (total - done) if done and working_since else None
        return {
            "state": self._facts.get("state", "planning"),
            "command": self._command,
            "pid": os.getpid(),
            "run": self._run,
            "started": stamp(started),
            "updated": stamp(now),
            "done": done,
            "total": total,
            "channel": self._channel.nick if self._channel else "",
            "folder": self._facts.get("folder", ""),
            "ram": round(self._used_ram(), 1),
            "message": self._facts.get("message", ""),
            "code": self._facts.get("code"),
            "eta": stamp(now + left) if left is not None and self._facts.get("code") is None else "",
        }

    def _write(self, key: str, value: dict[str, Any], patience: float) -> None:
        for longest in (4000, 100, 0):  # a server may take short statements only
            short = {
                **value,
                "message": value["message"][:longest],
                "folder": value["folder"][-longest:] if longest else "",
            }
            text = json.dumps(short, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
            try:
                self._database.write_value(key, text, patience)
                return
            except DatabaseError:
                if not longest or self._database.seconds_away():
                    raise


class Consent:
    """Of a channel, for a run that tells the page nothing and takes no requests: whoever asks a search to stop does not
    mean it. `ask` is a guard's: every few seconds it looks whether the channel still has the app.
    """

    def __init__(self, database: Database, channel: Channel, clock: Callable[[], float] = time.time):
        self._database, self._channel, self._clock = database, channel, clock
        self._asked = 0.0

    def ask(self) -> str:
        """The reason to stop, or "". Raises ConsentLost, DatabaseError."""
        if 0 <= self._clock() - self._asked < PERIOD:
            return ""
        self._asked = self._clock()
        consents, values = self._database.consents(self._channel.id, ["block"])
        if not consents:
            raise ConsentLost(f"the channel {self._channel.nick} has not the app faces any more: it was left alone")
        by_page = os.environ.get("FACES_STARTED_BY") == "page"
        return "the admin: the search for faces is off" if by_page and values.get("block", "0") not in ("", "0") else ""
