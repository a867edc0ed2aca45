"""Engines for tests: a face is a square of one colour, a person is a colour. And one engine for each way to fail.

Fakes stand in only for what cannot be made to happen with a real engine at will; real ones run in test_engines.py
and test_accuracy.py.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from faces.models import Models
from faces.records import Box, Detection

COLOURS = {
    "red": (220, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 220), "yellow": (220, 220, 20),
    "pink": (220, 20, 220), "cyan": (20, 220, 220),
}  # fmt: skip
SIZE = (200, 150)
FACE = 40


def draw(path: Path, people: dict[str, tuple[int, int]], shade: int = 0, **options: Any) -> Path:
    """A grey photo with a coloured square at each place. `shade` makes photos with the same faces differ."""
    from PIL import Image

    pixels = np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)
    pixels[0, 0] = shade % 256
    for colour, (x, y) in people.items():
        pixels[y : y + FACE, x : x + FACE] = COLOURS[colour]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


class SquareDetector:
    """Finds the squares. `grow` makes its boxes larger, as another detector's would be."""

    side = 4096

    def __init__(self, name: str = "yunet", grow: int = 0):
        self.name, self.grow = name, grow

    def load(self) -> None: ...

    def detect(self, image: Any) -> list[Detection]:
        found = []
        for colour in COLOURS.values():
            ys, xs = np.nonzero((np.abs(image.astype(int) - colour) < 30).all(axis=2))
            if len(xs) > 50:
                x, y, w, h = xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1
                g = self.grow
                found.append(Detection(Box(float(x - g), float(y - g), float(w + 2 * g), float(h + 2 * g)), 0.9))
        return found


class ColourEmbedder:
    """The mean colour of the crop as a vector."""

    face_pixels = 1

    def __init__(self, name: str = "Dlib", space: str = ""):
        self.name, self.space = name, space or f"{name}/fake/colour"

    def load(self) -> None: ...

    def align(self, image: Any, face: Detection) -> Any:
        box = face.box.clipped(image.shape[1], image.shape[0])
        x, y = round(box.x + box.w / 2), round(box.y + box.h / 2)
        return image[y - 4 : y + 4, x - 4 : x + 4]

    def embed(self, crops: Any) -> Any:
        return np.array([crop.reshape(-1, 3).mean(axis=0) / 255 for crop in crops], np.float32)


class Failing(SquareDetector):
    """Fails on photos with a blue square, as `how` says."""

    def __init__(self, how: str):
        super().__init__()
        self.how = how

    def detect(self, image: Any) -> list[Detection]:
        found = super().detect(image)
        if not (np.abs(image.astype(int) - COLOURS["blue"]) < 30).all(axis=2).any():
            return found
        if self.how == "raises":
            raise RuntimeError("the net fell over")
        if self.how == "memory":
            raise MemoryError
        if self.how == "nonsense":
            return [Detection(Box(float("nan"), 0, 10, 10), 1.0)]
        if self.how == "negative":
            return [Detection(Box(5, 5, -3, 10), 1.0)]
        if self.how == "whole":  # deepface's "no face": the whole photo with confidence 0 is a box like any other
            return [Detection(Box(0, 0, image.shape[1], image.shape[0]), 0.0)]
        if self.how == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "slow":
            time.sleep(0.3)
        return found


class FailingEmbedder(ColourEmbedder):
    """Fails when a blue face is in the batch."""

    def __init__(self, how: str = "raises"):
        super().__init__()
        self.how = how

    def embed(self, crops: Any) -> Any:
        vectors = super().embed(crops)
        if not any(vector[2] > 0.7 and vector[0] < 0.3 for vector in vectors):
            return vectors
        if self.how == "memory":
            raise MemoryError
        if self.how == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == "nan":
            return vectors * np.nan
        if self.how == "few":
            return vectors[:-1]
        raise RuntimeError("the model fell over")


def models(detector: Any = None, embedder: Any = None, **more: Any) -> Models:
    """The fakes under the names yunet, dlib (larger boxes), Dlib and SFace; `detector`, `embedder` replace yunet, Dlib."""
    detectors = {"yunet": lambda: detector or SquareDetector(), "dlib": lambda: SquareDetector("dlib", 6)}
    embedders = {"Dlib": lambda: embedder or ColourEmbedder(), "SFace": lambda: ColourEmbedder("SFace")}
    return Models(detectors, {**embedders, **more}, {})
