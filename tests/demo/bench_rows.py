"""A row of `make bench`, and how two works are compared: in turns, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bench_photos import ROOT, Absent, Photos

#: face_recognition, which asks for a package that would be compiled, lies apart from the program's packages.
APART = ROOT / "build" / "bench"


@dataclass
class Row:
    """One line of the table: words for each column. `met`: None where there is no bar."""

    what: str
    ours: str = ""
    peer: str = ""
    ratio: str = ""
    peak: str = ""
    limit: str = ""
    bar: str = "none"
    met: bool | None = None

    def cells(self) -> list[str]:
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return [self.what, self.ours, self.peer, self.ratio, self.peak, self.limit, self.bar, met]


@dataclass
class Pair:
    """Medians of two works that took turns; `ratio`: of each turn, how many times as long the peer takes."""

    ours: dict[str, Any]
    peer: dict[str, Any]
    ratio: float
    least: float
    most: float

    @property
    def peak(self) -> str:
        return f"{self.ours['peak']:.0f} / {self.peer['peak']:.0f}"

    def row(self, what: str, bar: float | None, unit: str = "a photo", limit: str = "") -> Row:
        ratio = f"{self.ratio:.1f} ({self.least:.1f} to {self.most:.1f})"
        ours, peer = (f"{span(side['seconds'])} {unit}".strip() for side in (self.ours, self.peer))
        asked = "none" if bar is None else "not slower" if bar == 1 else f"at least {bar:g} times"
        met = None if bar is None else self.ratio >= bar
        return Row(what, ours, peer, ratio, self.peak, limit, asked, met)


def span(seconds: float) -> str:
    """3 digits: 4.12 ms, 23.4 s, 52.1 min."""
    for unit, size in (("µs", 1e-6), ("ms", 1e-3), ("s", 1.0)):
        if seconds < 1000 * size or (unit == "s" and seconds < 600):
            number = seconds / size
            return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {unit}"
    return f"{seconds / 60:.0f} min"


@dataclass
class Bench:
    """Starts children, and has the photos. `runs`: turns of each pair."""

    photos: Photos
    runs: int
    #: What was measured for one row and serves others, too.
    known: dict[str, Any] = field(default_factory=dict)

    def child(self, name: str, one: bool = False, script: str = "bench_work", **arguments: Any) -> dict[str, Any]:
        """What a work of `script` answers, in a process of its own. `one`: one thread for BLAS, too."""
        if one:
            arguments["one"] = True
        command = [sys.executable, str(Path(__file__).with_name(f"{script}.py")), name, json.dumps(arguments)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, env=self.environment(one))
        if answer.returncode:
            raise RuntimeError(f"{name} ended with {answer.returncode}: {answer.stderr.strip()[-1500:]}")
        found: dict[str, Any] = json.loads(answer.stdout.rstrip().rpartition("\n")[2])
        return found

    def environment(self, one: bool = False) -> dict[str, str]:
        own = {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "py"), str(APART)]),
            "DEEPFACE_HOME": str(self.photos.home()),
            "XDG_CACHE_HOME": str(self.photos.folder / "cache"),
            "DEEPFACE_LOG_LEVEL": "40",
        }
        return {**os.environ, **own, **({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"} if one else {})}

    def pair(self, ours: Callable[[], dict[str, Any]], peer: Callable[[], dict[str, Any]]) -> Pair:
        """Ours, peer, ours, peer, and so on."""
        turns = [(ours(), peer()) for _ in range(self.runs)]
        ratios = [b["seconds"] / a["seconds"] for a, b in turns]

        def middle(side: int) -> dict[str, Any]:
            one: dict[str, Any] = turns[0][side]
            keys = [key for key in ("seconds", "peak", "wall") if key in one]
            return {**one, **{key: median(turn[side][key] for turn in turns) for key in keys}}

        return Pair(middle(0), middle(1), median(ratios), min(ratios), max(ratios))

    def chips(self, count: int) -> str:
        """A file with so many faces, cut out of the photos. Raises Absent."""
        self.photos.yunet()
        target = self.photos.folder / f"chips{count}.npy"
        if not target.exists():
            photos = [str(path) for path in self.photos.every() + self.photos.originals("crops112")]
            found = self.child("make_chips", photos=photos, count=count, target=str(target))["count"]
            if found < count:
                raise Absent(f"the photos have {found} faces, {count} are wanted")
        return str(target)

    def sgemm(self, size: tuple[int, int, int]) -> float:
        """Multiplications and additions a second of numpy's matrix product, the best of the runs."""
        if "sgemm" not in self.known:
            times = [self.child("match", how="sgemm", metric="cosine", size=size)["seconds"] for _ in range(self.runs)]
            self.known["sgemm"] = size[0] * size[1] * size[2] / min(times)
        speed: float = self.known["sgemm"]
        return speed


@dataclass(frozen=True)
class Section:
    """Rows that are measured alike, and how. Each function gives its rows, or raises Absent."""

    name: str
    text: str
    rows: list[Callable[[Bench], list[Row]]]
