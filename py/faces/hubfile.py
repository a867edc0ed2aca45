"""Our data files in a channel's cloud: written as all are, and the hub's row of `attach` follows each write, because
the hub sends as many bytes as that says.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

from faces.database import Attachment, Database
from faces.errors import StorageError
from faces.files import DataFile, storage_error


class HubFile(DataFile):
    """A data file that the hub knows: `attach.filesize` and `edited` follow each write. One that holds nothing but
    white space counts as not there: the page makes them so."""

    def __init__(
        self, path: Path, shown: str, row: Attachment, channel: int, database: Database, temporary: Path, aside: Path
    ):
        """`shown`: how people know it, as in "alice: Photos/faces.csv". `temporary`: a folder of ours on the same disk,
        for files that are not whole yet; `aside`: one for damaged files. Both hold nothing but what is ours, so that
        nothing left there is overlooked."""
        super().__init__(path)
        self._shown = shown
        self._row, self._channel, self._database = row, channel, database
        self._temp, self._aside = temporary / str(row.id), aside

    def __str__(self) -> str:
        return f"{self._shown} ({self.path})"

    def read(self) -> bytes | None:
        content = super().read()
        return content if content and content.strip() else None

    def append(self, lines: bytes, header: bytes) -> None:
        super().append(lines, header)
        self._follow()

    def remove(self) -> bool:
        """Empty it: the row is the hub's to delete."""
        there = self.read() is not None
        try:
            size = self.path.lstat().st_size
        except FileNotFoundError:
            size = 0
        except OSError as error:
            raise storage_error(self, error) from error
        if size:
            self._replace(b"")
        else:
            self.mend()
        return there

    def set_aside(self, suffix: str) -> Path:
        """Keep a damaged file's content in the hub's state folder, and empty it."""
        # by the row's id: the hash is a text that might be anything
        target = (
            self._aside
            / f"{self._row.filename}.{self._row.id}.{suffix}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns()}"
        )
        try:
            self._aside.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(self.path, target, follow_symlinks=False)
            target.chmod(0o600)
        except OSError as error:
            raise storage_error(target, error) from error
        self._replace(b"")
        return target

    def mend(self) -> None:
        """Let the row follow a file that a run wrote before it died. Reads the file's size and time only."""
        size, edited = self._on_disk()
        if size != self._row.size or (
            edited and (self._row.edited is None or f"{self._row.edited:%Y-%m-%d %H:%M:%S}" < edited)
        ):
            self._database.mend_size(self._channel, self._row, size, edited or hub_time(time.time()))

    def _replace(self, content: bytes) -> None:
        super()._replace(content)
        self._follow()

    def _make_folder(self) -> None:
        """Folders of the store are the hub's to make: one that is not there was moved or deleted."""

    def _temporary(self) -> tuple[int, Path]:
        self._temp.parent.mkdir(exist_ok=True, mode=0o700)
        if self._temp.parent.is_symlink():
            raise OSError(errno.ELOOP, f"{self._temp.parent} is a symbolic link; remove it")
        self._temp.unlink(missing_ok=True)  # of a killed run: a file has one writer at a time
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._temp, flags, 0o600), self._temp

    def _follow(self) -> None:
        size, edited = self._on_disk()
        if not self._database.set_size(self._channel, self._row, size, edited or hub_time(time.time())):
            self.path.unlink(missing_ok=True)  # nobody would know of it any more, and it holds faces
            raise StorageError(f"{self} was moved or deleted in the cloud meanwhile; the next run sees to it")

    def _on_disk(self) -> tuple[int, str]:
        """Bytes and time of change as the hub writes it; (0, "") where there is no file."""
        try:
            found = self.path.lstat()
        except OSError:
            return 0, ""
        return found.st_size, hub_time(found.st_mtime)


class MissingFile(DataFile):
    """A data file that the hub has no row for: not there, and not to be written."""

    def read(self) -> bytes | None:
        return None

    def check_writable(self) -> None:
        raise StorageError(f"{self} is not in the cloud: open the channel's page of faces once, it makes the file")

    def _replace(self, content: bytes) -> None:
        self.check_writable()

    def append(self, lines: bytes, header: bytes) -> None:
        self.check_writable()

    def set_aside(self, suffix: str) -> Path:
        return self.path

    def remove(self) -> bool:
        return False

    def mtime(self) -> float:
        return 0.0

    def mark(self) -> str:
        return ""


def hub_time(seconds: float) -> str:
    """As the hub writes it: UTC without a zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(min(max(seconds, 0.0), 253_402_300_799.0)))
