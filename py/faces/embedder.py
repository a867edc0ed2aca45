"""Embedders: a face as a vector that can be compared. One small interface over dlib's net and deepface's models.

`space` says what a vector is comparable with: model, digest of the weights, alignment. Vectors of different
spaces never meet (matcher).
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faces import weights
from faces.alignment import letterbox, to_template, upright_crop
from faces.detector import deepface_model
from faces.errors import DetectorError, WeightsMissing
from faces.networks import Network, NoNetwork
from faces.records import Detection

log = logging.getLogger("faces")

Image = NDArray[np.uint8]


class Embedder(Protocol):
    """Turns faces into vectors. `face_pixels`: below this width of the box a crop from a reduced photo loses."""

    name: str
    face_pixels: int
    space: str

    def load(self) -> None:
        """Get ready and set `space`; raises WeightsMissing with what to do. Called once."""

    def align(self, image: Image, face: Detection) -> Image:
        """The face cut out of the RGB image as the model wants to see it."""

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """(n, d) float32 vectors of n aligned crops, in one call."""


def embed_checked(embedder: Embedder, crops: Sequence[Image]) -> NDArray[np.float32]:
    """`embedder.embed`, with DetectorError where it fails or returns what cannot be a set of embeddings."""
    try:
        vectors = np.asarray(embedder.embed(crops), dtype=np.float32)
    except MemoryError as error:
        raise DetectorError(f"model {embedder.name}: out of memory") from error
    except Exception as error:
        raise DetectorError(f"model {embedder.name} failed: {error or type(error).__name__}") from error
    if (
        vectors.ndim != 2
        or len(vectors) != len(crops)
        or not np.isfinite(vectors).all()
        or not vectors.any(axis=1).all()
    ):
        raise DetectorError(
            f"model {embedder.name} returned nonsense of shape {vectors.shape} for {len(crops)} face(s)"
        )
    return vectors


class Points:
    """dlib's landmark predictors, for detectors that give no landmarks, and for dlib's own alignment."""

    def __init__(self) -> None:
        self._predictors: dict[str, Any] = {}

    def predict(self, image: Image, face: Detection, file: str) -> Any:
        """dlib's shape for the box; `file` is weights.DLIB_5_POINTS or DLIB_68_POINTS."""
        import dlib

        if file not in self._predictors:
            self._predictors[file] = dlib.shape_predictor(str(weights.packaged(file)))
        box = face.box
        return self._predictors[file](
            image, dlib.rectangle(round(box.x), round(box.y), round(box.x + box.w), round(box.y + box.h))
        )

    def five(self, image: Image, face: Detection) -> NDArray[np.float64]:
        """(5, 2): the detector's own landmarks, else eyes, nose tip and mouth corners of dlib's 68 points
        (iBUG 300-W numbering)."""
        if len(face.landmarks) == 5:
            return np.array(face.landmarks)
        shape = self.predict(image, face, weights.DLIB_68_POINTS)
        p = np.array([(shape.part(i).x, shape.part(i).y) for i in range(68)], dtype=np.float64)
        return np.stack([p[36:42].mean(axis=0), p[42:48].mean(axis=0), p[30], p[48], p[54]])


class Dlib:
    """dlib's ResNet (128 numbers) on its own 150-pixel chip: padding 0.25, upright by its 5-point predictor.

    Built from the packaged weights, not by deepface, whose crop for it takes the true-accept rate at a false
    one of 1e-3 from .99 to .62 (MEASURED.md).
    """

    name, face_pixels, parallel = "Dlib", 100, True
    size, padding = 150, 0.25
    #: Faces in one call: memory grows with them, speed does not.
    most = 8

    def __init__(self, session: Any = None):
        self._session = session
        self._network: Network | None = None
        self._points = Points()
        self.space = ""

    def load(self) -> None:
        path = weights.packaged(weights.DLIB_RESNET)
        if self._session is None:
            self._session = self._open(path)
        self.space = f"Dlib/{weights.digest(path)}/chip150"

    def _open(self, path: Path) -> Callable[[NDArray[np.uint8]], Any]:
        """The network in onnxruntime, which gives the same vectors 16 to 30 times as fast; else dlib's own."""
        try:
            import dlib
        except ImportError as error:
            raise WeightsMissing(f"model Dlib: {error}; pip install dlib-bin") from error
        try:
            self._network = network = Network("dlib", path)
            return lambda chips: network.run(None, {"chips": chips})[0]
        except NoNetwork as reason:
            log.warning("model Dlib runs in dlib, which is slow: %s", reason)
        self.parallel = False
        try:
            return dlib.face_recognition_model_v1(str(path)).compute_face_descriptor
        except RuntimeError as error:
            raise WeightsMissing(f"model Dlib: {path} is damaged ({error}); remove it, or put a whole one") from error

    def align(self, image: Image, face: Detection) -> Image:
        import dlib

        shape = self._points.predict(image, face, weights.DLIB_5_POINTS)
        return np.asarray(dlib.get_face_chip(image, shape, size=self.size, padding=self.padding), dtype=np.uint8)

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        chips = np.stack(crops)
        parts = [self._session(chips[i : i + self.most]) for i in range(0, len(chips), self.most)]
        return np.concatenate(parts).astype(np.float32)

    def rest(self) -> None:
        if self._network:
            self._network.rest()


class DeepfaceModel:
    """A model of deepface, fed by `forward(batch)`: BGR, 0..1, shape (n, h, w, 3).

    `template`: aligned to the 112-pixel five-point template it was trained on; else deepface's own crop, for
    which its thresholds were made.
    """

    def __init__(self, name: str, file: str, template: bool = False, session: Any = None):
        self.name, self._file, self._template, self._session = name, file, template, session
        self.face_pixels = 112 if template else 160
        self._points = Points()
        self._size = (112, 112)
        self.space = ""

    def load(self) -> None:
        if self._session is None:
            self._session = deepface_model("facial_recognition", self.name, "model")
        height, width = self._session.input_shape[:2]
        self._size = (int(height), int(width))
        path = weights.folder() / self._file
        known = weights.digest(path) if path.is_file() else "unknown"
        self.space = f"{self.name}/{known}/" + ("template112" if self._template else f"upright{height}")

    def align(self, image: Image, face: Detection) -> Image:
        if self._template:
            return to_template(image, self._points.five(image, face))
        return letterbox(upright_crop(image, face), *self._size)

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        batch = np.stack(crops)[..., ::-1].astype(np.float32) / 255
        with contextlib.redirect_stdout(io.StringIO()):
            vectors = np.asarray(self._session.forward(batch), dtype=np.float32)
        return vectors[None] if vectors.ndim == 1 else vectors  # deepface unwraps a batch of one


def _deepface(name: str, file: str, template: bool = False) -> Callable[[], Embedder]:
    return lambda: DeepfaceModel(name, file, template)


#: Files as deepface 0.0.103 names them (pinned). The 112-pixel template is what ArcFace, SFace and InsightFace's
#: Buffalo_L were trained on.
EMBEDDERS: dict[str, Callable[[], Embedder]] = {
    "Dlib": Dlib,
    "VGG-Face": _deepface("VGG-Face", "vgg_face_weights.onnx"),
    "Facenet": _deepface("Facenet", "facenet_weights.onnx"),
    "Facenet512": _deepface("Facenet512", "facenet512_weights.onnx"),
    "ArcFace": _deepface("ArcFace", "arcface_weights.onnx", template=True),
    "OpenFace": _deepface("OpenFace", "openface_weights.onnx"),
    "DeepFace": _deepface("DeepFace", "VGGFace2_DeepFace_weights_val-0.9034.onnx"),
    "SFace": _deepface("SFace", "face_recognition_sface_2021dec.onnx", template=True),
    "GhostFaceNet": _deepface("GhostFaceNet", "ghostfacenet_v1.onnx"),
    "Buffalo_L": _deepface("Buffalo_L", "buffalo_l/webface_r50.onnx", template=True),
}
