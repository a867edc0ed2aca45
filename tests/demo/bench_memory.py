"""A long run's memory, for `make bench`: the program itself, as a process of its own under a limit."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from bench_rows import Bench, Row, span

#: Of the process, in MB of 2^20 bytes.
LIMIT = 700
MOST = 300
TEXT = f"""`faces detect --json` on 1,000 photos of 12 megapixels: 40 different ones, copied with a comment in each file, so that
no two have the same content and all are detected. The kernel's high-water mark of the process (VmHWM; exiftool, which it
asks for dates, is a process of its own and not in it) is set back through /proc/PID/clear_refs when half of the photos are
done, so that each half has its own peak; where that is not allowed, the most that is seen of VmRSS 50 times a second. The
limit of {LIMIT} MB is RLIMIT_DATA, which counts all private memory that is asked for, whether it is used or not."""


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


def thousand(bench: Bench) -> list[Row]:
    bench.photos.yunet()
    count, different = (60, 8) if bench.runs == 1 else (1000, 40)
    folder = bench.photos.thousand(count, different)
    command = [sys.executable, "-m", "faces", "detect", "--directory", str(folder), "--detectors", "yunet", "--models", "Dlib",
               "--json"]  # fmt: skip
    limit = LIMIT << 20
    start = time.perf_counter()
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=bench.environment(),
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)))  # fmt: skip
    watch, first, summary = Watch(run.pid), 0.0, {}
    assert run.stdout and run.stderr
    for line in run.stdout:
        told = json.loads(line)
        summary = told.get("summary", summary)
        if told.get("done") == count // 2:
            first = watch.ask()
    code, said = run.wait(), run.stderr.read().strip()
    seconds, second = time.perf_counter() - start, watch.ask()
    if not summary or not first:
        raise RuntimeError(f"faces detect ended with {code}: {said[-500:]}")
    done = f"{summary['done']:,} of {count:,} photos, {summary['failed']} failed, exit code {code}"
    what = f"faces detect on {count:,} photos of 12 megapixels"
    grown = second / first - 1
    return [
        Row(f"{what}: peak memory", f"{span(seconds / count)} a photo, {summary['faces']:,} faces", peak=f"{max(first, second):.0f}",
            bar=f"less than {MOST} MB", met=max(first, second) < MOST),
        Row(f"{what}: peak of the second half against the first", f"{second:.0f} MB", f"{first:.0f} MB", f"{grown:+.1%}",
            bar="at most 5 % more", met=grown <= 0.05),
        Row(f"{what}: within RLIMIT_DATA of {LIMIT} MB", done, bar="all done",
            met=code == 0 and summary["done"] == count),
    ]  # fmt: skip
