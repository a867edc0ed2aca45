"""The self-check: what works on this machine, and what it costs. Each detector, model and attribute is loaded and run
in a child process of its own, which may crash, hang or eat memory without taking the check down.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from faces import children
from faces.errors import FacesError, StopRequested, StorageError, WeightsMissing
from faces.files import DataFile
from faces.guard import ram_percent

#: Of the JSON object.
VERSION = 1
PACKAGES = (
    "deepface",
    "onnxruntime",
    "opencv",
    "mediapipe",
    "numpy",
    "pyarrow",
    "fastparquet",
    "mysql-connector-python",
    "psutil",
    "pyexiftool",
)
_DISTRIBUTIONS = {
    "opencv": ("opencv-contrib-python-headless", "opencv-contrib-python", "opencv-python-headless", "opencv-python")
}
#: What no run does without, module -> package: if one is missing, nothing is tried.
_NEEDED = {"numpy": "numpy", "cv2": "opencv", "PIL": "pillow", "pyarrow": "pyarrow", "psutil": "psutil"}
_EXIFTOOL_SECONDS = 20
#: So long a child that was killed may take to go; one that waits for a dead disk never does.
_KILL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing tried: `kind` is detector, model or demography. `reason` is empty if it works, else why not and what
    to do."""

    kind: str
    name: str
    reason: str
    #: Percent of the machine's memory that was used at the end; 0 where psutil is missing.
    ram: float
    #: The whole check.
    seconds: float
    #: The most memory that the child had at once (MB, resident); 0: unknown.
    megabytes: float = 0.0
    #: Loading, imports included; 0 if it does not work.
    seconds_load: float = 0.0
    #: A run after the first one: of a detector on a picture of 1600 x 1200, of a model or an attribute on one face.
    seconds_each: float = 0.0


def versions(ask: Callable[[], None] = lambda: None) -> dict[str, str]:
    """What is installed, by name; "missing" where it is not. Nothing is imported. Raises what `ask` raises."""
    return {**_packages(), "exiftool": _exiftool(ask)}


def _packages() -> dict[str, str]:
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        found[package] = "missing"
        for distribution in _DISTRIBUTIONS.get(package, (package,)):
            with suppress(metadata.PackageNotFoundError):
                found[package] = metadata.version(distribution) or "broken"
                break
    return found


def _exiftool(ask: Callable[[], None]) -> str:
    executable = shutil.which("exiftool")
    if not executable:
        return "missing"
    try:
        end = _run([executable, "-config", "", "-ver"], 100, _EXIFTOOL_SECONDS, ask)
    except OSError:
        return "broken"
    return next((line for line in end.lines if re.fullmatch(r"\d+(\.\d+)+", line)), "broken")


def missing_packages() -> list[str]:
    """Those that no run does without, and that are not there."""
    found = [package for module, package in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if "psutil" not in found:
        try:
            import psutil  # noqa: F401  # the check itself needs it, and a package made for another Python is none
        except ImportError:
            found.append("psutil")
    return found


def lacks(*packages: str) -> str:
    """What to tell a person about packages that are missing."""
    what = f"package {packages[0]} is" if len(packages) == 1 else f"packages {', '.join(packages)} are"
    return f"the Python {what} missing: run `make setup`, then start the program with .venv/bin/python"


def used_ram() -> float:
    """How much of the machine's memory is used, 0..100; 0 where psutil is missing."""
    try:
        return round(ram_percent(), 2)
    except ImportError:
        return 0.0


class Check:
    """A self-check of `wanted` (kind -> names), each ended after `seconds`, or when more than `ram` percent of the
    machine's memory is used and it has a share in it. How it goes is in `output`, a file that is replaced as a whole at
    each step (None: nowhere). `ask` is called all the time; what it raises ends the check.
    """

    def __init__(
        self,
        wanted: dict[str, tuple[str, ...]],
        ram: float,
        seconds: float,
        output: Path | None = None,
        ask: Callable[[], None] = lambda: None,
    ):
        self._wanted = [(kind, name) for kind, names in wanted.items() for name in names]
        self._ram, self._seconds, self._ask = ram, seconds, ask
        self._output = _PrivateFile(output) if output else None
        self._started, self._checking = _now(), ""
        self._finished = self._stopped = False
        self.versions = _packages()
        self.missing = missing_packages()
        self.findings: list[Finding] = []

    @property
    def ok(self) -> bool:
        """Whether photos can be searched: at least one detector and one model work."""
        return {"detector", "model"} <= {found.kind for found in self.findings if not found.reason}

    def to_json(self) -> dict[str, Any]:
        """All that is known by now."""
        return {
            "version": VERSION,
            "python": sys.executable,
            "started": self._started,
            "updated": _now(),
            "done": len(self.findings),
            "total": len(self._wanted),
            "checking": self._checking,
            "finished": self._finished,
            "stopped": self._stopped,
            "ok": self.ok,
            "cores": len(os.sched_getaffinity(0)),
            "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
            "versions": self.versions,
            "findings": [{**dataclasses.asdict(found), "works": not found.reason} for found in self.findings],
        }

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Around the check. Raises StopRequested if it was stopped, StorageError if `output` cannot be written."""
        try:
            self._note("exiftool")
            self.versions["exiftool"] = _exiftool(self._ask)
            yield
        except (StopRequested, KeyboardInterrupt) as error:
            self._stopped = True
            with suppress(StorageError):
                self._note("")
            raise StopRequested("the check was stopped; nothing of it is left running") from error
        self._finished = True
        self._note("")

    def run(self) -> Iterator[Finding]:
        """Try each in turn."""
        for kind, name in self._wanted:
            self._note(f"{kind} {name}")
            if self.missing:
                self.findings.append(Finding(kind, name, lacks(*self.missing), used_ram(), 0.0))
            else:
                self.findings.append(_try_in_child(kind, name, self._ram, self._seconds, self._ask))
            self._note("")
            yield self.findings[-1]

    def _note(self, checking: str) -> None:
        self._checking = checking
        if self._output:
            text = json.dumps(self.to_json(), ensure_ascii=False)
            self._output.write(text.encode("utf-8", "replace"))  # a path need not be UTF-8, JSON has to be


class _PrivateFile(DataFile):
    """Readable by its owner only, whatever was there before."""

    def _keep_owner_and_mode(self, descriptor: int) -> None:
        super()._keep_owner_and_mode(descriptor)
        os.fchmod(descriptor, 0o600)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _try_in_child(kind: str, name: str, ram: float, seconds: float, ask: Callable[[], None]) -> Finding:
    start = time.monotonic()
    command = [sys.executable, "-P", "-m", "faces.jobs.availability", kind, name, str(os.getpid())]
    times: dict[str, float] = {}
    try:
        end = _run(command, ram, seconds, ask)
        megabytes = round(end.megabytes, 1)
        reason, times = (end.ended, {}) if end.ended else _answer(end)
    except OSError as error:  # no memory or no room for another process
        megabytes, reason = 0.0, f"it cannot be tried ({error.strerror}); end other programs and try again"
    return Finding(kind, name, reason, used_ram(), round(time.monotonic() - start, 2), megabytes, **times)


def _answer(end: _End) -> tuple[str, dict[str, float]]:
    """The reason and the times, from the last line that the child wrote."""
    try:
        answer = json.loads(end.lines[-1])
        reason = str(answer["reason"])
        times = {key: round(float(answer[key]), 4) for key in ("seconds_load", "seconds_each")}
        return reason, {} if reason else times
    except (IndexError, ValueError, KeyError, TypeError):
        why = f"signal {-end.code}" if end.code < 0 else f"exit code {end.code}"
        last = f": {end.lines[-1][:200]}" if end.lines else ""
        return f"it crashed when loaded ({why}){last}; reinstall its package, or use another one", {}


@dataclass(frozen=True, slots=True)
class _End:
    """How a child ended. `ended`: why it was killed by us, "" if it was not. `code`: as subprocess has it. `lines`: the
    last of what it wrote."""

    ended: str
    code: int
    megabytes: float
    lines: list[str]


def _run(command: Sequence[str], ram: float, seconds: float, ask: Callable[[], None]) -> _End:
    """Run it in a session of its own; nothing of it is left, however that ends. Raises OSError, what `ask` raises."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=children.environment(),
            start_new_session=True,
        )
        try:
            ended = _watch(child.pid, ram, seconds, ask)
        finally:
            megabytes = _clear_away(child)
        output.seek(max(0, output.seek(0, os.SEEK_END) - 20_000))
        lines = output.read().decode("utf-8", "replace").strip().splitlines()
    return _End(ended, child.returncode, megabytes, lines)


def _watch(pid: int, ram: float, seconds: float, ask: Callable[[], None]) -> str:
    """Wait for the child, which stays a zombie; "" if it ended by itself, else why it is to be ended."""
    end = time.monotonic() + seconds
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        ask()
        if time.monotonic() > end:
            return f"it took longer than {seconds:g} seconds; a slow download: try again, or give more with --timeout"
        if ram < 100 and ram_percent() > ram and _share(pid) > 5:
            return f"it needs more memory than is free (limit {ram:g} percent); use a smaller one, or more memory"
        time.sleep(0.02)
    return ""


def _share(pid: int) -> float:
    """Percent of the machine's memory that a process has."""
    import psutil

    try:
        return float(psutil.Process(pid).memory_percent())
    except psutil.Error:
        return 0.0


def _clear_away(child: subprocess.Popen[bytes]) -> float:
    """Kill the child, ended or not, and what it started; its peak of memory in MB. Until it is waited for, its number
    is no other process's, and so is its group's."""
    others = _descendants(child.pid)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    for other in others:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(other, signal.SIGKILL)
    end = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < end:
        # Not Popen's own wait: this tells the resources of this child, not of all until now.
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage.ru_maxrss / 1024
        time.sleep(0.01)
    child.returncode = -signal.SIGKILL  # it has the signal, and no more can be done
    return 0.0


def _descendants(pid: int) -> list[int]:
    """What a process started that lives, also in groups of their own."""
    try:
        import psutil
    except ImportError:
        return []
    with suppress(psutil.Error):
        return [process.pid for process in psutil.Process(pid).children(recursive=True)]
    return []


#: What is not in the core set, as pip is to be told (README, Extras).
EXTRAS = {"mediapipe": "-e '.[mediapipe]'", "mtcnn": "-e '.[mtcnn]'", "Buffalo_L": "insightface"}


def probe(kind: str, name: str) -> dict[str, Any]:
    """Load it and run it twice on a picture without a face: `reason` ("" if that works), `seconds_load`, and
    `seconds_each`, of the second run: the first one still sets things up."""
    start = time.monotonic()
    reason = ""
    try:
        run = _loaded(kind, name)
        loaded = time.monotonic()
        run()
        again = time.monotonic()
        run()
        return {"reason": "", "seconds_load": loaded - start, "seconds_each": time.monotonic() - again}
    except WeightsMissing as error:
        cause = error.__cause__
        named = cause.name if isinstance(cause, ModuleNotFoundError) else ""
        advised = "pip install" in str(error)
        reason = lacks(named) if named and not advised else str(error).removeprefix(f"{kind} {name}: ")
        if advised and name in EXTRAS:  # deepface's advice knows nothing of our environment and versions
            reason = (
                f"its package is not installed; in the program's folder: {sys.prefix}/bin/pip install {EXTRAS[name]}"
            )
    except FacesError as error:
        reason = str(error)
    except ModuleNotFoundError as error:
        reason = lacks(error.name or str(error))
    return {"reason": reason, "seconds_load": 0.0, "seconds_each": 0.0}


def _loaded(kind: str, name: str) -> Callable[[], object]:
    """What runs it once."""
    import numpy as np

    from faces.detector import find_faces
    from faces.embedder import embed_checked
    from faces.models import Models
    from faces.records import Box, Detection

    models = Models()
    grey = np.full((1200, 1600, 3), 128, np.uint8)
    face = Detection(Box(60, 80, 120, 120), 1.0)
    if kind == "detector":
        detector = models.detector(name)
        return lambda: find_faces(detector, grey)
    if kind == "model":
        embedder = models.embedder(name)
        crops = [embedder.align(grey, face)]
        return lambda: embed_checked(embedder, crops)
    attribute = models.attribute(name)
    return lambda: attribute.guess(grey, face)


def _end_with(parent: int) -> None:
    """Linux kills us when the check is killed (kill -9): there is nobody else to do it."""
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":  # the child
    _end_with(int(sys.argv[3]))
    print(json.dumps(probe(sys.argv[1], sys.argv[2])), flush=True)
    os._exit(0)  # libraries that crash while they are being torn down have no say in it
