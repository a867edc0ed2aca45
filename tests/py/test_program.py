"""The program as a process: exit codes, output, locks, signals, kill -9."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from faces import parquet, store
from faces.files import DataFile, lock
from faces.folders import PlainAlbum
from fakes import draw
from places import ROOT
from steps import ids, names, rows, until

Program = Callable[..., CompletedProcess[str]]
FAKE = ROOT / "tests" / "py" / "fake_program.py"


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["detect"], ["detect", "--directory", "/nonexistent"], ["detect", "--directory", "{dir}", "--ram", "0"],
     ["detect", "--directory", "{dir}", "--ram", "x"], ["detect", "--directory", "{dir}", "--detectors", "nonesuch"],
     ["detect", "--directory", "{dir}", "--time-limit", "-1"], ["detect", "--directory", "{dir}", "--loglevel", "9"],
     ["detect", "--directory", "{dir}", "--demography", "Height"], ["remove", "--directory", "{dir}"],
     ["remove", "--directory", "{dir}", "--all"], ["name", "{dir}/nowhere.jpg", "Ada"], ["name", "{dir}/a.png#9", "Ada"],
     ["name", "{dir}/a.png", ""], ["name", "{dir}/a.png", "\n\t"], ["name", "{dir}/a.png", "Ada", "--unknown"], ["report", "/nonexistent"]],
)  # fmt: skip
def test_wrong_options_end_with_2_and_a_reason(drawn: Path, program: Program, arguments: list[str]) -> None:
    answer = program(*[argument.replace("{dir}", str(drawn)) for argument in arguments])
    assert answer.returncode == 2, answer.stderr
    assert answer.stderr.strip() and "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_the_whole_way(drawn: Path, program: Program, tmp_path: Path) -> None:
    answer = program("detect", "--directory", drawn, "--json")
    assert answer.returncode == 0 and answer.stderr == ""
    *photos, last = map(json.loads, answer.stdout.splitlines())
    assert sorted(line["photo"] for line in photos) == ["a.png", "b.png", "empty.png", "sub/c.png"]
    assert photos[-1]["done"] == photos[-1]["total"] == 4
    assert last["summary"]["faces"] == 4
    assert program("name", drawn / "b.png#2", "Gwen").returncode == 0
    assert program("name", drawn / "b.png", "Gwen").returncode == 2  # which one?
    assert "1 named (1 people)" in program("recognize", "--directory", drawn).stdout
    assert "Nothing changed" in program("detect", "--directory", drawn).stdout
    assert program("report", drawn, "--output", tmp_path / "r.html").returncode == 0
    answer = program("remove", "--directory", drawn, "--all", "--yes")
    assert answer.returncode == 0 and "files" in answer.stdout
    assert not [path for path in drawn.rglob("*") if path.is_file() and path.suffix != ".png"]


def test_one_dash_and_an_empty_folder(tmp_path: Path, program: Program) -> None:
    answer = program("detect", "--directory", tmp_path, "-demography", "off")
    assert answer.returncode == 0 and "0 photos" in answer.stdout


def test_locked_by_another_run(drawn: Path, program: Program) -> None:
    with lock(PlainAlbum(drawn).lock("detect.lock"), "test"):
        answer = program("detect", "--directory", drawn)
        assert answer.returncode == 3 and f"process {os.getpid()}" in answer.stderr
        assert program("remove", "--directory", drawn, "--names", "--yes").returncode == 3
    with lock(PlainAlbum(drawn).lock("recognize.lock"), "test"):
        assert program("recognize", "--directory", drawn).returncode == 3


def test_limits_have_codes_of_their_own(drawn: Path, program: Program) -> None:
    answer = program("detect", "--directory", drawn, "--ram", "1")
    assert answer.returncode == 4 and "percent of the memory" in answer.stderr
    for number in range(20):  # more than are looked at at a time
        draw(drawn / "sub" / f"d{number}.png", {"blue": (1 + number, 1)})
    answer = program("detect", "--directory", drawn, "--time-limit", "1", FAKE_DETECTOR="slow")
    assert answer.returncode == 5 and "run again" in answer.stderr
    assert len(rows(drawn)) == 4


def test_failures_have_codes_of_their_own(drawn: Path, program: Program) -> None:
    answer = program("detect", "--directory", drawn, FAKE_DETECTOR="raises")
    assert answer.returncode == 8 and "1 failed" in answer.stdout
    assert "sub/c.png: detector yunet failed: the net fell over" in (drawn / "faces" / "faces.log").read_text()
    for photo in drawn.rglob("*.png"):
        photo.write_bytes(b"gone bad")
    assert program("detect", "--directory", drawn).returncode == 6


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stores_what_is_done(tmp_path: Path, number: signal.Signals) -> None:
    for i in range(30):
        draw(tmp_path / f"{i:02}.png", {"blue": (10, 10)}, shade=i)
    process = subprocess.Popen([sys.executable, str(FAKE), "detect", "--directory", str(tmp_path)], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env={**os.environ, "FAKE_DETECTOR": "slow"})  # fmt: skip
    until((tmp_path / "faces" / "faces.log").exists)  # a busy machine takes seconds to start a program
    time.sleep(2)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 9, (out, err)
    assert "run again to go on" in err and "Traceback" not in err
    assert 0 < len(rows(tmp_path)) < 30
    assert len(names(tmp_path)) == len(rows(tmp_path))


@pytest.mark.parametrize(("level", "expected"), [(-1, False), (0, False), (1, True), (2, True), (4, True)])
def test_the_log_is_overwritten_and_as_talkative_as_asked(
    drawn: Path, program: Program, tmp_path: Path, level: int, expected: bool
) -> None:
    log = tmp_path / "logs" / "faces.log"
    log.parent.mkdir()
    log.write_text("old")
    program("detect", "--directory", drawn, "--logfile", log, "--loglevel", level)
    assert ("recognized:" in log.read_text()) == expected
    assert ("a.png: 1 face(s)" in log.read_text()) == (level >= 2)
    assert "old" not in log.read_text()


def test_two_at_once_do_each_photo_once(tmp_path: Path) -> None:
    for i in range(10):
        draw(tmp_path / f"{i}.png", {"red": (10, 10)}, shade=i)
    runs = [subprocess.Popen([sys.executable, str(FAKE), "detect", "--directory", str(tmp_path)], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL) for _ in range(3)]  # fmt: skip
    assert sorted(run.wait(60) for run in runs)[0] == 0
    assert {run.returncode for run in runs} <= {0, 3}
    assert len(rows(tmp_path)) == 10


def test_names_appended_by_many_at_once_are_all_there(drawn: Path, program: Program) -> None:
    program("detect", "--directory", drawn)
    runs = [subprocess.Popen([sys.executable, str(FAKE), "name", str(drawn / "a.png"), f"Name {i}"], stdout=subprocess.DEVNULL)
            for i in range(12)]  # fmt: skip
    assert {run.wait(60) for run in runs} == {0}
    written = {d.name for d in store.read_decisions(DataFile(drawn / "faces" / "names.csv"))}
    assert written == {f"Name {i}" for i in range(12)}


def test_kill_9_at_any_moment_costs_no_name_and_leaves_readable_files(tmp_path: Path) -> None:
    """25 runs, or some more, killed after a random time while photos and names are added; then one that may finish."""
    chance = random.Random(7)
    album = tmp_path / "album"
    (album / "faces").mkdir(parents=True)
    (album / "faces" / "config.json").write_text('{"worker": {"store_seconds": 1}}')
    command = [sys.executable, str(FAKE), "detect", "--directory", str(album)]
    given: dict[str, str] = {}
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # nothing to do: what a start costs here and now
    slow = max(1.0, (time.monotonic() - start) / 0.5)
    for number in range(60):
        if number >= 25 and len(given) > 5:
            break  # on a busy machine few runs come as far as to store something
        for i in range(3):
            draw(
                album / f"f{number % 4}" / f"{number}-{i}.png",
                {"red": (10, 10), "blue": (90, 20)},
                shade=number * 3 + i,
            )
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "FAKE_DETECTOR": ""}
        )
        time.sleep(chance.uniform(0.4, 1.4) * slow)
        process.kill()
        process.wait()
        for folder in PlainAlbum(album).folders():  # readable, whole, at any moment
            parquet.read_faces(folder.pkl)
            store.read_shown(folder.csv)
        faces = [key for key, face in names(album).items() if not face or face[0] == "?"]
        if faces:
            photo = chance.choice(faces)
            name = f"Person {number}"
            subprocess.run(
                [sys.executable, str(FAKE), "name", str(album / photo), name], check=True, stdout=subprocess.DEVNULL
            )
            given[ids(album)[photo]] = name
    # --retry: a photo that three of these runs in a row died over is given up for a culprit
    assert subprocess.run([*command, "--retry"], check=False, stdout=subprocess.DEVNULL).returncode == 0
    final = {face: name for key, face in ids(album).items() if (name := names(album)[key]) and not name.startswith("?")}
    assert len(given) > 5
    assert final == given
    assert len(names(album)) == 2 * len(list(album.rglob("*.png")))
    assert not list(album.rglob(".faces-tmp-*")) or len(list(album.rglob(".faces-tmp-*"))) < 25


def test_help_and_version(program: Program) -> None:
    assert program("--version").stdout.startswith("faces ")
    for command in ("detect", "recognize", "remove", "availability", "name", "report"):
        answer = program(command, "--help")
        assert answer.returncode == 0 and "examples:" in answer.stdout and "exit codes:" in answer.stdout


@pytest.mark.parametrize("script", ["availability", "detect", "recognize", "remove"])
def test_the_entry_scripts_are_the_same_program(script: str) -> None:
    answer = subprocess.run(
        [sys.executable, ROOT / "py" / f"{script}.py", "--help"], capture_output=True, text=True, check=True
    )
    assert f"usage: {script}.py" in answer.stdout


def test_a_missing_package_is_named(drawn: Path, tmp_path: Path) -> None:
    """As on a hub where the system's Python runs the script."""
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')")
    answer = subprocess.run([sys.executable, ROOT / "py" / "detect.py", "--directory", drawn], capture_output=True, text=True,
                            check=False, env={**os.environ, "PYTHONPATH": str(tmp_path)})  # fmt: skip
    assert answer.returncode == 12 and "numpy is missing: run `make setup`" in answer.stderr
