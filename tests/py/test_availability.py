"""The self-check: exact lines, the file for the page, and children that crash, hang or eat memory."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from faces import cli
from faces.jobs import availability
from places import ROOT
from steps import until

SCRIPT = ROOT / "py" / "availability.py"
FOUND = r"Found %s \(\d+ MB, loads in \d+\.\d s, \d+(\.\d+)? s each\)"


def check(kind: str, *names: str, ram: float = 100, seconds: float = 20) -> list[availability.Finding]:
    return list(availability.Check({kind: names}, ram, seconds).run())


def started(*arguments: object, python: str | Path = sys.executable, **environment: str) -> subprocess.Popen[str]:
    """The check as a process, which a test may send signals."""
    return subprocess.Popen(
        [str(python), str(SCRIPT), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
    )  # fmt: skip


def alive(mark: Path) -> list[str]:
    """Processes with `mark` in their command line or environment, however far from us."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and str(mark) in f"{process.cmdline()} {process.environ()}":
                found.append(f"{process.pid} {process.cmdline()}")
        except psutil.Error:
            continue
    return [line for line in found if not line.startswith(f"{os.getpid()} ")]


def test_the_lines_are_exactly_these(capfd: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.run(["availability", "--detectors", "dlib,opencv,ssd", "--models", "Dlib,SFace", "-demography", "off"]) == 0
    )
    lines = capfd.readouterr().out.splitlines()
    ram = re.compile(r"RAM memory % used: \d+\.\d\d")
    tried = lines[lines.index(next(line for line in lines if ram.fullmatch(line))) :]
    assert all(ram.fullmatch(line) for line in tried[::2])
    said = tried[1::2]
    assert re.fullmatch(FOUND % "detector dlib", said[0]) and re.fullmatch(FOUND % "detector opencv", said[1])
    assert said[2].startswith("Missing detector ssd: ") or re.fullmatch(FOUND % "detector ssd", said[2])
    assert re.fullmatch(FOUND % "model Dlib", said[3])
    assert said[4].startswith("Missing model SFace: ") or re.fullmatch(FOUND % "model SFace", said[4])
    versions = dict(line.split(" ", 1) for line in lines[: len(lines) - len(tried)])
    assert set(versions) == {"Python", "deepface", "onnxruntime", "opencv", "mediapipe", "numpy", "pyarrow", "fastparquet",
                             "mysql-connector-python", "psutil", "pyexiftool", "exiftool"}  # fmt: skip
    assert versions["Python"] == ".".join(map(str, sys.version_info[:3]))


def test_json_says_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["availability", "--detectors", "dlib", "--models", "Dlib", "--demography", "Age", "--json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["ok"] is True and answer["versions"]["deepface"] == "0.0.103"
    assert [(f["kind"], f["name"]) for f in answer["findings"]] == [
        ("detector", "dlib"),
        ("model", "Dlib"),
        ("demography", "Age"),
    ]
    assert all(f["works"] == (not f["reason"]) and 0 < f["ram"] < 100 for f in answer["findings"])


def test_without_a_model_that_works_it_ends_with_7(capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["availability", "--detectors", "dlib", "--models", "Buffalo_L", "--demography", "off"]) == 7
    assert "at least one detector and one model" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("body", "reason"),
    [("os.abort()", "it crashed when loaded (signal 6)"), ("os._exit(3)", "it crashed when loaded (exit code 3)"),
     ("time.sleep(60)", "it took longer than 10 seconds"), ("print('nonsense')", "it crashed when loaded (exit code 0): nonsense"),
     ("raise SystemExit('no libGL')", "it crashed when loaded (exit code 1): no libGL")],
)  # fmt: skip
def test_a_child_that_crashes_or_hangs_is_told_and_the_check_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, reason: str
) -> None:
    """A module dlib in front of the real one does what a broken package would."""
    (tmp_path / "dlib.py").write_text(f"import os, time\n{body}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    if body.startswith("print"):
        (tmp_path / "dlib.py").write_text("import os\nprint('nonsense', flush=True)\nos._exit(0)\n")
    [broken, works] = check("detector", "dlib", "opencv", seconds=10 if "sleep" in body else 60)
    assert (broken.seconds_load, broken.seconds_each) == (0, 0)
    assert broken.reason.startswith(reason)
    assert works.reason == ""


def test_a_child_that_eats_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dlib.py").write_text(
        "import time\nkept = []\nwhile True:\n    kept.append(bytearray(b'x') * (64 << 20))\n    time.sleep(0.02)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    limit = psutil.virtual_memory().percent + 8
    if psutil.virtual_memory().total > 64 << 30 or limit > 80:
        pytest.skip("filling this machine's memory would take too long, or it is full already")
    [finding] = check("detector", "dlib", ram=limit, seconds=60)
    assert "needs more memory than is free" in finding.reason


# --- costs ------------------------------------------------------------------------------------------------------------

#: A dlib that takes known times and memory, and tells how large a picture it was given.
SLOW = """
import os, time
time.sleep(0.5)
kept = bytearray(b"x") * (200 << 20)
runs = []

class Detector:
    def run(self, image, upsampled):
        assert image.shape == (768, 1024, 3), image.shape  # 1600 x 1200, reduced as for a run
        runs.append(1)
        time.sleep(1.0 if len(runs) == 1 else 0.2)
        return [], [], []

get_frontal_face_detector = Detector
"""


def test_costs_are_those_of_this_child(tmp_path: Path) -> None:
    (tmp_path / "dlib.py").write_text(SLOW)
    run = started("--detectors", "dlib,opencv", "--models", "Dlib", "--demography", "off", "--json",
                  PYTHONPATH=str(tmp_path))  # fmt: skip
    out, _ = run.communicate(timeout=60)
    dlib, opencv, model = json.loads(out)["findings"]
    assert dlib["works"] and 200 < dlib["megabytes"] < 400
    assert 0.5 <= dlib["seconds_load"] < 1.4 and 0.2 <= dlib["seconds_each"] < 0.6
    assert dlib["seconds"] > 0.5 + 1.0 + 0.2
    assert opencv["works"] and 30 < opencv["megabytes"] < 200 and opencv["seconds_load"] > 0 < opencv["seconds_each"]
    assert not model["works"] and model["seconds_load"] == model["seconds_each"] == 0 < model["megabytes"]


def test_real_engines_have_costs() -> None:
    [model] = check("model", "Dlib")
    assert model.reason == "" and model.megabytes > 30 and 0 < model.seconds_each < model.seconds < 20


# --- the file for the page --------------------------------------------------------------------------------------------


def test_the_file_is_whole_at_every_moment(tmp_path: Path) -> None:
    file = tmp_path / "check.json"
    file.write_text("{}")
    file.chmod(0o644)
    run = started(
        "--output", file, "--detectors", "dlib,opencv,ssd", "--models", "Dlib", "--demography", "off", "--json"
    )
    seen: list[dict[str, Any]] = []
    while run.poll() is None:
        answer = json.loads(file.read_bytes())
        if answer and (not seen or answer != seen[-1]):
            seen.append(answer)
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    last = json.loads(file.read_bytes())
    assert list(seen[0]) == ["version", "python", "started", "updated", "done", "total", "checking", "finished",
                                        "stopped", "ok", "cores", "memory", "versions", "findings"]  # fmt: skip
    wanted = ["exiftool", "", "detector dlib", "", "detector opencv", "", "detector ssd", "", "model Dlib", ""]
    checking = [answer["checking"] for answer in seen]
    assert [text for text in wanted if text] == list(dict.fromkeys(text for text in checking if text))
    for answer in seen:
        assert answer["done"] == len(answer["findings"]) <= answer["total"] == 4
        assert answer["versions"]["Python"] and answer["versions"]["numpy"] != "missing" and answer["version"] == 1
        for key in ("started", "updated"):
            moment = datetime.strptime(answer[key], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            assert abs(datetime.now(UTC) - moment) < timedelta(minutes=2)
        assert not answer["finished"] or answer["done"] == 4
        assert not answer["ok"] or answer["done"] == 4  # a detector alone is not enough
    assert (last["finished"], last["stopped"], last["checking"], last["ok"]) == (True, False, "", True)
    assert last["python"] == sys.executable and last["cores"] >= 1 and last["memory"] > 100
    assert run.returncode == 0
    printed = json.loads(run.communicate()[0])
    assert {**printed, "updated": ""} == {**last, "updated": ""}
    assert [path.name for path in tmp_path.iterdir()] == ["check.json"]


@pytest.mark.parametrize("place", ["folder", "link", "/dev/null", "/proc/nowhere"])
def test_a_place_that_cannot_be_written_is_said_at_once(
    tmp_path: Path, place: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    assert cli.run(["availability", "--output", str(tmp_path / place), "--detectors", "dlib", "--models", "Dlib"]) == 11
    said = capfd.readouterr()
    assert said.out == "" and place in said.err
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_path_that_is_not_utf8_makes_no_bad_json(tmp_path: Path) -> None:
    weights = os.fsdecode(os.fsencode(tmp_path) + b"/w\xff")
    run = started("--output", tmp_path / "check.json", "--detectors", "yunet", "--models", "Dlib", "--demography", "off",
                  DEEPFACE_HOME=weights, https_proxy="http://127.0.0.1:9")  # fmt: skip
    run.communicate(timeout=60)
    reason = json.loads((tmp_path / "check.json").read_text("utf-8"))["findings"][0]["reason"]
    assert "w?/.deepface" in reason and reason.encode("utf-8")  # half a surrogate is no JSON for PHP


# --- stopping ---------------------------------------------------------------------------------------------------------

#: A dlib that hangs, as does what it started: in its group, and in one of its own.
HANGS = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"
subprocess.Popen([sys.executable, "-c", code])
subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
open(__file__ + ".hangs", "w").close()
time.sleep(99)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_check_and_all_that_it_started(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "dlib.py").write_text(HANGS)
    file = tmp_path / "check.json"
    run = started("--output", file, "--detectors", "opencv,dlib", "--models", "Dlib", PYTHONPATH=str(tmp_path))
    until((tmp_path / "dlib.py.hangs").exists)
    assert len(alive(tmp_path)) == 4
    assert json.loads(file.read_text())["checking"] == "detector dlib"
    run.send_signal(number)
    start = time.monotonic()
    _, err = run.communicate(timeout=20)
    assert time.monotonic() - start < 3
    assert (run.returncode, err) == (9, "faces: the check was stopped; nothing of it is left running\n")
    until(lambda: alive(tmp_path) == [], 3)
    answer = json.loads(file.read_text())
    assert (answer["finished"], answer["stopped"], answer["checking"]) == (False, True, "")
    assert [found["name"] for found in answer["findings"]] == ["opencv"]


def test_kill_9_ends_the_child_too(tmp_path: Path) -> None:
    (tmp_path / "dlib.py").write_text("import time\nopen(__file__ + '.hangs', 'w').close()\ntime.sleep(99)\n")
    run = started("--detectors", "dlib", PYTHONPATH=str(tmp_path))
    until((tmp_path / "dlib.py.hangs").exists)
    run.kill()
    run.communicate()
    until(lambda: alive(tmp_path) == [], 5)


def test_a_hanging_exiftool_is_stopped_too(tmp_path: Path) -> None:
    tool = tmp_path / "exiftool"
    tool.write_text("#!/bin/sh\ntouch $0.hangs\nsleep 99\n")
    tool.chmod(0o755)
    run = started("--output", tmp_path / "check.json", PATH=f"{tmp_path}:{os.environ['PATH']}")
    until((tmp_path / "exiftool.hangs").exists)
    assert json.loads((tmp_path / "check.json").read_text())["checking"] == "exiftool"
    run.terminate()
    run.communicate(timeout=5)
    assert run.returncode == 9
    until(lambda: alive(tmp_path) == [], 3)


def test_a_child_that_hangs_leaves_nothing_when_its_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dlib.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    [finding] = check("detector", "dlib", seconds=2)
    assert finding.reason.startswith("it took longer than 2 seconds")
    until(lambda: alive(tmp_path) == [], 3)


def test_what_a_child_left_running_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dlib.py").write_text(
        "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\nsys.exit(3)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    [finding] = check("detector", "dlib")
    assert "exit code 3" in finding.reason
    until(lambda: alive(tmp_path) == [], 3)


# --- packages that are missing ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with no package at all, as Debian's."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / "bin" / "python"


def test_without_any_package_it_says_which_are_missing(bare: Path, tmp_path: Path) -> None:
    file = tmp_path / "check.json"
    run = started("--output", file, python=bare, PYTHONPATH="")
    out, err = run.communicate(timeout=20)
    assert run.returncode == 12
    assert err == (
        "faces: the Python packages numpy, opencv, pillow, pyarrow, psutil are missing: run `make setup`, "
        "then start the program with .venv/bin/python\n"
    )
    answer = json.loads(file.read_text())
    assert (answer["finished"], answer["ok"], answer["done"]) == (True, False, answer["total"]) and answer[
        "total"
    ] == 21
    assert answer["python"] == str(bare)
    own = {"Python": answer["versions"]["Python"], "exiftool": answer["versions"]["exiftool"]}
    assert answer["versions"] == {**dict.fromkeys(availability.PACKAGES, "missing"), **own}
    assert all("psutil are missing: run `make setup`" in found["reason"] for found in answer["findings"])
    assert out.count("Missing ") == 21 and "psutil missing\n" in out


def test_a_psutil_that_cannot_be_loaded_is_missing(tmp_path: Path) -> None:
    (tmp_path / "psutil.py").write_text("raise ImportError('made for another Python')\n")
    run = started("--detectors", "dlib", "--models", "Dlib", "--demography", "off", "--json", PYTHONPATH=str(tmp_path))
    out, err = run.communicate(timeout=20)
    assert run.returncode == 12 and "psutil is missing: run `make setup`" in err and "Traceback" not in err
    assert json.loads(out)["ok"] is False


@pytest.mark.parametrize(("package", "kind", "name"), [("numpy", "model", "Dlib"), ("deepface", "detector", "opencv")])
def test_a_missing_package_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, kind: str, name: str
) -> None:
    (tmp_path / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('No module named {package}', name={package!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    [finding] = check(kind, name)
    assert (
        finding.reason
        == f"the Python package {package} is missing: run `make setup`, then start the program with .venv/bin/python"
    )
