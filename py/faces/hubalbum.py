"""A channel's cloud as an album: its folders and photos are rows of `attach`, its files lie in HUBROOT/store/NICK.

Nothing is found by walking store/, which holds every photo four times and no names. Data files are written only where
the hub has a row for them: the page makes them.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from faces.database import Attachment, Channel, Room
from faces.errors import StorageError, UsageError
from faces.files import TEMP_PREFIX, DataFile
from faces.folders import (
    CONFIG_JSON,
    DATA_FOLDER,
    EDITS_CSV,
    FACES_CSV,
    FACES_PKL,
    FACES_STATISTICS,
    MODELS_STATISTICS,
    NAMES_CSV,
    NAMES_OF_HUBS,
    SIDECARS,
    THRESHOLDS_JSON,
    WRITTEN,
    Folder,
    Photo,
    is_journal,
    photo_time,
)
from faces.hubfile import HubFile, MissingFile, hub_time
from faces.limits import Limits

if TYPE_CHECKING:
    from faces.hub import Hub

#: Our files in the channel's folder `faces`.
CHANNEL_FILES = (NAMES_CSV, EDITS_CSV, CONFIG_JSON, THRESHOLDS_JSON, FACES_STATISTICS, MODELS_STATISTICS, WRITTEN)
#: Beside the channel's files: a folder for those that are not whole yet. The hub knows nothing of it.
_TEMPORARY = ".faces-tmp"
CHOICE, ASIDE = "choice.json", "aside"


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
        #: A folder's path -> its hash.
        self._folder_of: dict[str, str] = {}
        #: Hashes of photos of which the row has another size than the file.
        self._replaced: set[str] = set()
        self._room: Room | None = None

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
        return DataFile(self.lock(CHOICE))

    def private(self, name: str) -> DataFile | None:
        return DataFile(self.lock(name))

    def lock(self, name: str) -> Path:
        return self.hub.state_of(self.channel) / name

    def beside(self, photo: Photo, ending: str = "") -> Path:
        folder = self._base / _TEMPORARY  # beside the photo nobody would find it again
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.is_symlink():
            raise StorageError(f"{folder} is a symbolic link; remove it")
        return folder / f"{TEMP_PREFIX}{secrets.token_hex(8)}{ending}"

    def check_room(self, photo: Photo, size: int) -> None:
        self._room = self._room or self.database.room(self.channel.id)
        self._room.take(photo.size, size)

    def replaced(self, photo: Photo) -> None:
        """The rows follow: the hub sends as many bytes as they say."""
        path = photo.path.relative_to(self.hub.root).as_posix()
        contents = [path, path.removeprefix(f"store/{self.channel.nick}/")]
        found = photo.path.lstat()
        if not self.database.set_photo_size(
            self.channel.id, photo.hash, contents, found.st_size, hub_time(time.time())
        ):
            photo.path.unlink(missing_ok=True)  # nobody would know of it
            raise StorageError("it was moved or deleted in the cloud meanwhile")
        self._replaced.discard(photo.hash)

    def is_replaced(self, photo: Photo) -> bool:
        return photo.hash in self._replaced

    def sidecar(self, folder: Folder, photo: Photo) -> DataFile:
        """In the cloud if it is there; else where the page finds it, which then makes it."""
        rows, key = self._listing(), self._folder_of.get(folder.name, "")
        name = f"{photo.name}.xmp"
        if row := rows.files.get((key, name)):
            return self._file(row, folder.path_of(name))
        return DataFile(self.lock(SIDECARS) / f"{photo.hash}.xmp")

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
            for row in self.database.attachments(self.channel.id, wanted, (NAMES_OF_HUBS, "%.xmp")):
                if row.is_dir:
                    self._rows.folders.setdefault(row.hash, row)
                elif not row.hash:  # nothing could be said of it later
                    continue
                elif (
                    row.filename in wanted or is_journal(row.filename) or row.filename.endswith(".xmp")
                ):  # exactly: MySQL compares without case
                    self._rows.files.setdefault((row.folder, row.filename), row)  # the oldest, as the hub opens it
                elif row.is_photo:
                    self._rows.photos[row.folder].append(row)
        return self._rows

    def _folder(self, rows: _Listing, key: str, path: str) -> Folder:
        pkl, csv = (self._file(rows.files.get((key, name)), f"{path}/{name}" if path else name)
                    for name in (FACES_PKL, FACES_CSV))  # fmt: skip
        folder = Folder(path, self._mended(pkl), self._mended(csv))
        self._folder_of[path] = key
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
                if found.st_size != row.size:
                    self._replaced.add(row.hash)
                return Photo(row.filename, place, found.st_size, photo_time(found), row.hash)
        return None

    def _file(self, row: Attachment | None, shown: str) -> DataFile:
        shown = f"{self.channel.nick}: {shown}"
        missing = MissingFile(Path(shown))
        if row is None:
            return missing
        try:
            temporary, aside = self._base / _TEMPORARY, self.hub.state_of(self.channel) / ASIDE
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
