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


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "stored"
        make_album(root, 50, 200, 2, 2000)
        first = measure("recognize", "--directory", root)
        report("recognize, 20,000 stored faces, first time", [first], "1.5 s, 400 MB")
        runs = [measure("recognize", "--directory", root) for _ in range(5)]
        report("recognize, 20,000 stored faces, again", runs, "1.5 s, 400 MB")
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
