"""Detectors: where the faces are. One small interface over deepface's detectors, YuNet and dlib.

A detector is cheap to construct and loads at first use. It sees the photo reduced to its `side`, and never
padded: padding to four times the area is what costs deepface's `represent()` its recall (MEASURED.md).
"""

from __future__ import annotations

import contextlib
import io
import logging
import math
import os
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faces import weights
from faces.errors import DetectorError, WeightsMissing
from faces.networks import Network, NoNetwork
from faces.records import SAME_FACE_OVERLAP, Box, Detection, Landmarks

log = logging.getLogger("faces")

Image = NDArray[np.uint8]


class Detector(Protocol):
    """Finds faces in an RGB image (h, w, 3). `side` is the longest side, in pixels, that it wants to see. One that has
    `parallel = True` may work in several threads at once; one that has `smallest`, the width in pixels from which on it
    finds a face, is shown the image a second time, larger, where smaller faces are wanted."""

    name: str
    side: int

    def load(self) -> None:
        """Get ready; raises WeightsMissing with what to do. Called once."""

    def detect(self, image: Image) -> list[Detection]:
        """Faces in pixels of `image`. Raises whatever goes wrong; an empty list means no face."""


#: The longest side of the second look. More finds few faces more, and costs time with the square.
LARGEST_SIDE = 1280
#: A second look has to be larger than the first by this.
WORTH_IT = 1.3
#: The second look goes over tiles that overlap by so many pixels, and takes faces up to that width: each is whole in
#: one of them, and what is wider the first look has seen. All at once would take four times the memory.
OVERLAP = 64
#: Pixels that a picture may be enlarged to on the way to a smaller one.
MOST_ENLARGED = 2 << 20


def find_faces(detector: Detector, image: Image, least: float = 1.0) -> list[Detection]:
    """The faces in an image of any size, in its pixels, boxes clipped to it, most confident first. `least`: the
    narrowest face wanted, as a fraction of the image's width.

    Two looks, because what is large in a larger image is not found there (MEASURED.md: a portrait found at 320 to 960
    is gone at 1280). Raises DetectorError if the detector fails or returns what no face can be.
    """
    height, width = image.shape[:2]
    longest = max(height, width)
    factor = min(1.0, detector.side / longest)
    smallest = getattr(detector, "smallest", 0)
    second = min(smallest / max(least * width, 1.0), LARGEST_SIDE / longest, 1.0)
    if second >= WORTH_IT * factor:
        larger = _reduced(image, second)
        scale = larger.shape[1] / width
        seen = [*_look(detector, larger, factor / scale), *_look_closer(detector, larger)]
        faces = _without_doubles([face.scaled(1 / scale) for face in seen])
    else:
        faces = _look(detector, image, factor)
    return sorted(faces, key=lambda face: -face.confidence)


def _reduced(image: Image, factor: float) -> Image:
    """The image made smaller by the mean of the pixels that fall on one.

    OpenCV takes ten times as long for that where these are no 2 x 2, 4 x 4 and so on. So the image is enlarged to such
    a multiple before, which boxes and embeddings do not feel, unless that takes too much memory. (To make it smaller to
    a multiple instead is faster still, but costs a hundredth of the pairs that are known as one person.)
    """
    import cv2

    height, width = image.shape[:2]
    if factor >= 1.0:
        return image
    w, h = max(1, round(width * factor)), max(1, round(height * factor))
    power = 2 ** math.ceil(math.log2(1 / factor))
    if power * power * w * h <= MOST_ENLARGED and (power * w, power * h) != (width, height):
        image = np.asarray(cv2.resize(image, (power * w, power * h), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return np.asarray(cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _look_closer(detector: Detector, image: Image) -> list[Detection]:
    """The small faces in it, tile by tile."""
    height, width = image.shape[:2]
    faces = []
    for y, h in _spans(height, detector.side):
        for x, w in _spans(width, detector.side):
            for face in _look(detector, np.ascontiguousarray(image[y : y + h, x : x + w]), 1.0):
                box = face.box
                is_cut = (  # then it is whole in the next tile
                    (x > 0 and box.x < 1)
                    or (y > 0 and box.y < 1)
                    or (x + w < width and box.x + box.w > w - 1)
                    or (y + h < height and box.y + box.h > h - 1)
                )
                if box.w <= OVERLAP and not is_cut:
                    faces.append(face.moved(x, y))
    return faces


def _spans(length: int, side: int) -> list[tuple[int, int]]:
    """Parts (start, length) that cover a length, of about `side` and the overlap, all of one length."""
    count = max(1, math.ceil((length - OVERLAP) / side))
    part = math.ceil((length + (count - 1) * OVERLAP) / count)
    return [(min(i * (part - OVERLAP), length - part), part) for i in range(count)]


def _look(detector: Detector, image: Image, factor: float) -> list[Detection]:
    height, width = image.shape[:2]
    try:
        found = detector.detect(_reduced(image, factor))
    except MemoryError as error:
        raise DetectorError(f"detector {detector.name}: out of memory") from error
    except WeightsMissing:
        raise
    except Exception as error:
        raise DetectorError(f"detector {detector.name} failed: {error or type(error).__name__}") from error
    faces = []
    for face in found:
        if not face.box.is_sane() or not np.isfinite([face.confidence, *np.ravel(face.landmarks)]).all():
            raise DetectorError(f"detector {detector.name} returned nonsense: {face.box}")
        whole = face.scaled(1 / factor)
        box = whole.box.clipped(width, height)
        if box.w >= 1 and box.h >= 1 and box.w * box.h >= 0.2 * whole.box.w * whole.box.h:
            faces.append(Detection(box, min(max(whole.confidence, 0.0), 1.0), whole.landmarks))
    if found and not faces:
        raise DetectorError(f"detector {detector.name} returned nonsense: boxes outside the photo only")
    return faces


def _without_doubles(faces: list[Detection]) -> list[Detection]:
    """Of faces that cover each other the most confident one."""
    kept: list[Detection] = []
    for face in sorted(faces, key=lambda face: -face.confidence):
        if all(face.box.overlap(other.box) < SAME_FACE_OVERLAP for other in kept):
            kept.append(face)
    return kept


def deepface_model(task: str, name: str, kind: str) -> Any:
    """Build a model by deepface, downloading its weights. WeightsMissing names file and folder.

    What deepface and gdown print goes nowhere: stdout is ours, and the error says all of it.
    """
    os.environ.setdefault("DEEPFACE_BACKEND_ENGINE", "onnx")  # never pulls TensorFlow in where both are
    os.environ.setdefault("DEEPFACE_LOG_LEVEL", "40")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    weights.prepare_folder()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from deepface.modules.modeling import build_model

            return build_model(task, name)
    except MemoryError as error:
        raise WeightsMissing(f"{kind} {name} does not fit into memory; choose a smaller one") from error
    except Exception as error:
        raise WeightsMissing(f"{kind} {name}: {_advice(error)}") from error


def _advice(error: BaseException) -> str:
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None and cause not in chain:
        chain.append(cause)
    text = " ".join(str(error).split()) or type(error).__name__
    root = " ".join(str(chain[-1]).split())[:200]
    if "downloading it manually to " in text:
        target = text.split("downloading it manually to ")[1].rstrip(". ")
        source = text.split("downloading ")[1].split(". Consider")[0].partition(" from ")[2]
        return f"{target} is missing and could not be downloaded ({root}); get it from {source} and put it there"
    if isinstance(error, ImportError) or "install" in text:
        extra = "; for OpenCV on a server: apt-get install libgl1" if "libGL" in text else ""
        return f"{text[:300]}{extra}"
    return f"{text[:700]}; the weights folder is {weights.folder()}"


class YuNet:
    """YuNet at 640 pixels and score 0.6, where it found all of 222 faces (MEASURED.md). Its network runs in
    onnxruntime, two to five times as fast as in OpenCV (docs/benchmarks.md), or in OpenCV where that cannot be.

    Boxes, landmarks and scores as OpenCV works them out (modules/objdetect/src/face_detect.cpp): of a cell of `stride`
    pixels, centre and points are offsets in cells, width and height exponents; the score is the geometric mean of two.
    """

    name, side, smallest, parallel = "yunet", 640, 14, True
    score, overlap, most = 0.6, 0.3, 5000
    strides = (8, 16, 32)

    def __init__(self, session: Any = None):
        self._session = session

    def load(self) -> None:
        if self._session is not None:
            return
        if not weights.yunet_available():
            deepface_model("face_detector", "yunet", "detector")  # says what to do
        try:
            self._session = Network("yunet", weights.folder() / weights.YUNET)
        except NoNetwork as reason:
            log.warning("YuNet runs in OpenCV, at half the speed: %s", reason)
            self.detect, self.parallel = _YuNetInOpenCV(self.score).detect, False  # type: ignore[method-assign]

    def detect(self, image: Image) -> list[Detection]:
        import cv2

        height, width = image.shape[:2]
        canvas = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.uint8)
        canvas[:height, :width] = image
        names = [f"{kind}_{stride}" for stride in self.strides for kind in ("cls", "obj", "bbox", "kps")]
        answers = self._session.run(names, {"image": canvas})
        parts = [self._decode(stride, canvas.shape[1] // stride, *answers[4 * i : 4 * i + 4])
                 for i, stride in enumerate(self.strides)]  # fmt: skip
        boxes, points, scores = (np.concatenate(part) for part in zip(*parts, strict=True))
        kept = cv2.dnn.NMSBoxes(boxes.astype(int).tolist(), scores.tolist(), self.score, self.overlap, 1.0, self.most)
        return [
            Detection(Box(*boxes[i].tolist()), float(scores[i]), tuple((x, y) for x, y in points[i].tolist()))
            for i in np.ravel(np.asarray(kept, int))
        ]

    def rest(self) -> None:
        if isinstance(self._session, Network):
            self._session.rest()

    def _decode(self, stride: int, columns: int, cls: Any, obj: Any, bbox: Any, kps: Any) -> tuple[Any, Any, Any]:
        """(1, cells, 1 or 4 or 10) -> boxes (n, 4), points (n, 5, 2; the person's right eye first, which lies left in
        the picture) and scores (n,) of the cells that have a face."""
        scores = np.sqrt(np.clip(cls[0, :, 0], 0, 1) * np.clip(obj[0, :, 0], 0, 1))
        cells = np.flatnonzero(scores >= self.score)
        corner = np.stack([cells % columns, cells // columns], axis=1)
        size = np.exp(bbox[0, cells, 2:]) * stride
        boxes = np.hstack([(corner + bbox[0, cells, :2]) * stride - size / 2, size])
        points = (corner[:, None] + kps[0, cells].reshape(-1, 5, 2)) * stride
        return boxes, points, scores[cells]


class _YuNetInOpenCV:
    def __init__(self, score: float):
        self._session = deepface_model("face_detector", "yunet", "detector").model
        self._session.setScoreThreshold(score)

    def detect(self, image: Image) -> list[Detection]:
        self._session.setInputSize((image.shape[1], image.shape[0]))
        _, found = self._session.detect(np.ascontiguousarray(image[:, :, ::-1]))
        # each row: x y w h, five points, score
        return [
            Detection(
                Box(*map(float, row[:4])),
                float(row[14]),
                tuple((float(row[i]), float(row[i + 1])) for i in range(4, 14, 2)),
            )
            for row in ([] if found is None else found)
        ]


class DlibHog:
    """dlib's HOG detector, once upsampled: needs no download. Finds upright faces from about 40 pixels, which at this
    side is 4 percent of the photo (at 640 pixels: 4 percent fewer faces, in 60 percent of the time)."""

    name, side = "dlib", 1024

    def __init__(self, session: Any = None):
        self._session = session

    def load(self) -> None:
        if self._session is None:
            try:
                import dlib
            except ImportError as error:
                raise WeightsMissing(f"detector dlib: {error}; pip install dlib-bin") from error
            self._session = dlib.get_frontal_face_detector()

    def detect(self, image: Image) -> list[Detection]:
        boxes, scores, _ = self._session.run(image, 1)
        # dlib's score has no upper end (about 3.5 at most); 1 - exp(-score) brings it to 0..1 in the same order
        return [
            Detection(Box(b.left(), b.top(), b.width(), b.height()), float(1 - np.exp(-max(s, 0.0))))
            for b, s in zip(boxes, scores, strict=True)
        ]


class Haar:
    """OpenCV's Haar cascade, called directly: deepface's wrapper takes any failure for "no face"."""

    name, side = "opencv", 1280

    def __init__(self, session: Any = None):
        self._session = session

    def load(self) -> None:
        if self._session is None:
            self._session = deepface_model("face_detector", "opencv", "detector")

    def detect(self, image: Image) -> list[Detection]:
        bgr = np.ascontiguousarray(image[:, :, ::-1])
        boxes, _, scores = self._session.model["face_detector"].detectMultiScale3(bgr, 1.1, 10, outputRejectLevels=True)
        faces = []
        for (x, y, w, h), score in zip(boxes, scores, strict=True):
            left, right = self._session.find_eyes(img=bgr[y : y + h, x : x + w])  # the person's left and right
            eyes: Landmarks = ()
            if left is not None and right is not None:
                eyes = ((float(x + right[0]), float(y + right[1])), (float(x + left[0]), float(y + left[1])))
            faces.append(Detection(Box(float(x), float(y), float(w), float(h)), float(1 - np.exp(-score / 5)), eyes))
        return faces


class DeepfaceDetector:
    """Any other detector of deepface, by its own `detect_faces`. `rgb`: it wants RGB although deepface's
    convention is BGR (mediapipe: 144 instead of 106 faces, MEASURED.md)."""

    def __init__(self, name: str, side: int, rgb: bool = False, session: Any = None):
        self.name, self.side, self._rgb, self._session = name, side, rgb, session

    def load(self) -> None:
        if self._session is None:
            if self.name == "mediapipe":
                os.environ.setdefault("MEDIAPIPE_MODEL_SELECTION", "1")  # full range: faces up to 5 m away
                os.environ.setdefault("MEDIAPIPE_MIN_DETECTION_CONFIDENCE", "0.5")
            self._session = deepface_model("face_detector", self.name, "detector")

    def detect(self, image: Image) -> list[Detection]:
        with contextlib.redirect_stdout(io.StringIO()):
            regions = self._session.detect_faces(image if self._rgb else np.ascontiguousarray(image[:, :, ::-1]))
        return [_from_region(region) for region in regions]


def _from_region(region: Any) -> Detection:
    # "left" is the person's left there, so the right eye comes first here
    points = [region.right_eye, region.left_eye, region.nose, region.mouth_right, region.mouth_left]
    if any(point is None for point in points):
        points = points[:2]
    landmarks: Landmarks = ()
    if all(point is not None for point in points):
        landmarks = tuple((float(x), float(y)) for x, y in points)
    confidence = region.confidence if region.confidence is not None else 0.0
    return Detection(
        Box(float(region.x), float(region.y), float(region.w), float(region.h)), float(confidence), landmarks
    )


#: Longest sides from MEASURED.md: more costs time and finds large faces worse.
DETECTORS: dict[str, Callable[[], Detector]] = {
    "yunet": YuNet,
    "dlib": DlibHog,
    "opencv": Haar,
    "retinaface": lambda: DeepfaceDetector("retinaface", 1280),
    "mtcnn": lambda: DeepfaceDetector("mtcnn", 1280),
    "ssd": lambda: DeepfaceDetector("ssd", 1280),
    "mediapipe": lambda: DeepfaceDetector("mediapipe", 640, rgb=True),
}
