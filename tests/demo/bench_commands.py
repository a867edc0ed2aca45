"""Whole commands on albums that were searched before, for `make bench`: a name given, and nothing to do.

What a process takes is its user and system time, as the kernel counts it; wall time is told beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryFile
from typing import Any

import bars
from bench_memory import Watch
from bench_rows import Bench, Row, Section, span
from faces import store
from faces.files import DataFile
from faces.jobs import name as naming_job
from faces.records import NAMED, OPEN, ShownFace

#: Names that are given one after the other; every so manieth is a new one.
ROUNDS, NEW = 200, 10
#: Seconds of process time that a name may cost.
MOST = 0.7
#: Folders and photos in each.
IDLE = (1000, 10)


def spent(bench: Bench, *command: str) -> dict[str, Any]:
    """Runs it. `seconds` of process time, `wall`, `peak` MB, and what it `said`. RuntimeError if it fails."""
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as errors:
        start = time.perf_counter()
        run = subprocess.Popen(command, stdout=out, stderr=errors, env=bench.environment())
        watch = Watch(run.pid)
        _, status, usage = os.wait4(run.pid, 0)
        wall = time.perf_counter() - start
        run.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if run.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {run.returncode}: {errors.read().strip()[-500:]}")
        seconds = usage.ru_utime + usage.ru_stime
        return {"seconds": seconds, "wall": wall, "peak": watch.ask(), "said": out.read()}


def faces(bench: Bench, command: str, root: Path, *options: str) -> dict[str, Any]:
    return spent(bench, sys.executable, "-m", "faces", command, "--directory", str(root), *options)


def stored(bench: Bench, folders: int, photos: int, each: int, named: int) -> Path:
    """An album as a detection leaves it: folders x photos x faces, so many of them named."""
    root = bench.photos.folder / f"album {folders} {photos} {each}"
    if not root.exists():
        bars.make_album(root, folders, photos, each, named)
    return root


# Naming


def naming(bench: Bench) -> list[Row]:
    rounds = 10 if bench.runs == 1 else ROUNDS
    root = stored(bench, 50, 200, 2, 2000)
    first = faces(bench, "recognize", root)
    everyone = shown(root)
    chosen = Random(0).sample([(csv, f) for csv, f in everyone if f.state == OPEN and f.name_recognized], rounds)
    turns = [_one_more(bench, root, csv, face, number) for number, (csv, face) in enumerate(chosen, 1)]
    # A face that lies apart from the hundred that are like it may be nobody's nearest.
    if 2 * sum(turn["guessed"] for turn in turns) < sum(turn["new"] for turn in turns):
        raise RuntimeError("new names are hardly guessed for anybody, though a hundred faces are alike")
    seconds, wall, peak = ([turn[key] for turn in turns] for key in ("seconds", "wall", "peak"))
    return [Row(
        f"faces recognize after one more name, {len(everyone):,} faces, {rounds} rounds: process time, against a first "
        "recognition",
        f"{span(median(seconds))}, at most {span(max(seconds))} (wall {span(median(wall))}, at most {span(max(wall))})",
        f"{span(first['seconds'])} (wall {span(first['wall'])})", f"{first['seconds'] / median(seconds):.1f}",
        f"{median(peak):.0f} / {first['peak']:.0f}", bar=f"less than {MOST:g} s", met=median(seconds) < MOST,
    )]  # fmt: skip


def shown(root: Path) -> list[tuple[Path, ShownFace]]:
    """All faces, each with the faces.csv where it stands."""
    files = sorted(root.glob("*/faces.csv"))
    return [(file, face) for file in files for face in store.read_shown(DataFile(file)) or ()]


def _one_more(bench: Bench, root: Path, csv: Path, face: ShownFace, number: int) -> dict[str, Any]:
    """A person confirms a guess, or gives a new name; then a recognition. RuntimeError if that did not put the name into
    faces.csv; `guessed`: whether a `new` name is a guess for somebody."""
    is_new = number % NEW == 0
    name = f"New person {number}" if is_new else face.name_recognized
    naming_job.run(f"{csv.parent / face.file}#{face.face_nr}", "name", name)
    found = faces(bench, "recognize", root)
    now = next(other for other in store.read_shown(DataFile(csv)) or () if other.id == face.id)
    if (now.state, now.name) != (NAMED, name):
        raise RuntimeError(f"{csv} says {now.state} {now.name!r} of a face that was named {name!r}")
    guessed = is_new and any(other.state == OPEN and other.name_recognized == name for _, other in shown(root))
    return {**found, "new": is_new, "guessed": guessed}


# Nothing to do


WALK = """import os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for file in files:
        os.stat(os.path.join(folder, file))
"""


def _settled(bench: Bench) -> Path:
    root = stored(bench, *IDLE, 1, 100)
    if "settled" in bench.known:
        return root
    faces(bench, "detect", root)
    last = json.loads(faces(bench, "detect", root, "--json")["said"].splitlines()[-1])["summary"]
    if last["photos"] != IDLE[0] * IDLE[1] or last["todo"] or last["recognition"]["written"]:
        raise RuntimeError(f"there is something to do: {last}")
    bench.known["settled"] = True
    return root


def _times(side: dict[str, Any]) -> str:
    return f"{span(side['seconds'])} (wall {span(side['wall'])})"


def idle(bench: Bench) -> list[Row]:
    root = _settled(bench)
    # the "peer" is the ideal: the program is to be little slower
    walk = partial(spent, bench, sys.executable, "-c", WALK, str(root))
    pair = bench.pair(walk, partial(faces, bench, "detect", root))
    wall = pair.peer["wall"] / pair.ours["wall"]
    what = f"faces detect, nothing to do, {IDLE[0] * IDLE[1]:,} photos in {IDLE[0]:,} folders: process time, against " \
           "os.walk with a stat of each file"  # fmt: skip
    return [Row(what, _times(pair.peer), _times(pair.ours),
                f"takes {pair.ratio:.1f} ({pair.least:.1f} to {pair.most:.1f}); wall {wall:.1f}",
                f"{pair.peer['peak']:.0f} / {pair.ours['peak']:.0f}", bar="at most 3", met=pair.ratio <= 3)]  # fmt: skip


def idle_recognize(bench: Bench) -> list[Row]:
    root = _settled(bench)
    runs = [faces(bench, "recognize", root) for _ in range(bench.runs)]
    middle = {key: median(run[key] for run in runs) for key in ("seconds", "wall", "peak")}
    what = f"faces recognize, nothing to do, {IDLE[0] * IDLE[1]:,} faces in {IDLE[0]:,} folders: process time"
    return [Row(what, _times(middle), peak=f"{middle['peak']:.0f}")]


SECTIONS = [
    Section(
        "Naming",
        f"""50 folders with 200 photos each and two drawn faces on each, of 200 people, 2,000 of them named; a first
        recognition; then {ROUNDS} times: a guess is confirmed (every {NEW}th time the face gets a name that is new), and
        `faces recognize --directory DIR` runs as a process of its own. Its time is user and system time of the process as
        the kernel counts it (wait4), with the start of Python; the median and the worst of the rounds. To give the name is
        outside. After each round the face has to have its name in faces.csv, and after a new name other faces have to be
        guessed to have it. The peer is the first recognition, of all faces.""",
        [naming],
    ),
    Section(
        "Idle",
        f"""{IDLE[0]:,} folders with {IDLE[1]} photos of 8 x 8 pixels each, all of them detected and recognized. `faces detect
        --directory DIR` as a process of its own beside a Python process that goes over the same folders with `os.walk` and
        asks `os.stat` of each file; both with the start of Python. Files are in the kernel's cache.""",
        [idle, idle_recognize],
    ),
]
