"""`make demo`, as a user sees it: the first time, the second time, and with photos of one's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from places import ROOT


def demo(*arguments: object) -> str:
    command = [sys.executable, ROOT / "tests" / "demo" / "demo.py", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "py")}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def test_the_demo_names_everybody_right_and_does_nothing_the_second_time(portraits: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for photo in portraits.glob("*.*g"):
        (tmp_path / "photos" / photo.name).write_bytes(photo.read_bytes())
    assert "5 right, 0 wrong, 0 missed" in demo("--into", tmp_path)
    written = (tmp_path / "report.html").stat().st_mtime_ns
    again = demo("--into", tmp_path)
    assert again.startswith("Nothing changed: 7 photos") and "5 right, 0 wrong, 0 missed" in again
    assert (tmp_path / "report.html").stat().st_mtime_ns == written


def test_the_demo_on_photos_of_ones_own(portraits: Path, tmp_path: Path) -> None:
    own = tmp_path / "my pictures"
    own.mkdir()
    (own / "a.jpg").write_bytes((portraits / "obama.jpg").read_bytes())
    said = demo("--photos", own, "--into", tmp_path)
    assert f"remove --directory {own} --all" in said and "Nobody has a name yet" in said
    assert (tmp_path / "report.html").is_file()
