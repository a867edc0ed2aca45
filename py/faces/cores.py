"""How many cores a run has, and how it shares them out; and what threads cost in memory. Set before engines are
loaded."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path

#: More photos at a time than this take more memory than they save time on a small hub; --jobs sets it.
MOST_JOBS = 4

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # malloc.h

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


def give_memory_back() -> None:
    """Tell the C library to return large blocks to the system at once: pictures come in all sizes, and what is kept of
    each in each thread adds up. Only glibc knows how (mallopt(3)); others do without."""
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 1 << 20)
        libc.mallopt(_M_ARENA_MAX, 2)


def trim_memory() -> None:
    """Have the C library give back what lies unused between small blocks (malloc_trim(3)): a few milliseconds."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
