"""Our data files in a channel's cloud: written as all are, and the hub's row of `attach` follows each write, because
the hub sends as many bytes as that says.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from faces.database import Attachment, Database
from faces.errors import StorageError
from faces.files import DataFile, storage_error

#: What a data file is written as first; beside it, and known without listing the folder.
_TEMP_SUFFIX = ".faces-tmp"


class HubFile(DataFile):
    """A data file that the hub knows: `attach.filesize` and `edited` follow each write. One that holds nothing but
    white space counts as not there: the page makes them so."""

    def __init__(self, path: Path, row: Attachment, channel: int, database: Database, aside: Path):
        """`aside`: the folder for damaged ones."""
        super().__init__(path)
        self._row, self._channel, self._database, self._aside = row, channel, database, aside
        self._temp = path.with_name(path.name + _TEMP_SUFFIX)

    def read(self) -> bytes | None:
        content = super().read()
        return content if content and content.strip() else None

    def append_line(self, line: str, header: str) -> None:
        super().append_line(line, header)
        self._follow()

    def remove(self) -> bool:
        """Empty it: the row is the hub's to delete."""
        there = self.read() is not None
        try:
            if self.path.lstat().st_size:
                self._replace(b"")
        except FileNotFoundError:
            pass
        except OSError as error:
            raise storage_error(self.path, error) from error
        return there

    def set_aside(self, suffix: str) -> Path:
        """Keep a damaged file's content in the hub's state folder, and empty it."""
        target = self._aside / f"{self._row.hash}.{suffix}-{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns()}"
        try:
            self._aside.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(self.path, target, follow_symlinks=False)
            target.chmod(0o600)
        except OSError as error:
            raise storage_error(target, error) from error
        self._replace(b"")
        return target

    def leftovers(self) -> list[DataFile]:
        """What a killed run left of it, and what was set aside."""
        aside = sorted(self._aside.glob(f"{self._row.hash}.*"))
        return [DataFile(path) for path in [*([self._temp] if os.path.lexists(self._temp) else []), *aside]]

    def mend(self) -> None:
        """Let the row follow a file that a run wrote before it died. Reads the file's size and time only."""
        size, edited = self._on_disk()
        if size != self._row.size or (
            edited and (self._row.edited is None or f"{self._row.edited:%Y-%m-%d %H:%M:%S}" < edited)
        ):
            self._database.mend_size(self._channel, self._row, size, edited or _time(time.time()))

    def _replace(self, content: bytes) -> None:
        super()._replace(content)
        self._follow()

    def _make_folder(self) -> None:
        """Folders of the store are the hub's to make: one that is not there was moved or deleted."""

    def _temporary(self) -> tuple[int, Path]:
        self._temp.unlink(missing_ok=True)  # of a killed run: a file has one writer at a time
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(self._temp, flags, 0o600), self._temp

    def _follow(self) -> None:
        size, edited = self._on_disk()
        if not self._database.set_size(self._channel, self._row, size, edited or _time(time.time())):
            self.path.unlink(missing_ok=True)  # nobody would know of it any more, and it holds faces
            raise StorageError(f"{self.path} was moved or deleted in the cloud meanwhile; the next run sees to it")

    def _on_disk(self) -> tuple[int, str]:
        """Bytes and time of change as the hub writes it; (0, "") where there is no file."""
        try:
            found = self.path.lstat()
        except OSError:
            return 0, ""
        return found.st_size, _time(found.st_mtime)


class MissingFile(DataFile):
    """A data file that the hub has no row for: not there, and not to be written."""

    def read(self) -> bytes | None:
        return None

    def check_writable(self) -> None:
        raise StorageError(f"{self.path} is not in the cloud: open the channel's page of faces once, it makes the file")

    def _replace(self, content: bytes) -> None:
        self.check_writable()

    def append_line(self, line: str, header: str) -> None:
        self.check_writable()

    def set_aside(self, suffix: str) -> Path:
        return self.path

    def remove(self) -> bool:
        return False

    def mtime(self) -> float:
        return 0.0


def _time(seconds: float) -> str:
    """As the hub writes it: UTC without a zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(min(max(seconds, 0.0), 253_402_300_799.0)))
