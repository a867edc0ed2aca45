"""A channel of a hub as an album: its folders and photos are rows of `attach`, its files lie in HUBROOT/store/NICK.

Nothing is found by walking store/, which holds every photo four times and no names. Data files are written only where
the hub has a row for them: the page makes them.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from faces import credentials
from faces.database import Attachment, Channel, Database
from faces.errors import StorageError, UsageError
from faces.files import DataFile, is_locked, state_folder
from faces.folders import (
    CONFIG_JSON,
    CONTENTS,
    DATA_FOLDER,
    DETECT_LOCK,
    DISTANCES,
    EDITS_CSV,
    FACES_CSV,
    FACES_PKL,
    FACES_STATISTICS,
    IMPORT,
    IMPORT_DONE,
    IMPORTED,
    LOG,
    MODELS_STATISTICS,
    NAMES_CSV,
    NAMES_OF_HUBS,
    SETTLED,
    THRESHOLDS_JSON,
    Folder,
    Photo,
    is_journal,
    photo_time,
)
from faces.hubfile import HubFile, MissingFile
from faces.limits import LIMIT_KEYS, Limits, parse_limits

#: Our files in the channel's folder `faces`.
CHANNEL_FILES = (NAMES_CSV, EDITS_CSV, CONFIG_JSON, THRESHOLDS_JSON, FACES_STATISTICS, MODELS_STATISTICS)
#: Beside the channel's files: a folder for those that are not whole yet. The hub knows nothing of it.
_TEMPORARY = ".faces-tmp"
HTCONFIG = ".htconfig.php"
_CHOICE, _ASIDE = "choice.json", "aside"
#: What the page keeps of the channel's data (php/Store): copies of faces.csv, and what clones were told; and what we
#: keep for the page, or it for us.
_PAGE = ("cache", "sent.json", "recognize.outcome", CONTENTS, DISTANCES, SETTLED, IMPORT, IMPORT_DONE, IMPORTED)


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
        shutil.rmtree(state / _ASIDE, ignore_errors=True)
        for name in _PAGE:
            shutil.rmtree(state / name, ignore_errors=True)
            with suppress(OSError):
                (state / name).unlink()
        DataFile(state / _CHOICE).remove()
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
            state / _CHOICE,
            *(state / name for name in _PAGE),
            *((state / _ASIDE).iterdir() if (state / _ASIDE).is_dir() else ()),
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


@dataclass(slots=True)
class _Listing:
    """A channel's rows of `attach`, sorted out."""

    folders: dict[str, Attachment] = field(default_factory=dict)
    files: dict[tuple[str, str], Attachment] = field(default_factory=dict)
    photos: dict[str, list[Attachment]] = field(default_factory=lambda: defaultdict(list))

    def path(self, hash: str) -> str:
        """A folder's path as people see it, from the chain of folders: display_path is stale after a rename."""
        names: list[str] = []
        seen: set[str] = set()
        while hash in self.folders and hash not in seen:
            seen.add(hash)
            names.append(self.folders[hash].filename)
            hash = self.folders[hash].folder
        return "/".join(reversed(names))

    def is_below(self, hash: str, top: str) -> bool:
        seen: set[str] = set()
        while hash and hash not in seen:
            if hash == top:
                return True
            seen.add(hash)
            hash = self.folders[hash].folder if hash in self.folders else ""
        return False

    @property
    def data_folder(self) -> str:
        """The hash of the channel's folder `faces`; "" if it has none."""
        return next((h for h, row in self.folders.items() if not row.folder and row.filename == DATA_FOLDER), "")


class HubAlbum:
    """A channel's cloud. One query for each time its folders are gone through."""

    def __init__(self, hub: Hub, channel: Channel):
        if channel.nick in ("", ".", "..") or any(c in channel.nick for c in "/\0"):
            raise UsageError(f"the channel's name {channel.nick!r} is no name of a folder")
        self.hub, self.channel, self.database = hub, channel, hub.database
        self.title = f"channel {channel.nick} of {hub.root}"
        self._base = hub.root / "store" / channel.nick
        self._rows: _Listing | None = None
        #: Whether the listing has not been gone through yet.
        self._fresh = False
        #: Folders on disk -> whether they lie within the channel's.
        self._within: dict[str, bool] = {}

    # --- the protocol Album -------------------------------------------------------------------------------------

    def limits(self) -> Limits:
        return self.hub.limits

    def folders(self, stat: bool = True, photos: bool = True) -> Iterator[Folder]:
        """As the protocol has it; each file is looked at in any case: a row does not tell whether it is there."""
        if not self._fresh:
            self._rows = None
        rows, self._fresh, self._within = self._listing(), False, {}
        if (rows.photos or rows.files) and not self._base.is_dir():
            raise StorageError(f"{self._base} is missing: is the disk of the hub's store mounted?")
        if not photos:
            rows.photos = {}
        top = rows.data_folder
        for name in dict.fromkeys((*CHANNEL_FILES, *self.journals())):
            self._mended(self.data(name))
        leftovers = self._temporaries()
        keys = set(rows.photos) | {folder for folder, name in rows.files if name in (FACES_CSV, FACES_PKL)}
        for path, key in sorted((rows.path(key), key) for key in keys if not (top and rows.is_below(key, top))):
            folder = self._folder(rows, key, path)
            folder.leftovers, leftovers = leftovers, []
            yield folder
        rows.photos = {}  # many; the names of the files stay

    def data(self, name: str) -> DataFile:
        rows = self._listing()
        top = rows.data_folder
        row = rows.files.get((top, name)) if top else None
        return self._file(row, f"{DATA_FOLDER}/{name}")

    def journals(self) -> list[str]:
        rows = self._listing()
        top = rows.data_folder
        others = sorted(name for folder, name in rows.files if top and folder == top and is_journal(name))
        return list(dict.fromkeys((NAMES_CSV, EDITS_CSV, *others)))

    def choice(self) -> DataFile:
        return DataFile(self.lock(_CHOICE))

    def private(self, name: str) -> DataFile | None:
        return DataFile(self.lock(name))

    def lock(self, name: str) -> Path:
        return self.hub.state_of(self.channel) / name

    def leftovers(self, beside: DataFile) -> list[DataFile]:
        return []  # none lies beside: see `dispose`

    def dispose(self) -> list[str]:
        shutil.rmtree(self._base / _TEMPORARY, ignore_errors=True)
        self.hub.forget(self.channel)
        return []

    def traces(self) -> list[str]:
        return [*map(str, self._temporaries()), *self.hub.traces(self.channel)]

    def _temporaries(self) -> list[Path]:
        folder = self._base / _TEMPORARY
        return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []

    # --- from rows to files -------------------------------------------------------------------------------------

    def _listing(self) -> _Listing:
        if self._rows is None:
            self._rows, self._fresh = _Listing(), True
            wanted = (FACES_CSV, FACES_PKL, *CHANNEL_FILES)
            for row in self.database.attachments(self.channel.id, wanted, NAMES_OF_HUBS):
                if row.is_dir:
                    self._rows.folders.setdefault(row.hash, row)
                elif not row.hash:  # nothing could be said of it later
                    continue
                elif row.filename in wanted or is_journal(row.filename):  # exactly: MySQL compares without case
                    self._rows.files.setdefault((row.folder, row.filename), row)  # the oldest, as the hub opens it
                elif row.is_photo:
                    self._rows.photos[row.folder].append(row)
        return self._rows

    def _folder(self, rows: _Listing, key: str, path: str) -> Folder:
        pkl, csv = (self._file(rows.files.get((key, name)), f"{path}/{name}" if path else name)
                    for name in (FACES_PKL, FACES_CSV))  # fmt: skip
        folder = Folder(path, self._mended(pkl), self._mended(csv))
        photos = rows.photos.get(key, [])
        if isinstance(pkl, MissingFile) or isinstance(csv, MissingFile):
            if photos:
                folder.unready.append(
                    f"folder {path or '/'!r} of {self.channel.nick} has no faces.csv or no faces.pkl, so its "
                    f"{len(photos)} photo(s) wait: open the channel's page of faces once, it makes them"
                )
            return folder
        seen: set[str] = set()
        for row in photos:
            if row.hash in seen:  # the column is not unique
                continue
            seen.add(row.hash)
            photo = self._photo(row, folder)
            if photo:
                folder.photos.append(photo)
        return folder

    def _photo(self, row: Attachment, folder: Folder) -> Photo | None:
        shown = f"{self.channel.nick}/{folder.path_of(row.filename)}"
        try:
            place = self._locate(row)
            found = os.lstat(place)  # a Path for each of 100,000 photos takes longer than this
        except FileNotFoundError:
            folder.skipped.append(f"{shown}: its file {row.content} is gone")
        except (OSError, ValueError, StorageError) as error:
            folder.skipped.append(f"{shown}: {error}")
        else:
            if not stat.S_ISREG(found.st_mode):
                folder.skipped.append(f"{shown}: {row.content} is no file")
            elif not os.access(place, os.R_OK):
                folder.skipped.append(f"{shown}: {row.content} cannot be read: change its rights")
            else:
                return Photo(row.filename, place, found.st_size, photo_time(found), row.hash)
        return None

    def _file(self, row: Attachment | None, shown: str) -> DataFile:
        shown = f"{self.channel.nick}: {shown}"
        missing = MissingFile(Path(shown))
        if row is None:
            return missing
        try:
            temporary, aside = self._base / _TEMPORARY, self.hub.state_of(self.channel) / _ASIDE
            return HubFile(Path(self._locate(row)), shown, row, self.channel.id, self.database, temporary, aside)
        except StorageError as error:
            missing.path = Path(f"{shown} ({error})")
            return missing

    def _mended(self, file: DataFile) -> DataFile:
        if isinstance(file, HubFile) and self.channel.has_app:
            file.mend()
        return file

    def _locate(self, row: Attachment) -> str:
        """Where a row's file lies. StorageError if that is not within HUBROOT/store/NICK."""
        start = f"store/{self.channel.nick}/"
        content = row.content if "store" in row.content else start + row.content  # as the hub itself reads it
        parts = content.split("/")
        if not content.startswith(start) or "\0" in content or any(part in ("", ".", "..") for part in parts):
            raise StorageError(f"refused: {row.content!r} does not lie in {start}")
        place = f"{self.hub.root}/{content}"
        parent = place.rpartition("/")[0]
        if parent not in self._within:
            base = os.path.realpath(self._base)
            self._within[parent] = f"{os.path.realpath(parent)}/".startswith(f"{base}/")
        if not self._within[parent]:
            raise StorageError(f"refused: {row.content!r} leads out of {start} by a symbolic link")
        return place
