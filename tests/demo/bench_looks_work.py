"""What `bench_looks` measures, each in a process of its own, like `bench_work`."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from bench_photos import album
from bench_work import Answer, memory, timed
from faces.records import Box, pair_by_overlap
from PIL import Image

# Small faces


def small_faces(portraits: Sequence[str], low: int, high: int, times: int) -> Answer:
    """How many of the faces that were pasted into pictures each way of looking finds."""
    import cv2
    from bench_work import _in_opencv, _opencv, _yunet
    from faces.detector import LARGEST_SIDE, find_faces
    from faces.images import decode

    detector, session, found, lost, pasted = _yunet(), _opencv(), [0, 0, 0], 0, 0
    parts = [part for path in portraits if (part := _only_face(detector, Path(path)))]
    for data, boxes in _pictures(parts * times, low, high):
        pixels = decode(data, 100, 2 * detector.side).pixels
        size = (LARGEST_SIDE, round(pixels.shape[0] * LARGEST_SIDE / pixels.shape[1]))
        reduced = cv2.resize(np.ascontiguousarray(pixels[:, :, ::-1]), size, interpolation=cv2.INTER_AREA)
        rows = _in_opencv(session, reduced)
        looks = [
            [face.box for face in find_faces(detector, pixels, low / 2 / pixels.shape[1])],
            [face.box for face in find_faces(detector, pixels)],  # wide ones only: there is no second look
            [Box(*map(float, r[:4])).scaled(*[pixels.shape[1] / size[0]] * 2) for r in ([] if rows is None else rows)],
        ]
        hits = [[number is not None for number in pair_by_overlap(boxes, list(enumerate(look)))] for look in looks]
        found = [count + sum(hit) for count, hit in zip(found, hits, strict=True)]
        lost += sum(one and not ours for ours, one in zip(hits[0], hits[1], strict=True))
        pasted += len(boxes)
    return {"pasted": pasted, "ours": found[0], "one": found[1], "opencv": found[2], "lost": lost}


def _only_face(detector: Any, path: Path) -> tuple[Image.Image, Box] | None:
    """The face of a portrait with as much as half of its width around it, and where it is in that."""
    from faces.detector import find_faces
    from faces.images import decode

    pixels = decode(path, 100).pixels
    found = find_faces(detector, pixels)
    if len(found) != 1:
        return None
    box, (height, width) = found[0].box, pixels.shape[:2]
    around = Box(box.x - box.w / 2, box.y - box.w / 2, 2 * box.w, box.h + box.w).clipped(width, height)
    x, y, w, h = (int(value) for value in (around.x, around.y, around.w, around.h))
    return Image.fromarray(pixels[y : y + h, x : x + w]), Box(box.x - x, box.y - y, box.w, box.h)


#: Of a picture.
WIDTH, HEIGHT = 1920, 1440


def _pictures(parts: list[tuple[Image.Image, Box]], low: int, high: int) -> Iterator[tuple[bytes, list[Box]]]:
    """JPEGs with the parts side by side, their faces between `low` and `high` pixels wide, under a camera's noise; and
    where the faces are."""
    random = np.random.default_rng(0)
    cell = 2 * high, max(round(part.height * high / box.w) for part, box in parts)
    columns, rows = WIDTH // cell[0], HEIGHT // cell[1]
    for first in range(0, len(parts), columns * rows):
        whole, boxes = Image.new("RGB", (WIDTH, HEIGHT), (128, 128, 128)), []
        for number, (part, box) in enumerate(parts[first : first + columns * rows]):
            factor = random.uniform(low, high) / box.w
            size = round(part.width * factor), round(part.height * factor)
            corner = number % columns * cell[0], number // columns * cell[1]
            whole.paste(part.resize(size, Image.Resampling.BICUBIC), corner)
            x, y, w, h = (factor * value for value in (box.x, box.y, box.w, box.h))
            boxes.append(Box(corner[0] + x, corner[1] + y, w, h))
        noise = random.normal(0, 6, (HEIGHT, WIDTH, 1)).astype(np.float32)
        pixels = np.clip(np.asarray(whole, np.float32) + noise, 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
        yield buffer.getvalue(), boxes


# Cluster


def detect_spread(photos: Sequence[str], beside: str, scheduler: str = "", jobs: int = 0) -> Answer:
    """`faces detect` with the workers of a cluster, or with so many threads; everything worked on another folder
    before."""
    from faces.folders import PlainAlbum
    from faces.guard import Guard
    from faces.jobs import detect
    from faces.models import Models
    from faces.progress import Progress

    models, paths = Models(), [Path(photo) for photo in photos]
    options: dict[str, Any] = {"detectors": ("yunet",), "models": ("Dlib",), "jobs": jobs}

    def run(root: Path) -> Any:
        return detect.run(PlainAlbum(root), options, Guard(), Progress(), models=models, scheduler=scheduler)

    with album(paths[:8], Path(beside)) as warm, album(paths, Path(beside)) as root:
        run(warm)  # each worker gets some of them
        seconds, summary = timed(lambda: run(root))
    return {"seconds": seconds / len(paths), "faces": summary.faces}


if __name__ == "__main__":
    answer = globals()[sys.argv[1]](**json.loads(sys.argv[2]))
    answer.setdefault("peak", memory("VmHWM"))
    print(f"\n{json.dumps(answer)}")
