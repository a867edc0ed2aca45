"""Turning a face upright and to the size its model was trained on.

Points are (x, y) in pixels; images are RGB uint8 (height, width, 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces.records import Detection

Image = NDArray[np.uint8]

#: The five-point template of ArcFace and SFace for a 112 x 112 crop: eyes, nose tip, mouth corners, left side
#: of the picture first (InsightFace `arcface_src`, also in OpenCV's FaceRecognizerSF).
TEMPLATE_112 = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)


def similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """The 2 x 3 matrix of the rotation, scale and shift that brings `source` (n, 2) nearest to `target` (n, 2).

    Least squares after Umeyama, IEEE PAMI 13 (1991) 376-380. n >= 2, points not all in one place.
    """
    mean_s, mean_t = source.mean(axis=0), target.mean(axis=0)
    s, t = source - mean_s, target - mean_t
    u, singular, vt = np.linalg.svd(t.T @ s / len(source))
    d = np.ones(2)
    if np.linalg.det(u) * np.linalg.det(vt) < 0:
        d[1] = -1  # a rotation, never a mirror image
    rotation = u @ np.diag(d) @ vt
    variance = s.var(axis=0).sum()
    scale = float(singular @ d) / variance if variance > 0 else 1.0
    return np.hstack([scale * rotation, (mean_t - scale * rotation @ mean_s)[:, None]])


def warp(image: Image, matrix: NDArray[np.float64], size: int) -> Image:
    """The part of the image that `matrix` (2 x 3) brings into a size x size square; black outside."""
    import cv2

    return np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def to_template(image: Image, landmarks: Any) -> Image:
    """A 112 x 112 crop with the five landmarks on the template."""
    return warp(image, similarity(np.asarray(landmarks, dtype=np.float64), TEMPLATE_112), 112)


def upright_crop(image: Image, face: Detection) -> Image:
    """deepface's own way: turn round the middle of the box until the eyes are level, cut the box out."""
    box = face.box
    size = (max(1, round(box.w)), max(1, round(box.h)))
    angle = 0.0
    if len(face.landmarks) >= 2:
        (x1, y1), (x2, y2) = face.landmarks[:2]
        angle = float(np.arctan2(y2 - y1, x2 - x1))
    cos, sin = np.cos(-angle), np.sin(-angle)
    rotation = np.array([[cos, -sin], [sin, cos]])
    centre = np.array([box.x + box.w / 2, box.y + box.h / 2])
    shift = np.array(size) / 2 - rotation @ centre
    import cv2

    matrix = np.hstack([rotation, shift[:, None]])
    return np.asarray(cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR), dtype=np.uint8)


def letterbox(crop: Image, height: int, width: int) -> Image:
    """Fit the crop into height x width, its shape kept, black bars round it (deepface's `resize_image`)."""
    import cv2

    factor = min(height / crop.shape[0], width / crop.shape[1])
    w = min(width, max(1, int(crop.shape[1] * factor)))
    h = min(height, max(1, int(crop.shape[0] * factor)))
    result: Image = np.zeros((height, width, 3), np.uint8)
    top, left = (height - h) // 2, (width - w) // 2
    result[top : top + h, left : left + w] = cv2.resize(crop, (w, h))
    return result
