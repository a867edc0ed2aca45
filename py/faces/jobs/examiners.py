"""Who looks at photos: threads of this process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from faces import cores
from faces.jobs.examine import Examined, Task, examine
from faces.models import Models


class Answer(Protocol):
    """What will come of a Task (concurrent.futures.Future is one)."""

    def result(self) -> Examined:
        """Waits for it. Raises what went wrong with the examiner; what goes wrong with the photo is in the answer."""

    def cancel(self) -> object:
        """It is not wanted any more."""


class Examiner(Protocol):
    """Looks at several photos at a time. `ahead`: as many as there should be in work or waiting."""

    @property
    def ahead(self) -> int: ...

    def submit(self, task: Task) -> Answer: ...

    def close(self) -> None: ...


class Threads:
    """Decoding, resizing and the networks leave Python's lock to others while they work, so threads share cores well
    and memory better: two processes take twice as much (MEASURED.md)."""

    def __init__(self, models: Models, jobs: int = 0):
        import cv2

        jobs = cores.jobs(jobs)
        cores.share(jobs)
        cv2.setNumThreads(cores.each())
        cores.give_memory_back()
        self._models = models
        self._pool = ThreadPoolExecutor(jobs, "examine")
        #: One more for each thread is decoded on while the answers before are worked out.
        self._ahead = 2 * jobs

    @property
    def ahead(self) -> int:
        return self._ahead

    def submit(self, task: Task) -> Answer:
        return self._pool.submit(examine, task, self._models)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
