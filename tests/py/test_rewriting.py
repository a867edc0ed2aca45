"""A photo's file is changed whole or not at all, whatever happens."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from faces.errors import DiskFull, FacesError, PhotoError
from faces.rewriting import rewrite
from fakes import draw


def add_text(copy: Path) -> None:
    """As exiftool does it: other bytes, the same image."""
    content = copy.read_bytes()
    copy.write_bytes(content[:-12] + b"\0\0\0\4tEXta\0bc" + b"\0\0\0\0" + content[-12:])


def nothing(_: Path) -> None: ...


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = draw(tmp_path / "a.png", {"red": (40, 40)}, 1)
    path.chmod(0o640)
    os.utime(path, ns=(1_000_000_000_123_456_789, 1_000_000_000_123_456_789))
    return path


def only(photo: Path) -> bool:
    """Whether nothing is left beside the photo."""
    return [path.name for path in photo.parent.iterdir()] == [photo.name]


def test_rights_and_time_and_attributes_are_kept(photo: Path) -> None:
    before, size = photo.stat(), photo.stat().st_size
    os.setxattr(photo, "user.rating", b"5")
    rewrite(photo, photo.with_name(".faces-tmp-1.png"), add_text, nothing)
    after = photo.stat()
    assert after.st_size > size and stat.S_IMODE(after.st_mode) == 0o640 and after.st_mtime_ns == before.st_mtime_ns
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert os.getxattr(photo, "user.rating") == b"5" and only(photo)


def fail(_: Path) -> None:
    raise PhotoError("it cannot be changed")


def other_pixels(copy: Path) -> None:
    draw(copy, {"blue": (40, 40)}, 1)


def torn(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("change", "reason"),
    [(fail, "cannot be changed"), (other_pixels, "shows another image"), (torn, "truncated"), (Path.unlink, "is gone")],
)
def test_a_change_that_fails_leaves_the_photo(photo: Path, change: Callable[[Path], None], reason: str) -> None:
    before = photo.read_bytes(), photo.stat().st_ino
    with pytest.raises(FacesError, match=reason):
        rewrite(photo, photo.with_name(".faces-tmp-1.png"), change, nothing)
    assert (photo.read_bytes(), photo.stat().st_ino) == before and only(photo)


def test_what_cannot_be_noted_is_not_done(photo: Path) -> None:
    before = photo.read_bytes()

    def full(_: Path) -> None:
        raise DiskFull("no room for the note")

    with pytest.raises(DiskFull):
        rewrite(photo, photo.with_name(".faces-tmp-1.png"), add_text, full)
    assert photo.read_bytes() == before and only(photo)


def test_another_program_that_changes_it_meanwhile_wins(photo: Path) -> None:
    def meanwhile(_: Path) -> None:
        draw(photo, {"green": (10, 10)}, 9)

    with pytest.raises(PhotoError, match="another program changed it"):
        rewrite(photo, photo.with_name(".faces-tmp-1.png"), add_text, meanwhile)
    assert photo.read_bytes() == draw(photo.with_name("b.png"), {"green": (10, 10)}, 9).read_bytes()


def test_read_only_and_links_and_locked_ones_are_left(photo: Path) -> None:
    before, temporary = photo.read_bytes(), photo.with_name(".faces-tmp-1.png")
    link = photo.with_name("link.png")
    link.symlink_to(photo)
    with pytest.raises(PhotoError, match="symbolic link"):
        rewrite(link, temporary, add_text, nothing)
    link.unlink()
    with photo.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(PhotoError, match="locked"):
            rewrite(photo, temporary, add_text, nothing)
    photo.chmod(0o440)
    with pytest.raises(PhotoError, match="read-only"):
        rewrite(photo, temporary, add_text, nothing)
    with pytest.raises(PhotoError, match="no file"):
        rewrite(photo.parent, temporary, add_text, nothing)
    with pytest.raises(PhotoError):
        rewrite(photo.with_name("gone.png"), temporary, add_text, nothing)
    assert photo.read_bytes() == before and only(photo)


def test_a_full_disk_ends_it(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("cannot mount a tmpfs here")
    try:
        path = draw(disk / "a.png", {"red": (40, 40)}, 1)
        (disk / "filler").write_bytes(os.urandom(os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize))
        before = path.read_bytes()
        with pytest.raises(DiskFull):
            rewrite(path, path.with_name(".faces-tmp-1.png"), add_text, nothing)
        assert path.read_bytes() == before and sorted(p.name for p in disk.iterdir()) == ["a.png", "filler"]
    finally:
        subprocess.run(["umount", disk], check=True)


def die(_: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("at", ["change", "last"])
def test_a_run_that_is_killed_leaves_the_photo(photo: Path, at: str) -> None:
    before = photo.read_bytes()
    change, last = (die, nothing) if at == "change" else (add_text, die)
    arguments = (photo, photo.with_name(".faces-tmp-1.png"), change, last)
    child = multiprocessing.get_context("fork").Process(target=rewrite, args=arguments)
    child.start()
    child.join(20)
    assert child.exitcode == -signal.SIGKILL and photo.read_bytes() == before
