"""The self-check: exact lines, and children that crash, hang or eat memory."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from faces import cli
from faces.jobs import availability

Program = Callable[..., CompletedProcess[str]]


def test_the_lines_are_exactly_these(capfd: pytest.CaptureFixture[str]) -> None:
    assert (
        cli.run(["availability", "--detectors", "dlib,opencv,ssd", "--models", "Dlib,SFace", "-demography", "off"]) == 0
    )
    lines = capfd.readouterr().out.splitlines()
    ram = re.compile(r"RAM memory % used: \d+\.\d\d")
    tried = lines[lines.index(next(line for line in lines if ram.fullmatch(line))) :]
    assert all(ram.fullmatch(line) for line in tried[::2])
    said = tried[1::2]
    assert said[:2] == ["Found detector dlib", "Found detector opencv"]
    assert said[2].startswith("Missing detector ssd: ") or said[2] == "Found detector ssd"
    assert said[3] == "Found model Dlib"
    assert said[4].startswith("Missing model SFace: ") or said[4] == "Found model SFace"
    versions = dict(line.split(" ", 1) for line in lines[: len(lines) - len(tried)])
    assert set(versions) == {"Python", "deepface", "onnxruntime", "opencv", "mediapipe", "pyarrow", "fastparquet",
                             "mysql-connector-python", "exiftool"}  # fmt: skip
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
     ("time.sleep(60)", "it took longer than 3 seconds"), ("print('nonsense')", "it crashed when loaded (exit code 0): nonsense"),
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
    [broken, works] = availability.check({"detector": ("dlib", "opencv")}, 100, 3)
    assert broken.reason.startswith(reason)
    assert works.reason == ""


def test_a_child_that_eats_memory_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    (tmp_path / "dlib.py").write_text(
        "import time\nkept = []\nwhile True:\n    kept.append(bytearray(b'x') * (64 << 20))\n    time.sleep(0.02)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    limit = psutil.virtual_memory().percent + 8
    if psutil.virtual_memory().total > 64 << 30 or limit > 80:
        pytest.skip("filling this machine's memory would take too long, or it is full already")
    [finding] = availability.check({"detector": ("dlib",)}, limit, 60)
    assert "needs more memory than is free" in finding.reason
