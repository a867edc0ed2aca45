"""A Hubzilla installation: its channels, who of them consents, and what is ours outside of their clouds."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from faces import credentials
from faces.database import Channel, Database
from faces.errors import UsageError
from faces.files import DataFile, is_locked, state_folder
from faces.folders import (
    CONTENTS,
    DETECT_LOCK,
    DISTANCES,
    FACES_CSV,
    FACES_PKL,
    IMPORT,
    IMPORT_DONE,
    IMPORTED,
    LOG,
    PREVIEW,
    SETTLED,
    SIDECARS,
    WRITTEN_LOG,
    WROTE,
)
from faces.hubalbum import ASIDE, CHANNEL_FILES, CHOICE, HubAlbum
from faces.limits import LIMIT_KEYS, Limits, parse_limits

HTCONFIG = ".htconfig.php"
#: What the page keeps of the channel's data (php/Store): copies of faces.csv, and what clones were told; and what we
#: keep for the page, or it for us.
_PAGE = (
    "cache", "sent.json", "sidecars.json", "recognize.outcome", "metadata.outcome", "preview.outcome", "undo.outcome",
    CONTENTS, DISTANCES, SETTLED, IMPORT, IMPORT_DONE, IMPORTED, WROTE, PREVIEW, WRITTEN_LOG, SIDECARS,
)  # fmt: skip


class Hub:
    """A Hubzilla installation at `root`. Locks, the log and what is set aside lie in `state`, which no user sees."""

    def __init__(self, root: Path, database: Database):
        self.root = root.absolute()
        self.database = database
        store = self.root / "store"
        try:
            owner = store.stat().st_uid
        except (OSError, ValueError) as error:
            raise UsageError(f"{root} is no hub: it has no folder store that we may read ({error})") from error
        if owner != os.geteuid():
            raise UsageError(
                f"{store} belongs to {_user(owner)}, you are {_user(os.geteuid())}: run as the web user, "
                f"sudo -u {_user(owner)} ..."
            )
        self.state = state_folder(self.root)
        self._limits: Limits | None = None

    @property
    def limits(self) -> Limits:
        """What the admin allows; asked once a run. Raises DatabaseError."""
        if self._limits is None:
            self._limits, warnings = parse_limits(self.database.values(LIMIT_KEYS))
            for warning in warnings:
                logging.getLogger("faces").warning(warning)
        return self._limits

    def lock(self, name: str) -> Path:
        """Where a lock file for the whole hub, or the log, lies."""
        return self.state / name

    def state_of(self, channel: Channel) -> Path:
        """The folder of a channel's locks and what else is ours alone."""
        return self.state / str(channel.id)

    def channel(self, nick: str) -> Channel:
        """UsageError if there is none of that name that is not removed."""
        found = [channel for channel in self.database.channels() if channel.nick == nick]
        if not found:
            raise UsageError(f"the hub has no channel {nick!r}")
        there = [channel for channel in found if not channel.removed]
        if not there:
            raise UsageError(f"the channel {nick!r} was removed")
        return there[0]

    def consenting(self, nick: str = "") -> list[Channel]:
        """Every channel that installed the app, which is its consent; or the one of that name. UsageError if that one
        has not."""
        if nick:
            channel = self.channel(nick)
            if not channel.has_app:
                raise UsageError(
                    f"the channel {nick!r} has not installed the app faces: without that it is not touched"
                )
            return [channel]
        return [channel for channel in self.database.channels() if channel.has_app and not channel.removed]

    def with_data(self) -> list[Channel]:
        """Every channel with something of ours, whether it still has the app or not, or is there at all: then its name
        is "" """
        ids = set(self.database.channels_with([FACES_PKL, FACES_CSV, *CHANNEL_FILES]))
        if self.state.is_dir():
            ids |= {int(path.name) for path in self.state.iterdir() if path.name.isdecimal() and path.is_dir()}
        nicks = {key.removeprefix("status.") for key in self.database.keys("status.")}
        known = [channel for channel in self.database.channels() if channel.id in ids or channel.nick in nicks]
        return known + [Channel(id, "", removed=True, has_app=False) for id in sorted(ids - {c.id for c in known})]

    def forget(self, channel: Channel) -> None:
        """The last of a channel: what no data file is in. Locks stay, empty: somebody may wait for one."""
        state = self.state_of(channel)
        shutil.rmtree(state / ASIDE, ignore_errors=True)
        for name in _PAGE:
            shutil.rmtree(state / name, ignore_errors=True)
            with suppress(OSError):
                (state / name).unlink()
        DataFile(state / CHOICE).remove()
        with suppress(OSError):  # it names photos; a run that writes into it goes on doing so
            os.truncate(self.lock(LOG), 0)
        if channel.nick:
            self.database.delete_value(f"status.{channel.nick}")
        if not is_locked(self.lock(DETECT_LOCK)):
            self.database.delete_value("status")  # it names a folder

    def traces(self, channel: Channel) -> list[str]:
        """What is there of a channel outside of data files."""
        state = self.state_of(channel)
        kept = [
            state / CHOICE,
            *(state / name for name in _PAGE),
            *((state / ASIDE).iterdir() if (state / ASIDE).is_dir() else ()),
        ]
        values = self.database.values([f"status.{channel.nick}"]) if channel.nick else {}
        return [str(path) for path in kept if path.exists()] + [f"config: faces, {key}" for key in values]

    def album(self, channel: Channel) -> HubAlbum:
        return HubAlbum(self, channel)


def open_hub(root: Path, environment: Mapping[str, str]) -> Hub:
    """The hub at `root`, its database not yet asked. Raises UsageError, PackageMissing."""
    found = credentials.from_environment(environment)
    if found is None:
        file = root / HTCONFIG
        try:
            text = file.read_text(encoding="utf-8", errors="replace")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"cannot read {file}: {reason}; say the hub's folder, or set FACES_DB_HOST, _PORT, _USER, _PASSWORD, "
                "_NAME in the environment"
            ) from error
        found = credentials.from_htconfig(text, str(file))
    return Hub(root, Database(found))


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
