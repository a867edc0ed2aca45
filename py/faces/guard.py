"""What keeps a run within bounds: limits of memory and time, and requests to stop. Checked between photos."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from faces.errors import RamLimitReached, StopRequested, TimeLimitReached


def ram_percent() -> float:
    """How much of the machine's memory is used, 0..100."""
    import psutil

    return float(psutil.virtual_memory().percent)


class Guard:
    """`check()` between photos raises what ends the run; what is done by then is stored by the job.

    As a context manager it takes SIGTERM, SIGINT and SIGHUP (a terminal that is closed) as requests to stop. A second
    Ctrl-C ends at once.
    """

    def __init__(
        self,
        ram: float = 100.0,
        seconds: float = 0.0,
        *,
        outer: Guard | None = None,
        asked: Callable[[], str] = lambda: "",
        used_ram: Callable[[], float] = ram_percent,
        clock: Callable[[], float] = time.monotonic,
    ):
        """`outer`: a guard over this one. `asked`: the reason why somebody wants the run to stop, or ""."""
        self._outer, self._asked = outer, asked
        self._ram, self._seconds, self._used_ram, self._clock = ram, seconds, used_ram, clock
        self._start = clock()
        self._signal = ""
        self._before: dict[int, Any] = {}

    def check(self) -> None:
        if self._outer:
            self._outer.check()
        if reason := self._signal or self._asked():
            raise StopRequested(f"stopped by {reason}; what was done is stored, run again to go on")
        if self._seconds and self._clock() - self._start >= self._seconds:
            raise TimeLimitReached(
                f"the time limit of {self._seconds:g} seconds is reached; what was done is stored, run again to go on"
            )
        if self._ram < 100 and (used := self._used_ram()) > self._ram:
            raise RamLimitReached(
                f"{used:.0f} percent of the memory is used, the limit is {self._ram:g} (--ram); "
                "what was done is stored, run again when there is more room"
            )

    @property
    def is_over(self) -> bool:
        """Whether a signal or the time limit ends everything under this guard, not just what is at work now."""
        return bool(self._signal or (self._seconds and self._clock() - self._start >= self._seconds))

    def __enter__(self) -> Guard:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:  # nohup
                continue
            try:
                self._before[number] = signal.signal(number, self._on_signal)
            except ValueError:  # not in the main thread: whoever runs us there handles signals
                break
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _: FrameType | None) -> None:
        if self._signal and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._signal = signal.Signals(number).name
