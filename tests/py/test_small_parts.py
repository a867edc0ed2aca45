"""Guard, dates, plan, availability's child: the smaller rules."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from faces.errors import RamLimitReached, StopRequested, TimeLimitReached
from faces.exiftool import ExifTool
from faces.guard import Guard, ram_percent
from faces.jobs.plan import Lack, Wanted, lacking
from faces.metadata import Dates, parse_date
from faces.records import FACE, FAILED, NONE, FaceRow


def test_the_guard_ends_a_run() -> None:
    clock = iter([0.0, 1.0, 11.0])
    guard = Guard(100, 10, clock=lambda: next(clock))
    guard.check()
    with pytest.raises(TimeLimitReached, match="10 seconds"):
        guard.check()
    with pytest.raises(RamLimitReached, match="91 percent"):
        Guard(90, used_ram=lambda: 91.0).check()
    Guard(90, used_ram=lambda: 89.0).check()
    assert 0 < ram_percent() < 100


def test_signals_are_requests_to_stop_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Guard() as guard:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StopRequested, match="SIGTERM"):
            guard.check()
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("text", "date"),
    [("2008:05:30 15:56:01", "2008-05-30T15:56:01"), ("2008:05:30 15:56:01+02:00", "2008-05-30T15:56:01+02:00"),
     ("2008-05-30T15:56:01Z", "2008-05-30T15:56:01+00:00"), ("2008:05:30 15:56:01.1230", "2008-05-30T15:56:01.123"),
     ("0000:00:00 00:00:00", ""), ("2008:02:30 10:00:00", ""), ("", ""), ("yesterday", ""), ("1700:01:01 00:00:00", ""),
     ((datetime.now() + timedelta(days=400)).strftime("%Y:%m:%d 00:00:00"), "")],
)  # fmt: skip
def test_dates(text: str, date: str) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize("executable", [None, ""])
def test_the_date_of_a_real_photo_with_and_without_exiftool(portraits: Path, executable: str | None) -> None:
    from faces.images import decode

    tool = ExifTool(executable)
    dates = Dates(tool)
    path = portraits / "obama.jpg"
    assert dates.taken(path, decode(path, 100).taken)[0] == "2012-12-06T15:46:01"
    assert tool._tool is None  # it had nothing to add
    for _ in range(3):
        with_exiftool = executable is None and shutil.which("exiftool")
        assert dates.taken(path, "")[0] == ("2012-12-06T15:46:01" if with_exiftool else "")
    if with_exiftool:
        assert tool._failures == 0 and tool._tool.running  # one process for all of them
    tool.close()


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "tiff"])
def test_exiftool_is_asked_where_there_is_more_than_exif_tells(tmp_path: Path, ending: str) -> None:
    from faces.images import decode
    from PIL import Image

    path = tmp_path / f"photo.{ending}"
    Image.new("RGB", (64, 48), "red").save(path)
    tool = ExifTool()
    dates = Dates(tool)
    assert dates.taken(path, "", decode(path, 100).has_more) == ("", "")
    assert tool._tool is None or ending == "tiff"
    subprocess.run(["exiftool", "-q", "-XMP:DateTimeOriginal=2011:02:03 04:05:06", str(path)], check=True)
    found = decode(path, 100)
    assert found.has_more and not found.taken
    assert dates.taken(path, found.taken, found.has_more) == ("2011-02-03T04:05:06", "DateTimeOriginal")
    tool.close()


@pytest.mark.parametrize("script", ["exit 3", "exec sleep 60", "read line; exit 1", "echo 12.0; exit 0"])
def test_a_broken_exiftool_costs_nothing_but_itself(tmp_path: Path, script: str) -> None:
    """pyexiftool itself waits for ever, at full load, when the process dies."""
    broken = tmp_path / "exiftool"
    broken.write_text(f"#!/bin/sh\n{script}\n")
    broken.chmod(0o755)
    tool = ExifTool(str(broken))
    dates = Dates(tool)
    tool.seconds = 1.0
    threads = threading.active_count()
    for _ in range(5):
        assert dates.taken(tmp_path / "a.jpg", "") == ("", "")
        assert dates.taken(tmp_path / "a.jpg", "2008:05:30 15:56:01")[0] == "2008-05-30T15:56:01"
    tool.close()
    time.sleep(0.3)
    assert threading.active_count() <= threads


WANTED = Wanted(("yunet",), ("Dlib",))


def row(status: str = FACE, **more: object) -> FaceRow:
    values = {"detector": "yunet", "model": "Dlib", "face": "f", "width": 100, **more}
    return FaceRow(status, "", "a.jpg", "c", 1, 2, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "wanted", "lack"),
    [
        ([], WANTED, Lack(("yunet",))),
        ([row()], WANTED, Lack()),
        ([row(NONE)], WANTED, Lack()),
        ([row()], Wanted(("yunet", "dlib"), ("Dlib",)), Lack(("dlib",))),
        ([row()], Wanted(("yunet",), ("Dlib", "SFace")), Lack((), ("SFace",))),
        ([row(model="")], WANTED, Lack((), ("Dlib",))),
        ([row()], Wanted(("yunet",), ("Dlib",), ("Age",)), Lack((), (), ("Age",))),
        ([row(age=3.0)], Wanted(("yunet",), ("Dlib",), ("Age",)), Lack()),
        ([row(FAILED, detector="", model="", attempts=2)], WANTED, Lack(("yunet",))),
        ([row(FAILED, detector="", model="", attempts=3)], WANTED, Lack()),
        ([row(FAILED, model="", attempts=3)], Wanted(("yunet", "dlib"), ("Dlib",)), Lack(("dlib",))),
        ([row(model=""), row(FAILED, face="", attempts=3)], WANTED, Lack()),
        ([row(NONE, min_width=0.3)], Wanted(("yunet",), ("Dlib",), (), 20), Lack(("yunet",))),
        ([row(NONE, min_width=0.3)], Wanted(("yunet",), ("Dlib",), (), 40), Lack()),
        ([row(detector="dlib")], WANTED, Lack(("yunet",))),
    ],
)
def test_what_a_photo_lacks(rows: list[FaceRow], wanted: Wanted, lack: Lack) -> None:
    assert lacking(rows, wanted) == lack
