"""`make groups PHOTOS=DIR`: how well unnamed faces are grouped. DIR has a folder per person, with photos of that person.

All faces are grouped. Whose face it is, is known of those that are alone on their photo; on others, two faces must not
meet. A folder `groups` has photos of several people: what is in there is known of nobody.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from faces.clusters import edges, whisper
from faces.detector import find_faces
from faces.errors import FacesError
from faces.images import decode
from faces.models import Models, default_detectors
from faces.records import EXTENSIONS
from faces.settings import METRICS, THRESHOLDS

FACTORS = (0.8, 0.9, 1.0, 1.1)


class Faces(NamedTuple):
    """(n, d) vectors, (n,) photo numbers, and of each face the person, "" where that is not known."""

    vectors: Any
    photos: Any
    people: list[str]


class Score(NamedTuple):
    """`purity`: the part of the grouped faces that are of the person most often in their group (Manning, Raghavan,
    Schuetze, Introduction to Information Retrieval, 2008, 16.3). `completeness`: the part of each person's faces that
    are in that person's largest group, over all people. Faces of whom is not known count in neither."""

    groups: int
    purity: float
    completeness: float


def embed(folders: Iterable[Path], models: Models, detector: str) -> Faces:
    """Every face at least 20 pixels wide, by model Dlib."""
    embedder, vectors, photos, people, number = models.embedder("Dlib"), [], [], [], 0
    for folder in sorted(path for root in folders for path in root.iterdir() if path.is_dir()):
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in EXTENSIONS):
            pixels = decode(path, 100).pixels
            faces = [face for face in find_faces(models.detector(detector), pixels) if face.box.w >= 20]
            alone = len(faces) == 1 and folder.name != "groups"
            vectors += [embedder.embed([embedder.align(pixels, face)])[0] for face in faces]
            photos += [number] * len(faces)
            people += [folder.name if alone else ""] * len(faces)
            number += 1
    return Faces(np.array(vectors), np.array(photos), people)


def group(faces: Faces, threshold: float, metric: str) -> list[int]:
    """The group of each face, -1 for none."""
    everyone = np.arange(len(faces.people))
    none = np.full(len(everyone), -1)
    found: list[int] = whisper(edges(faces.vectors, everyone, threshold, metric), faces.photos, none).tolist()
    return found


def score(people: Sequence[str], groups: Sequence[int]) -> Score:
    of_group, of_person = defaultdict[int, Counter[str]](Counter), defaultdict[str, Counter[int]](Counter)
    for person, number in zip(people, groups, strict=True):
        if person and number >= 0:
            of_group[number][person] += 1
            of_person[person][number] += 1
    grouped, known = sum(map(Counter.total, of_group.values())), len([person for person in people if person])
    return Score(
        len(set(groups) - {-1}),
        sum(max(c.values()) for c in of_group.values()) / max(1, grouped),
        sum(max(c.values()) for c in of_person.values()) / max(1, known),
    )


def main() -> int:
    roots = [Path(argument).expanduser() for argument in sys.argv[1:]]
    if not roots or not all(root.is_dir() for root in roots):
        print("usage: make groups PHOTOS='DIR [DIR ...]', each with a folder of photos per person", file=sys.stderr)
        return 2
    (detector,) = default_detectors()
    try:
        faces = embed(roots, Models(), detector)
    except FacesError as error:
        print(f"{error}", file=sys.stderr)
        return error.exit_code
    known = [person for person in faces.people if person]
    print(f"{detector} + Dlib: {len(faces.people)} faces, {len(known)} of them of {len(set(known))} known people\n")
    print("| metric | threshold | factor | groups | purity | completeness |")
    print("|---|---|---|---|---|---|")
    for metric in METRICS:
        for factor in FACTORS:
            cut = THRESHOLDS["Dlib"][metric] * factor
            found = score(faces.people, group(faces, cut, metric))
            print(
                f"| {metric} | {cut:.3f} | {factor} | {found.groups} | {found.purity:.3f} | {found.completeness:.3f} |"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
