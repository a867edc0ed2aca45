"""How many cores a run has, and how it shares them out. Set before engines are loaded."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: More photos at a time than this take more memory than they save time on a small hub; --jobs sets it.
MOST_JOBS = 4

_each = 0


def available() -> int:
    """Cores that this process may use: by its affinity, and by the quota of its container (cgroup v2)."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        count = min(count, -(-int(quota) // int(period)))
    return max(1, count)


def jobs(wanted: int = 0) -> int:
    """Photos to look at at a time; `wanted` 0 leaves it to us."""
    return wanted or min(available(), MOST_JOBS)


def share(jobs: int) -> None:
    """So many threads work beside each other: each engine then uses what is left to it."""
    global _each
    _each = max(1, available() // jobs)


def each() -> int:
    """Threads for an engine."""
    return _each or available()
