"""Who looks at photos: the workers of a Dask cluster (https://distributed.dask.org), started by somebody else.

A photo travels as its bytes: workers need neither the files nor the hub. They need this program, of the same version,
and the weights. What they find comes back; only the run that asked writes anything. A worker that dies costs nothing:
the scheduler gives its photos to others. A photo that outlives none of them is given up like one that kills the
program at home.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from faces import __version__, cores
from faces.errors import ClusterLost, PackageMissing, WeightsMissing
from faces.jobs.examine import Examined, Task, examine
from faces.models import Models

#: Seconds for the scheduler to answer, and for a worker to come (back).
PATIENCE = 60
#: Seconds for which it is believed how many threads the cluster has: to ask costs a way to the scheduler and back.
FRESH = 5.0
#: Photos that are sent ahead for each thread of the cluster, so that none waits for the network.
AHEAD = 3


class Cluster:
    """Raises ClusterLost if the scheduler does not answer, PackageMissing without dask.distributed."""

    def __init__(self, scheduler: str):
        try:
            from distributed import Client
        except ImportError as error:
            raise PackageMissing(f"--scheduler needs {error.name}: pip install 'faces[cluster]'") from error
        self._scheduler = scheduler
        self._ahead, self._asked = AHEAD, -FRESH
        #: Threads of all workers on each machine.
        self._machines: Counter[str] = Counter()
        for part in (
            "distributed",
            "distributed.client",
            "distributed.core",
            "asyncio",
        ):  # what matters, our own errors say
            logging.getLogger(part).setLevel(logging.CRITICAL)
        try:
            self._client = Client(scheduler, timeout=PATIENCE, name="faces", set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterLost(f"no Dask scheduler answers at {scheduler}: {error}") from error

    @property
    def ahead(self) -> int:
        """Asked for after every photo."""
        if time.monotonic() - self._asked >= FRESH:
            self._ask()
        return self._ahead

    def _ask(self) -> None:
        threads, self._asked = self._threads(), time.monotonic()
        self._ahead, self._machines = AHEAD * max(1, sum(threads.values())), Counter()
        for address, count in threads.items():
            self._machines[_machine(address)] += count

    def submit(self, task: Task) -> RemoteAnswer:
        if not self._machines:
            self._ask()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a photo has more bytes than code usually has
            photo = task.photo.read_bytes() if isinstance(task.photo, Path) else task.photo
            future = self._client.submit(
                examine_here, replace(task, photo=photo), __version__, dict(self._machines), pure=False
            )
        return RemoteAnswer(self, future)

    def wait(self, future: Any) -> Examined:
        """What came of it. Raises ClusterLost if the scheduler or all workers stay away."""
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        left = PATIENCE
        while True:
            try:
                return future.result(timeout=1)
            except TimeoutError:
                left = PATIENCE if self._threads() else left - 1
                if left <= 0:
                    raise ClusterLost(f"no worker is left at {self._scheduler}; what was done is stored") from None
            except KilledWorker:
                return Examined("the workers of the cluster died while working on it (out of memory, or a crash)")
            except WeightsMissing as error:
                raise WeightsMissing(f"on a worker of {self._scheduler}: {error}") from error
            except (CancelledError, CommClosedError, OSError) as error:
                raise ClusterLost(f"the scheduler at {self._scheduler} is gone; what was done is stored") from error

    def close(self) -> None:
        self._client.close(timeout=5)

    def _threads(self) -> dict[str, int]:
        """Threads of each worker there is; none when the scheduler is away."""
        try:
            return dict(self._client.nthreads())
        except Exception:  # tornado's and asyncio's own
            return {}


class RemoteAnswer:
    def __init__(self, cluster: Cluster, future: Any):
        self._cluster, self._future = cluster, future

    def result(self) -> Examined:
        return self._cluster.wait(self._future)

    def cancel(self) -> None:
        self._future.cancel()


def _machine(address: str) -> str:
    """Of a worker, "tcp://10.0.0.5:37921"."""
    return address.rpartition(":")[0]


def examine_here(task: Task, version: str, machines: Mapping[str, int]) -> Examined:
    """On a worker. Raises WeightsMissing if an engine is missing here, or the program is another one. `machines`: the
    threads of all workers on each, which share its cores."""
    if version != __version__:
        raise WeightsMissing(f"it has version {__version__} of this program, the run {version}; install the same")
    with _LOADING:
        models = _models(machines)
        for name in task.detectors:
            models.detector(name)
        for name in task.models:
            models.embedder(name)
        for name in task.demography:
            models.attribute(name)
    return examine(task, models)


_LOADING = threading.Lock()


_loaded: list[Models] = []


def _models(machines: Mapping[str, int]) -> Models:
    """Those of this process."""
    if not _loaded:
        import cv2
        from distributed import get_worker

        worker = get_worker()
        cores.share(machines.get(_machine(worker.address), worker.state.nthreads))
        cv2.setNumThreads(cores.each())
        cores.give_memory_back()
        _loaded.append(Models())
    return _loaded[0]
