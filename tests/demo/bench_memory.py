"""A long run's memory, for `make bench`: the program itself, as a process of its own under a limit."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock, Thread

from bench_rows import Bench, Row, span

#: Of the process, in MB of 2^20 bytes.
LIMIT = 700
MOST = 300
TEXT = f"""`faces detect --json` on 1,000 photos of 12 megapixels: 40 different ones, copied with a comment in each file, so that
no two have the same content and all are detected. The kernel's high-water mark of the process (VmHWM; exiftool, which it
asks for dates, is a process of its own and not in it) is set back through /proc/PID/clear_refs when half of the photos are
done, so that each half has its own peak; where that is not allowed, the second one is the most that is seen of VmRSS 50
times a second. The
limit of {LIMIT} MB, in a run of its own, is RLIMIT_DATA, which counts all private memory that is asked for, whether it is used or not."""


class Watch:
    """The most memory that a process has, in MB, since it was last asked."""

    def __init__(self, pid: int):
        self._place, self._key, self._most, self._lock = Path(f"/proc/{pid}"), "VmHWM:", 0.0, Lock()
        Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            with self._lock, suppress(OSError):
                lines = (self._place / "status").read_text().splitlines()
                found = [int(line.split()[1]) / 1024 for line in lines if line.startswith(self._key)]
                if not found:  # it has ended
                    return
                self._most = max(self._most, *found)
            if not self._place.exists():
                return
            time.sleep(0.02)

    def ask(self) -> float:
        """The peak so far; from now on another one."""
        with self._lock:
            try:
                (self._place / "clear_refs").write_text("5")  # proc(5)
            except OSError:
                self._key = "VmRSS:"
            most, self._most = self._most, 0.0
        return most


@dataclass
class Run:
    """How a detection went. `first`, `second`: the peak of each half of the photos, in MB; 0 if it did not get there."""

    code: int
    seconds: float
    first: float
    second: float
    done: int
    faces: int
    said: str


def detect(bench: Bench, folder: Path, count: int, limit: int = 0) -> Run:
    """`limit`: RLIMIT_DATA in MB."""

    def bound() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_DATA, (limit << 20, limit << 20))

    shutil.rmtree(folder / "faces", ignore_errors=True)
    for stored in folder.glob("faces.*"):
        stored.unlink()
    command = [sys.executable, "-m", "faces", "detect", "--directory", str(folder), "--detectors", "yunet", "--models", "Dlib",
               "--json"]  # fmt: skip
    start = time.perf_counter()
    with TemporaryFile("w+", encoding="utf-8") as errors:
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=bench.environment(),
                               preexec_fn=bound)  # fmt: skip
        watch, first, second, done, faces = Watch(run.pid), 0.0, 0.0, 0, 0
        assert run.stdout
        for line in run.stdout:
            told = json.loads(line)
            faces += told.get("faces", 0)
            done += "photo" in told and not told["error"]
            if told.get("done") == count // 2:
                first = watch.ask()
        code, seconds = run.wait(), time.perf_counter() - start
        second = watch.ask() if first else 0.0
        errors.seek(0)
        return Run(
            code, seconds, first, second, done, faces, errors.read().strip().rpartition("\n")[2]
        )  # the program's own word


def thousand(bench: Bench) -> list[Row]:
    bench.photos.yunet()
    count, different = (60, 8) if bench.runs == 1 else (1000, 40)
    folder = bench.photos.thousand(count, different)
    free, bound = detect(bench, folder, count), detect(bench, folder, count, LIMIT)
    if free.code or not free.first:
        raise RuntimeError(f"faces detect ended with {free.code}: {free.said}")
    what = f"faces detect on {count:,} photos of 12 megapixels"
    most, grown = max(free.first, free.second), free.second / free.first - 1
    within = f"{bound.done:,} of {count:,} photos done, exit code {bound.code}" + (
        f" ({bound.said})" if bound.code else ""
    )
    return [
        Row(f"{what}: peak memory", f"{span(free.seconds / count)} a photo, {free.faces:,} faces", peak=f"{most:.0f}",
            bar=f"less than {MOST} MB", met=most < MOST),
        Row(f"{what}: peak of the second half against the first", f"{free.second:.0f} MB", f"{free.first:.0f} MB",
            f"{grown:+.1%}", bar="at most 5 % more", met=grown <= 0.05),
        Row(f"{what}: within RLIMIT_DATA of {LIMIT} MB", within, bar="all done", met=bound.code == 0 and bound.done == count),
    ]  # fmt: skip
