"""A Dask cluster of two processes with the real engines. One is killed in mid-run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faces import parquet
from faces.errors import ClusterLost, WeightsMissing
from faces.files import DataFile
from faces.jobs import cluster
from faces.jobs.examine import Task
from faces.records import FaceRow
from places import ROOT

distributed = pytest.importorskip("distributed")
OPTIONS = ("--detectors", "dlib", "--models", "Dlib")


@pytest.fixture
def scheduler() -> Iterator[Any]:
    """Two workers of one thread each."""
    os.environ["PYTHONPATH"] = str(ROOT / "py")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as there:
        yield there


@pytest.fixture
def photos(portraits: Path, tmp_path: Path) -> Path:
    """The demo's, each several times in different bytes."""
    folder = tmp_path / "album"
    folder.mkdir()
    for number in range(2):
        for photo in sorted(portraits.glob("*.jpg")):
            (folder / f"{number} {photo.name}").write_bytes(photo.read_bytes() + bytes([number]))
    return folder


def detect(album: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "py" / "detect.py", "--directory", album, *OPTIONS, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def rows(album: Path) -> list[FaceRow]:
    return parquet.read_faces(DataFile(album / "faces.pkl")) or []


def same(one: FaceRow, other: FaceRow) -> bool:
    places = [
        (row.status, row.file, row.face, row.x, row.y, row.w, row.h, row.space, row.date_taken) for row in (one, other)
    ]
    return places[0] == places[1] and one.embedding == pytest.approx(other.embedding, abs=1e-6)


def test_a_cluster_finds_the_same_and_outlives_a_worker(scheduler: Any, photos: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    shutil.copytree(photos, here)
    assert detect(here).returncode == 0
    victim = next(iter(scheduler.workers.values()))

    def kill() -> None:
        with distributed.Client(scheduler) as client:
            while not sum(map(len, client.processing().values())):
                time.sleep(0.05)
        time.sleep(1)
        os.kill(victim.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    answer = detect(photos, "--scheduler", scheduler.scheduler_address)
    killer.join()
    assert answer.returncode == 0, answer.stderr
    assert len(rows(photos)) == len(rows(here)) == 12
    assert all(same(one, other) for one, other in zip(rows(photos), rows(here), strict=True))


def test_no_scheduler_is_told(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(ClusterLost, match=address):
            cluster.Cluster(address)


def test_a_cluster_without_workers_ends_the_run(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 2)
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty:
        there = cluster.Cluster(empty.scheduler_address)
        answer = there.submit(Task(next(photos.iterdir())))
        with pytest.raises(ClusterLost, match="no worker is left"):
            answer.result()
        there.close()


def test_what_was_done_before_the_scheduler_went_is_stored(scheduler: Any, photos: Path) -> None:
    command = [sys.executable, ROOT / "py" / "detect.py", "--directory", photos, *OPTIONS, "--json", "--scheduler"]
    run = subprocess.Popen(
        [*command, scheduler.scheduler_address], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout and '"done": 1' in run.stdout.readline()
    scheduler.close()
    _, errors = run.communicate(timeout=120)
    assert run.returncode == ClusterLost.exit_code, errors
    assert errors.splitlines()[-1].startswith("faces: ") and "is gone" in errors and "Traceback" not in errors
    done = len(rows(photos))
    assert 0 < done < 12
    assert detect(photos).returncode == 0  # goes on without it
    assert len(rows(photos)) == 12


@pytest.mark.parametrize("kind", ["version", "weights"])
def test_a_worker_that_cannot_do_it_says_why(
    scheduler: Any, photos: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "version":
        monkeypatch.setattr(cluster, "__version__", "0.0.0")
    there = cluster.Cluster(scheduler.scheduler_address)
    answer = there.submit(Task(next(photos.iterdir()), ("retinaface" if kind == "weights" else "dlib",)))
    with pytest.raises(
        WeightsMissing, match="on a worker of tcp.*" + ("version" if kind == "version" else "retinaface")
    ):
        answer.result()
    there.close()


def test_the_scheduler_is_not_asked_for_its_threads_after_every_photo(
    scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = cluster.Cluster(scheduler.scheduler_address)
    assert there.ahead == 2 * cluster.AHEAD
    monkeypatch.setattr(there, "_threads", lambda: {"a worker more": 3})
    assert there.ahead == 2 * cluster.AHEAD
    monkeypatch.setattr(cluster, "FRESH", 0)
    assert there.ahead == 3 * cluster.AHEAD
    there.close()


def test_a_photo_that_kills_workers_fails_alone(scheduler: Any, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = cluster.Cluster(scheduler.scheduler_address)
    future = there._client.submit(os._exit, 1, pure=False)
    assert "died" in there.wait(future).error
    good = there.submit(Task(next(photos.iterdir()), ("dlib",), ("Dlib",)))
    assert good.result().found["dlib"].looks
    there.close()


def _each() -> int:
    from faces import cores

    return cores._each


def test_workers_on_one_machine_share_its_cores(scheduler: Any, portraits: Path) -> None:
    from faces import cores

    there = cluster.Cluster(scheduler.scheduler_address)
    task = Task(portraits / "obama.jpg", ("dlib",), ("Dlib",))
    assert all(not answer.result().error for answer in [there.submit(task) for _ in range(8)])
    each = {count for count in scheduler.get_client().run(_each).values() if count}
    there.close()
    assert each == {max(1, cores.available() // 2)}
