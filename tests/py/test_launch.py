"""launch.py's request to stop, and Pythons that are too old for the program. (What the page starts: test_web_worker.py.)"""

from __future__ import annotations

import ast
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from places import ROOT
from steps import until

LAUNCH = ROOT / "py" / "launch.py"
SCRIPTS = ("availability", "detect", "recognize", "remove")
#: Pythons that are too old, where pyenv has some. Not every machine does, so the version is faked, too.
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
OLD = sorted(path for minor in (7, 8, 9, 10) for path in PYENV.glob(f"3.{minor}.*/bin/python"))


class Launched:
    """A program under launch.py, with the lock as descriptor 3, as the page starts it."""

    def __init__(self, folder: Path, text: str, python: str | Path = sys.executable):
        self.state, self.folder, self.python = folder / "state", folder, python
        self.program = folder / "program.py"
        self.program.write_text(f"import os, signal, subprocess, sys, time\n{text}\n")

    def start(self, *arguments: str) -> Launched:
        subprocess.run(
            ["sh", "-c", 'exec 3>>"$0"; flock -n 3 && exec "$@"', f"{self.state}.lock", self.python, LAUNCH, self.state,
             "2", self.folder / "log", sys.executable, self.program, *arguments],
            check=True, timeout=20,
        )  # fmt: skip
        return self

    def file(self, suffix: str) -> Path:
        return Path(f"{self.state}.{suffix}")

    def stop(self, seconds: str = "0") -> None:
        part = self.file("part")
        part.write_text(seconds)
        part.replace(self.file("stop"))

    def is_over(self) -> bool:
        """The lock is free: launch.py is gone, the program is, and so is whoever had it from them."""
        with self.file("lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def outcome(self) -> list[str]:
        """Code, time, last of stderr."""
        until(self.is_over)
        return self.file("outcome").read_text().split("\n", 2)

    def alive(self) -> list[int]:
        return [
            p.pid for p in psutil.process_iter(["cmdline"]) if str(self.folder) in " ".join(p.info["cmdline"] or ())
        ]


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[Callable[..., Launched]]:
    made: list[Launched] = []

    def make(text: str, **more: Any) -> Launched:
        made.append(Launched(tmp_path, text, **more))
        return made[-1]

    yield make
    for pid in {pid for one in made for pid in one.alive()}:
        os.kill(pid, signal.SIGKILL)


READY = "open(sys.argv[0] + '.ready', 'w').close()\n"
SLEEP = READY + "print('at work', file=sys.stderr, flush=True)\ntime.sleep(60)"


def is_ready(one: Launched) -> bool:
    return Path(f"{one.program}.ready").exists()


@pytest.mark.parametrize("content", ["0", "", "soon", "-5", "nan", "inf", "1e400", "\0\0", "0" * 100_000])
def test_a_stop_at_once(launched: Callable[..., Launched], content: str) -> None:
    one = launched(SLEEP).start()
    until(lambda: is_ready(one))
    one.stop(content)
    start = time.monotonic()
    code, _, errors = one.outcome()
    assert (code, errors) == (str(128 + signal.SIGTERM), "at work\n")
    assert time.monotonic() - start < 5
    assert not one.file("stop").exists()
    until(lambda: one.alive() == [])  # launch.py gives the lock back before it is gone


def test_who_ends_by_himself_in_time_gets_no_signal(launched: Callable[..., Launched]) -> None:
    one = launched(READY + "time.sleep(3)\nsys.exit(9)").start()
    until(lambda: is_ready(one))
    one.stop("30")
    assert one.outcome()[0] == "9" and not one.file("stop").exists()


def test_the_time_left_counts_from_when_it_is_seen(launched: Callable[..., Launched]) -> None:
    one = launched(SLEEP).start()
    until(lambda: is_ready(one))
    one.stop("3")
    start = time.monotonic()
    assert one.outcome()[0] == "143"
    assert 3 <= time.monotonic() - start < 8


def test_a_request_may_be_made_shorter_or_taken_back(launched: Callable[..., Launched]) -> None:
    one = launched(SLEEP).start()
    until(lambda: is_ready(one))
    one.stop("3")
    time.sleep(1.5)
    one.file("stop").unlink()
    time.sleep(2.5)
    one.stop("3")  # counts anew
    time.sleep(1.5)
    assert not one.is_over()
    one.stop("60")
    time.sleep(1.5)
    one.stop("0")
    assert one.outcome()[0] == "143"


@pytest.mark.slow
def test_who_ignores_sigterm_is_killed_with_what_he_started(launched: Callable[..., Launched]) -> None:
    """The grandchild has the lock, too: it would keep everybody out."""
    one = launched(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', sys.argv[0]], pass_fds=[3])\n" + SLEEP
    ).start()
    until(lambda: is_ready(one))
    assert len(one.alive()) == 3
    one.stop()
    start = time.monotonic()
    time.sleep(8)
    assert not one.is_over()
    assert one.outcome()[0] == str(128 + signal.SIGKILL)
    assert 10 <= time.monotonic() - start < 16
    until(lambda: one.alive() == [])


def test_what_a_stopped_program_leaves_behind_does_not_keep_the_lock(launched: Callable[..., Launched]) -> None:
    one = launched(
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)', sys.argv[0]], pass_fds=[3])\n" + SLEEP
    ).start()
    until(lambda: is_ready(one))
    one.stop()
    assert one.outcome()[0] == "143"
    until(lambda: one.alive() == [])


def test_a_stale_request_stops_nothing(launched: Callable[..., Launched]) -> None:
    one = launched(READY + "time.sleep(2.5)")
    one.stop()
    time.sleep(0.05)
    one.start()
    assert one.outcome()[0] == "0" and not one.file("stop").exists()


def test_what_is_no_file_is_no_request(launched: Callable[..., Launched], tmp_path: Path) -> None:
    (tmp_path / "zero").write_text("0")
    for make in (lambda path: path.mkdir(), lambda path: path.symlink_to(tmp_path / "zero")):
        one = launched(READY + "time.sleep(2.5)").start()
        until(lambda one=one: is_ready(one))
        make(one.file("stop"))
        assert one.outcome()[0] == "0"
        one.file("stop").rmdir() if one.file("stop").is_dir() else None
        Path(f"{one.program}.ready").unlink()


def test_what_was_asked_for_before_a_stop_does_not_follow_it(launched: Callable[..., Launched]) -> None:
    one = launched("open(sys.argv[0] + '.runs', 'a').write('x')\n" + SLEEP).start()
    until(lambda: is_ready(one))
    one.file("again").write_text("alice")
    time.sleep(0.05)
    one.stop()
    assert one.outcome()[0] == "143"
    assert Path(f"{one.program}.runs").read_text() == "x" and not one.file("again").exists()


def test_what_was_asked_for_after_a_stop_does(launched: Callable[..., Launched]) -> None:
    one = launched(
        "runs = open(sys.argv[0] + '.runs', 'a')\nif runs.tell():\n    runs.write('y'); sys.exit(0)\n"
        "runs.write('x'); runs.close()\nsignal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), sys.exit(9)))\n"
        + SLEEP
    ).start()
    until(lambda: is_ready(one))
    one.stop()
    time.sleep(0.05)
    one.file("again").write_text("alice")
    assert one.outcome()[0] == "0"
    assert Path(f"{one.program}.runs").read_text() == "xy"


def test_a_program_that_ends_without_a_request_is_noted_as_before(launched: Callable[..., Launched]) -> None:
    assert launched("sys.exit('bad')").start().outcome()[0::2] == ["1", "bad\n"]
    assert launched("os.kill(os.getpid(), signal.SIGKILL)").start().outcome()[0] == "137"


# --- a Python that is too old -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SCRIPTS, "entry", "launch"])
def test_python_3_7_can_read_the_scripts(name: str) -> None:
    ast.parse((ROOT / "py" / f"{name}.py").read_text(), feature_version=(3, 7))


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("version", [(3, 7, 3), (3, 10, 13)])
def test_a_python_that_is_too_old_says_so(script: str, version: tuple[int, ...]) -> None:
    """Where no old Python is to be had, this one says that it is old."""
    path = ROOT / "py" / f"{script}.py"
    wrapper = (
        f"import runpy, sys; sys.version_info = {(*version, 'final', 0)!r}; sys.path.insert(0, {str(path.parent)!r}); "
        f"sys.argv = [{str(path)!r}]; runpy.run_path({str(path)!r}, run_name='__main__')"
    )
    answer = subprocess.run([sys.executable, "-c", wrapper], capture_output=True, text=True, check=False)
    own = ".".join(map(str, version))
    assert (answer.returncode, answer.stdout) == (12, "")
    assert answer.stderr == (
        f"faces: needs Python 3.11 or later, this is {own} ({sys.executable}): "
        "make setup PYTHON=/path/of/python3.11, or name another one in the hub's settings\n"
    )


@pytest.mark.parametrize("python", OLD, ids=lambda path: path.parent.parent.name)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_real_python_that_is_too_old_says_so(python: Path, script: str) -> None:
    answer = subprocess.run(
        [python, "-B", ROOT / "py" / f"{script}.py", "--help"], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stdout) == (12, "")
    assert answer.stderr.startswith("faces: needs Python 3.11 or later, this is 3.") and answer.stderr.count("\n") == 1


@pytest.mark.parametrize("python", OLD, ids=lambda path: path.parent.parent.name)
def test_launch_works_with_a_python_that_is_too_old(python: Path, launched: Callable[..., Launched]) -> None:
    one = launched("sys.exit(subprocess.call(sys.argv[1:]))", python=python)
    one.start(str(python), "-B", str(ROOT / "py" / "availability.py"))
    code, _, errors = one.outcome()
    assert code == "12" and errors.startswith("faces: needs Python 3.11")
    one = launched(SLEEP, python=python).start()
    until(lambda: is_ready(one))
    one.stop("1")
    assert one.outcome()[0] == "143"


def test_the_code_is_that_of_a_missing_package() -> None:
    from faces.errors import PackageMissing

    assert f"PACKAGE_MISSING = {PackageMissing.exit_code}\n" in (ROOT / "py" / "entry.py").read_text()


def test_a_stopped_check_leaves_its_word(launched: Callable[..., Launched], tmp_path: Path) -> None:
    """The whole way of the admin's page: launch.py, the check, a child that hangs, STATE.stop."""
    (tmp_path / "dlib.py").write_text("import time\ntime.sleep(99)\n")
    file = tmp_path / "check.json"
    one = launched(
        f"os.environ['PYTHONPATH'] = {str(tmp_path)!r}\n"
        f"os.execv(sys.executable, [sys.executable, {str(ROOT / 'py' / 'availability.py')!r}, '--output', {str(file)!r},"
        " '--detectors', 'dlib'])"
    ).start()
    until(lambda: file.exists() and json.loads(file.read_text())["checking"] == "detector dlib")
    one.stop()
    code, _, errors = one.outcome()
    assert code == "9" and errors == "faces: the check was stopped; nothing of it is left running\n"
    assert json.loads(file.read_text())["stopped"] is True
