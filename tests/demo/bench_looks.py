"""Small faces, and photos that a cluster looks at, for `make bench`."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from bench_photos import Absent
from bench_rows import Bench, Row, Section
from faces import cores

#: Widths of faces, in pixels of a picture that is 1920 wide.
BANDS = ((14, 20), (20, 32), (32, 64))


def _work(bench: Bench, name: str, **arguments: Any) -> Callable[[], dict[str, Any]]:
    return partial(bench.child, name, script="bench_looks_work", **arguments)


def small_faces(bench: Bench, low: int, high: int) -> list[Row]:
    bench.photos.yunet()
    portraits = [str(path) for path in bench.photos.originals("lfw10")]
    found = _work(bench, "small_faces", portraits=portraits, low=low, high=high, times=1 if bench.runs == 1 else 4)()
    what = f"Faces of {low} to {high} pixels in pictures of 1920: two looks, against OpenCV's YuNet at 1280"
    said = f"{found['ours']} of {found['pasted']} found; one look at 640 finds {found['one']}, {found['lost']} of them lost"
    return [Row(what, said, f"{found['opencv']} found", f"{found['ours'] / max(1, found['opencv']):.2f}",
                f"{found['peak']:.0f}", bar="0 lost that one look finds", met=not found["lost"])]  # fmt: skip


def spread(bench: Bench) -> list[Row]:
    if importlib.util.find_spec("distributed") is None:
        raise Absent("the package distributed is not there: pip install 'faces[cluster]'")
    from distributed import LocalCluster

    bench.photos.yunet()
    photos = [str(path) for path in bench.photos.small()]
    work = partial(_work, bench, "detect_spread", photos=photos, beside=str(bench.photos.folder))
    before = dict(os.environ)
    os.environ.update(bench.environment())  # workers find their weights where our other processes do
    try:
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as there:
            pair = bench.pair(work(jobs=2), work(scheduler=there.scheduler_address))
            workers = sum(_peak(worker.pid) for worker in there.workers.values())
    finally:
        os.environ.clear()
        os.environ.update(before)
    if pair.ours["faces"] != pair.peer["faces"]:
        raise RuntimeError(f"{pair.ours['faces']} faces found here, {pair.peer['faces']} by the cluster")
    row = pair.row(f"{len(photos)} small photos, a Dask cluster of two workers here, against --jobs 2, {cores.available()} "
                   "core(s)", None)  # fmt: skip
    row.ours, row.peer = row.peer, row.ours
    row.ratio = f"takes {pair.ratio:.2f} ({pair.least:.2f} to {pair.most:.2f})"
    row.peak = f"{pair.peer['peak']:.0f} and {workers:.0f} of the workers / {pair.ours['peak']:.0f}"
    row.bar, row.met = "at most 1.15", pair.ratio <= 1.15
    return [row]


def _peak(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


SECTIONS = [
    Section(
        "Small faces",
        """Portraits in which YuNet finds one face, cut out with half of its width around it, scaled so that the face is as
        wide as said, side by side in JPEGs of 1920 x 1440 with a camera's noise. Ours are two looks (at 640, and at 1280 tile
        by tile), whatever widths the settings ask for (by default 20 pixels here); beside it one look at 640, and OpenCV's YuNet on the picture reduced
        to 1280, all at score 0.6. A face counts as found if a box covers its place (intersection over union at least 0.3).
        Lost is what one look finds and two do not.""",
        [partial(small_faces, low=low, high=high) for low, high in BANDS],
    ),
    Section(
        "Cluster",
        """The small photos. `faces.jobs.detect.run` with the scheduler of a Dask cluster on this machine, two workers with a
        thread each, beside the same with `--jobs 2`. A run on eight photos comes first in each turn, so neither the workers'
        start nor their weights are in the times. Peak memory of the workers is the sum of both, after all turns.""",
        [spread],
    ),
]
