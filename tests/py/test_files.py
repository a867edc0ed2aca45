"""Files that survive, and locks that the kernel keeps."""

from __future__ import annotations

import multiprocessing
import os
import resource
import stat
from pathlib import Path

import pytest
from faces.errors import LockedError, StorageError
from faces.files import TEMP_PREFIX, DataFile, lock


def test_write_reads_back_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "new" / "faces.csv")
    assert file.read() is None
    assert file.write(b"one") and file.read() == b"one"
    assert os.listdir(tmp_path / "new") == ["faces.csv"]


def test_the_same_content_is_not_written(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.csv")
    file.write(b"one")
    before = file.path.stat().st_ino
    assert not file.write(b"one")
    assert file.path.stat().st_ino == before


def test_mode_and_owner_are_kept(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.csv")
    file.write(b"one")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file.path, 65534, 65534)
    owner = file.path.stat().st_uid
    file.write(b"two")
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o640
    assert file.path.stat().st_uid == owner


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "faces.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(StorageError, match="symbolic link"):
        DataFile(tmp_path / "faces.csv").read()
    with pytest.raises(StorageError, match="symbolic link"):
        DataFile(tmp_path / "faces.csv").write(b"x")
    with pytest.raises(StorageError):
        DataFile(tmp_path / "faces.csv").append(b"x\n", b"")
    assert (tmp_path / "secret").read_text() == "secret"


def _write_on_a_full_disk(path: Path, append: bool) -> None:
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        if append:
            DataFile(path).append(b"y" * 600 + b"\n", b"")
        else:
            DataFile(path).write(b"x" * 5000)
    except StorageError as error:
        os._exit(42 if "cannot write" in str(error) else 1)
    os._exit(0)


@pytest.mark.parametrize("append", [False, True])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, append: bool) -> None:
    """A limit on the size of files stands in for a full disk: the kernel refuses the write all the same."""
    old = b"o" * 500 + b"\n"
    (tmp_path / "f").write_bytes(old)
    child = multiprocessing.get_context("fork").Process(target=_write_on_a_full_disk, args=(tmp_path / "f", append))
    child.start()
    child.join()
    assert child.exitcode == 42
    assert (tmp_path / "f").read_bytes() == old
    assert [name for name in os.listdir(tmp_path) if name.startswith(TEMP_PREFIX)] == []


def test_appending_ends_a_torn_line_first(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "names.csv")
    file.append(b"a,b\n", b"head\n")
    with file.path.open("ab") as raw:
        raw.write(b"torn,li")
    file.append(b"c,d\n", b"head\n")
    assert file.read() == b"head\na,b\ntorn,li\nc,d\n"


def test_set_aside_never_overwrites(tmp_path: Path) -> None:
    file = DataFile(tmp_path / "faces.pkl")
    for number in range(3):
        file.write(str(number).encode())
        file.set_aside("damaged")
    kept = sorted(path.read_bytes() for path in tmp_path.iterdir())
    assert kept == [b"0", b"1", b"2"]


def test_a_second_lock_names_the_owner(tmp_path: Path) -> None:
    with lock(tmp_path / "l", "another run") as held:
        held.note(photo="a.jpg")
        with pytest.raises(LockedError, match=f"another run is running already .process {os.getpid()}"), \
                lock(tmp_path / "l", "another run"):  # fmt: skip
            pass
    with lock(tmp_path / "l", "another run") as held:
        assert held.previous == {}  # a proper end leaves nothing behind


def _die_with_lock(path: Path) -> None:
    with lock(path, "x") as held:
        held.note(photo="b.jpg")
        os._exit(9)


def test_the_lock_of_a_dead_process_is_free_and_tells_what_it_did(tmp_path: Path) -> None:
    child = multiprocessing.get_context("fork").Process(target=_die_with_lock, args=(tmp_path / "l",))
    child.start()
    child.join()
    with lock(tmp_path / "l", "x") as held:
        assert held.previous["photo"] == "b.jpg"
