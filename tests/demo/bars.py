"""`make bars`: what a run costs on this machine, against the limits the project set itself. Prints one line each.

Drawn data for the stores (random vectors round 200 people), real photos for the memory of a detection.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import album
import numpy as np
from faces import parquet, store
from faces.files import DataFile
from faces.images import content_hash
from faces.records import FACE, Box, Decision, FaceRow, new_face_id

PY = Path(__file__).resolve().parents[2] / "py"
SPACE = "Dlib/bars/chip150"


def make_album(root: Path, folders: int, photos: int, faces: int, named: int) -> None:
    """An album as a detection leaves it: folders x photos x faces, `named` decisions."""
    from PIL import Image

    random = np.random.default_rng(0)
    people = random.normal(size=(200, 128)).astype(np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    store.write_json(
        DataFile(root / "faces" / "config.json"), {"detection": {"detectors": ["dlib"], "models": ["Dlib"]}}
    )
    left = named
    for f in range(folders):
        folder, rows = root / f"folder {f:03}", []
        folder.mkdir(parents=True)
        for p in range(photos):
            photo = folder / f"{p:04}.png"
            Image.fromarray(random.integers(0, 255, (8, 8, 3), np.uint8)).save(photo)
            stat, content = photo.stat(), content_hash(photo)
            for n in range(faces):
                vector = people[random.integers(200)] + 0.02 * random.normal(size=128).astype(np.float32)
                box = Box(100.0 + 300 * n, 100, 200, 200)
                row = FaceRow(FACE, "", photo.name, content, stat.st_size, stat.st_mtime_ns, 1, 4000, 3000, "", "dlib", 0.01,
                              new_face_id(content, box.scaled(1 / 4000, 1 / 3000), lambda _: False), box.x, box.y, box.w, box.h,
                              (), 0.9, "Dlib", SPACE, vector.astype(np.float32))  # fmt: skip
                rows.append(row)
                if left:
                    left -= 1
                    who = int(np.argmax(people @ vector))
                    store.append_decisions(DataFile(root / "faces" / "names.csv"), [Decision(
                        "2026-01-01T00:00:00Z", row.face, content, f"{folder.name}/{photo.name}", row.relative_box, "name",
                        f"Person {who}", "bars")])  # fmt: skip
        parquet.write_faces(DataFile(folder / "faces.pkl"), rows)


def measure(*arguments: object) -> tuple[float, int, str]:
    """Wall seconds, peak MB and output of a command, in a process of its own."""
    code = "import resource, sys; from faces import cli; code = cli.run(sys.argv[1:]); " \
           "print(code, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"  # fmt: skip
    start = time.perf_counter()
    answer = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True,
                            env={**os.environ, "PYTHONPATH": str(PY)})  # fmt: skip
    seconds = time.perf_counter() - start
    said, last = answer.stdout.rstrip().rsplit("\n", 1)
    assert last.split()[0] == "0", answer.stderr
    return seconds, int(last.split()[1]), said


def report(what: str, runs: list[tuple[float, int, str]], limit: str) -> None:
    print(f"{what}: {statistics.median(r[0] for r in runs):.2f} s (median of {len(runs)}), peak {max(r[1] for r in runs)} MB; "
          f"limit {limit}\n    {runs[-1][2]}")  # fmt: skip


def one_more(root: Path) -> None:
    """One more face in a folder, as a detection leaves it: of somebody who is there already."""
    file = DataFile(root / "folder 000" / "faces.pkl")
    rows = parquet.read_faces(file) or []
    row = replace(rows[0], file=f"{rows[0].file} copy", face=f"{len(rows):032x}")
    parquet.write_faces(file, [*rows, row])


def group_drawn(count: int) -> None:
    """A first grouping of so many faces of 200 people, two on each photo, in a process of its own; beside it what is
    connected by near pairs, all of them kept (a threshold graph), where that fits into memory."""
    code = """if True:
        import resource, sys, time
        import numpy as np
        from faces import clusters
        from faces.matcher import nearest

        def components(vectors):
            q, k, _ = nearest(vectors, vectors, 0.55, "euclidean", len(vectors))
            group = np.arange(len(vectors))
            while True:
                lower = group.copy()
                np.minimum.at(lower, q, group[k])
                lower = lower[lower]
                if (lower == group).all():
                    return group
                group = lower

        count, how = int(sys.argv[1]), sys.argv[2]
        random = np.random.default_rng(0)
        people = random.normal(size=(200, 128)).astype(np.float32)
        people /= np.linalg.norm(people, axis=1, keepdims=True)
        who = random.integers(200, size=count)
        vectors = (people[who] + 0.02 * random.normal(size=(count, 128))).astype(np.float32)
        before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
        if how == "whispers":
            everyone = np.arange(count)
            edges = clusters.edges(vectors, everyone, 0.55, "euclidean")
            groups = clusters.whisper(edges, everyone // 2, np.full(count, -1))
        else:
            groups = components(vectors)
        seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{seconds:.1f} s, {(peak - before) >> 10} MB more than {before >> 10}, {len(set(groups.tolist()) - {-1})} groups")
    """
    for how, limit in (("whispers", f"{LIMITS[count]}"), ("threshold graph", "none, for comparison")):
        answer = subprocess.run([sys.executable, "-c", code, str(count), how], capture_output=True, text=True, check=False,
                                env={**os.environ, "PYTHONPATH": str(PY)})  # fmt: skip
        said = answer.stdout.strip() or f"ended with {answer.returncode}"
        print(f"first grouping of {count:,} faces of 200 people, {how}: {said}; limit {limit}")


#: Of a first grouping.
LIMITS = {20_000: "8 s, 250 MB more", 50_000: "45 s, 400 MB more"}


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "stored"
        make_album(root, 50, 200, 2, 2000)
        first = measure("recognize", "--directory", root)
        report("recognize, 20,000 stored faces, first time, all of them grouped", [first], "10 s, 400 MB")
        runs = [measure("recognize", "--directory", root) for _ in range(5)]
        report("recognize, 20,000 stored faces, nothing new to group", runs, "1.5 s, 400 MB")
        runs = []
        for _ in range(3):
            one_more(root)
            runs.append(measure("recognize", "--directory", root))
        report("recognize, one new face among 20,000", runs, "1.7 s, 400 MB")
        for count in LIMITS:
            group_drawn(count)
        root = Path(temporary) / "idle"
        make_album(root, 50, 20, 1, 100)
        measure("recognize", "--directory", root)
        runs = [measure("detect", "--directory", root) for _ in range(5)]
        report("detect, nothing to do, 1,000 photos in 50 folders", runs, "1.5 s")
        photos = Path(temporary) / "photos"
        album.fetch(photos)
        report("detect, the demo's album, default engines", [measure("detect", "--directory", photos)], "600 MB")
    print(f"(this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB, {os.cpu_count()} cores)")


if __name__ == "__main__":
    main()
