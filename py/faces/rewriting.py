"""Changing a photo's file without any risk for the photo: a copy beside it is changed, checked, and put in its place in
one step. Whatever fails, the photo is as it was, and the reason is told.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from faces.errors import DiskFull, PhotoError
from faces.files import storage_error, sync_folder
from faces.images import pixels_hash

#: Bytes that have to be free beside the copies: a change adds a few thousand.
_ROOM = 1 << 20


def rewrite(path: Path, temporary: Path, change: Callable[[Path], None], last: Callable[[Path], None]) -> None:
    """Let `change` work on a copy of the photo at `temporary`, a free name on the same disk; then put it in the photo's
    place, with the owner, rights, times and attributes that this has. `last` is called with the finished copy right
    before; what it raises ends it.

    Raises PhotoError with the reason why the photo stays as it is, DiskFull."""
    try:
        with _in_use(path) as before:
            _check_room(temporary.parent, before.st_size)
            _copy(path, temporary)
            change(temporary)
            if pixels_hash(temporary) != pixels_hash(path):
                raise PhotoError("the changed copy shows another image, so it was thrown away")
            _keep_owner(temporary, before)
            last(temporary)
            if _state(path.lstat()) != _state(before):
                raise PhotoError("another program changed it meanwhile: the next run looks at it again")
            shutil.copystat(path, temporary)  # last: one of an old time looks like one that a killed run left
            temporary.replace(path)
            sync_folder(path.parent)
    except OSError as error:
        wrong = storage_error(path, error)
        if isinstance(wrong, DiskFull):
            raise wrong from error
        raise PhotoError(str(wrong)) from error
    finally:
        for left in (temporary, temporary.with_name(f"{temporary.name}_exiftool_tmp")):
            with suppress(OSError):
                left.unlink(missing_ok=True)


@contextmanager
def _in_use(path: Path) -> Iterator[os.stat_result]:
    """The photo, held against programs that lock what they change. PhotoError if it is no file of its own, read-only,
    or held by another program."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise PhotoError("it is a symbolic link: names are written into the file that it leads to, if that is a photo")
    if not stat.S_ISREG(found.st_mode):
        raise PhotoError("it is no file")
    if not found.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise PhotoError("it is read-only")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise PhotoError(f"its folder {path.parent} is read-only")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise PhotoError("another program has locked it: the next run looks at it again") from error
            # a file system without locks
        yield found
    finally:
        os.close(descriptor)


def _check_room(folder: Path, size: int) -> None:
    """DiskFull if the copy, and the one that exiftool makes of it, do not fit: a full disk is other programs' trouble,
    too."""
    with suppress(OSError):  # a mount that does not say
        if 0 < shutil.disk_usage(folder).free < 2 * size + _ROOM:
            raise DiskFull(f"cannot write {folder}: the disk is full: free some space and run again")


def _copy(path: Path, copy: Path) -> None:
    """Nobody else may read it: the photo may be private, and lie in a folder that is not."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with path.open("rb") as source, os.fdopen(os.open(copy, flags, 0o600), "wb") as target:
        shutil.copyfileobj(source, target, _ROOM)


def _keep_owner(copy: Path, before: os.stat_result) -> None:
    if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
        with suppress(PermissionError):  # only root may give files away
            os.chown(copy, before.st_uid, before.st_gid)
    if copy.stat().st_uid != before.st_uid:
        raise PhotoError("it belongs to somebody else, and would not any more: run as its owner")
    descriptor = os.open(copy, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns
