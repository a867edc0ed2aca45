"""`make thresholds PHOTOS=DIR`: where to cut. Measures distances between labelled faces: DIR has a folder per person.

Photos on which not exactly one face is found are left out. Prints, for each detector that works here and each
metric: the threshold at which one in a thousand (hundred) pairs of different people would be taken for one person
(FAR), the part of the same-person pairs below it (TAR), and the threshold with the fewest errors.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from faces.detector import find_faces
from faces.errors import FacesError, WeightsMissing
from faces.images import decode
from faces.matcher import distances
from faces.models import Models
from faces.records import EXTENSIONS
from faces.settings import METRICS


def embed(folders: list[Path], models: Models, detector: str, model: str) -> tuple[Any, Any]:
    """(n, d) vectors and (n,) person numbers."""
    embedder, vectors, people, person = models.embedder(model), [], [], 0
    for root in folders:
        for folder in sorted(path for path in root.iterdir() if path.is_dir()):
            person += 1
            for path in sorted(folder.iterdir()):
                if path.suffix.lower() not in EXTENSIONS:
                    continue
                pixels = decode(path, 100).pixels
                faces = find_faces(models.detector(detector), pixels)
                if len(faces) == 1:
                    vectors.append(embedder.embed([embedder.align(pixels, faces[0])])[0])
                    people.append(person)
    return np.array(vectors), np.array(people)


def main() -> int:
    roots = [Path(argument).expanduser() for argument in sys.argv[1:]]
    if not roots or not all(root.is_dir() for root in roots):
        print("usage: make thresholds PHOTOS='DIR [DIR ...]', each with a folder of photos per person", file=sys.stderr)
        return 2
    models, rows = Models(), defaultdict(list)
    for detector in ("yunet", "dlib"):
        try:
            vectors, people = embed(roots, models, detector, "Dlib")
        except WeightsMissing as error:
            print(f"{detector} left out: {error}")
            continue
        except FacesError as error:
            print(f"{error}", file=sys.stderr)
            return error.exit_code
        upper = np.triu_indices(len(people), 1)
        same = (people[:, None] == people)[upper]
        print(f"\n{detector} + Dlib: {len(people)} faces of {len(set(people.tolist()))} people, {same.sum()} same and "
              f"{(~same).sum()} different pairs")  # fmt: skip
        print("| metric | threshold at FAR 1e-3 | TAR there | threshold at FAR 1e-2 | TAR there | fewest errors at |")
        print("|---|---|---|---|---|---|")
        for metric in METRICS:
            d = distances(vectors, vectors, metric)[upper]
            cells = []
            for rate in (1e-3, 1e-2):
                cut = float(np.quantile(d[~same], rate))
                cells += [f"{cut:.3f}", f"{(d[same] <= cut).mean():.3f}"]
            steps = np.linspace(0, d.max(), 400)
            errors = [(d[same] > step).mean() + (d[~same] <= step).mean() for step in steps]
            rows[metric].append(float(steps[int(np.argmin(errors))]))
            print(f"| {metric} | {' | '.join(cells)} | {rows[metric][-1]:.3f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
