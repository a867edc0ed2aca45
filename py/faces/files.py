"""Files that survive: written whole or not at all, and locked by the kernel.

Where a data file lies is the business of `folders`; what is in it, of `store`.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import EllipsisType
from typing import Any

from faces.errors import ChangedMeanwhile, DiskFull, LockedError, StorageError

#: Temporary files carry this prefix, so that leftovers of a killed run are known as ours.
TEMP_PREFIX = ".faces-tmp-"


def storage_error(path: Path | DataFile, error: OSError) -> StorageError:
    """What to tell a person about a file that cannot be written."""
    hint = {
        errno.ENOSPC: "the disk is full: free some space and run again",
        errno.EDQUOT: "the quota is used up: free some space and run again",
        errno.EROFS: "the disk is mounted read-only",
        errno.EACCES: "run as the user who owns the folder, or change its rights",
        errno.EPERM: "run as the user who owns the folder, or change its rights",
    }.get(error.errno or 0, "nothing was changed in it")
    kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StorageError
    return kind(f"cannot write {path}: {error.strerror or error}; {hint}")


class DataFile:
    """One of our files at `path`. Reads see the old content or the new one, never a part. `mode`: the rights of one
    that is not there yet: faces are private until the owner says otherwise."""

    def __init__(self, path: Path, mode: int = 0o600):
        self.path, self._mode = path, mode

    def __str__(self) -> str:
        """How messages call it."""
        return str(self.path)

    def read(self) -> bytes | None:
        """The content; None where there is no file. A symbolic link is refused: it could point anywhere."""
        try:
            # O_NONBLOCK: a named pipe in our file's place must not hold the run up
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise StorageError(f"{self} is a symbolic link; remove it and run again") from error
            raise StorageError(f"cannot read {self}: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StorageError(f"{self} is no file; rename it and run again")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read()
        except OSError as error:
            raise StorageError(f"cannot read {self}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def check_writable(self) -> None:
        """StorageError if a write is sure to fail, so that nobody works for hours on what cannot be stored."""
        folder = self.path.parent
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise StorageError(f"cannot write into {folder}: mount it writable or change its rights")

    def mtime(self) -> float:
        """When it was last written, seconds since 1970; 0 where there is no file."""
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def mark(self) -> str:
        """What is another one after every write: number of the file, size and time; "" where there is no file."""
        try:
            found = os.lstat(self.path)
        except OSError:
            return ""
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    def write(self, content: bytes, expected: bytes | EllipsisType | None = ...) -> bool:
        """Replace the content atomically, owner and mode kept. False if it was the same already.

        Raises ChangedMeanwhile if the file holds neither `content` nor what the caller `expected` from reading it.
        """
        current = self.read()
        if current == content:
            return False
        if expected is not ... and current != expected:
            raise ChangedMeanwhile(f"{self} was changed by somebody else meanwhile")
        self._replace(content)
        return True

    def _replace(self, content: bytes) -> None:
        temporary = None
        try:
            descriptor, temporary = self._temporary()
            with os.fdopen(descriptor, "wb") as file:
                self._keep_owner_and_mode(file.fileno())
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            if temporary:
                temporary.unlink(missing_ok=True)
            raise storage_error(self, error) from error

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def _temporary(self) -> tuple[int, Path]:
        """A new file beside ours, open for writing."""
        self._make_folder()
        descriptor, name = tempfile.mkstemp(prefix=TEMP_PREFIX, dir=self.path.parent)
        return descriptor, Path(name)

    def _keep_owner_and_mode(self, descriptor: int) -> None:
        try:
            old = self.path.stat()
        except FileNotFoundError:
            os.fchmod(descriptor, self._mode)
            return
        os.fchmod(descriptor, old.st_mode & 0o777)
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            with suppress(PermissionError):  # only root may give files away
                os.fchown(descriptor, old.st_uid, old.st_gid)

    def append(self, lines: bytes, header: bytes) -> None:
        """Add lines, and `header` before them in a new file; on disk when this returns.

        A last line torn by a crash is ended first, so that it spoils itself only.
        """
        try:
            self._make_folder()
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self.path, flags, self._mode), "r+b", buffering=0) as file:
                size = file.seek(0, os.SEEK_END)
                data = lines if size else header + lines
                if size:
                    file.seek(size - 1)
                    data = data if file.read(1) == b"\n" else b"\n" + data
                written = file.write(data)
                if written != len(data):  # a full disk may take a part only
                    file.truncate(size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                os.fsync(file.fileno())
        except OSError as error:
            raise storage_error(self, error) from error

    def set_aside(self, suffix: str) -> Path:
        """Rename a damaged file to `NAME.SUFFIX-TIME`, so that nothing in it is lost. The new path."""
        target = self.path.with_name(f"{self.path.name}.{suffix}-{time.strftime('%Y%m%d-%H%M%S')}")
        number = 1
        while target.exists():
            number += 1
            target = target.with_name(f"{self.path.name}.{suffix}-{time.strftime('%Y%m%d-%H%M%S')}-{number}")
        try:
            self.path.rename(target)
        except OSError as error:
            raise storage_error(self, error) from error
        return target

    def remove(self) -> bool:
        """True if there was a file."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise storage_error(self, error) from error
        return True


def sync_folder(folder: Path) -> None:
    """Make a rename durable; some mounts (WebDAV) cannot, and there the rename itself has to do."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Lock:
    """What the holder of a lock may note in its file; the next holder finds it if the run died."""

    def __init__(self, descriptor: int, previous: dict[str, Any]):
        self._descriptor = descriptor
        #: What the last holder left behind: empty after a proper end.
        self.previous = previous
        #: What the next holder shall find even after a proper end.
        self.left_behind: dict[str, Any] = {}
        self._owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": Path(sys.argv[0]).name,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self.note()

    def note(self, **facts: Any) -> None:
        """Write who holds the lock and `facts`. A note is a comfort: a full disk does not end the run."""
        content = json.dumps({**self._owner, **facts}).encode()
        with suppress(OSError):
            os.pwrite(self._descriptor, content, 0)
            os.ftruncate(self._descriptor, len(content))

    def clear(self) -> None:
        content = json.dumps(self.left_behind).encode() if self.left_behind else b""
        with suppress(OSError):
            os.pwrite(self._descriptor, content, 0)
            os.ftruncate(self._descriptor, len(content))


@contextmanager
def lock(path: Path, what: str, wait: float = 0.0, check: Callable[[], None] = lambda: None) -> Iterator[Lock]:
    """Hold the lock file at `path`; the kernel releases it when the process dies, however it dies.

    Raises LockedError, naming the owner, if it is not free within `wait` seconds; what `check`, asked while waiting,
    raises.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise storage_error(path, error) from error
    try:
        end = time.monotonic() + wait
        while not _try_flock(descriptor, path):
            if time.monotonic() >= end:
                raise LockedError(f"{what} is running already ({_owner(descriptor)}); wait for it or stop it")
            check()
            time.sleep(0.05)
        held = Lock(descriptor, _read_note(descriptor))
        try:
            yield held
        finally:
            held.clear()
    finally:
        os.close(descriptor)


def state_folder(root: Path) -> Path:
    """The folder of the hub at `root` that is ours alone: no user and no visitor gets at it."""
    return root.absolute() / "store" / "[data]" / "faces"


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock file at `path` just now."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try_flock(descriptor, path)
    finally:
        os.close(descriptor)


def _try_flock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise StorageError(
            f"cannot lock {path}: {error.strerror}; "
            "this file system has no locks, mount it with locking or work on a copy"
        ) from error
    return True


def _read_note(descriptor: int) -> dict[str, Any]:
    try:
        note = json.loads(os.pread(descriptor, 1 << 20, 0) or b"{}")
    except (OSError, ValueError, RecursionError):
        return {}
    return note if isinstance(note, dict) else {}


def _owner(descriptor: int) -> str:
    note = _read_note(descriptor)
    if "pid" not in note:
        return "owner unknown"
    return (
        f"process {note['pid']} on {note.get('host', '?')}, {note.get('command', '?')} since {note.get('started', '?')}"
    )
