"""Age, gender, emotion and race as deepface's models guess them. Off unless asked for."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from faces.alignment import letterbox, upright_crop
from faces.detector import deepface_model
from faces.errors import DetectorError
from faces.records import Detection


class Attribute(Protocol):
    """Guesses one thing about a face. `field` is the attribute of FaceRow that takes it."""

    name: str
    field: str

    def load(self) -> None:
        """Get ready; raises WeightsMissing with what to do. Called once."""

    def guess(self, image: NDArray[np.uint8], face: Detection) -> Any:
        """Years (float) for Age, a label for the others; DetectorError if the model fails."""


class DeepfaceAttribute:
    """One of deepface's models, on an upright crop of 224 pixels in BGR, 0..1."""

    def __init__(self, name: str, session: Any = None):
        self.name, self.field, self._session = name, name.lower(), session

    def load(self) -> None:
        if self._session is None:
            self._session = deepface_model("facial_attribute", self.name, "demography")

    def guess(self, image: NDArray[np.uint8], face: Detection) -> Any:
        crop = letterbox(upright_crop(image, face), 224, 224)[None, :, :, ::-1].astype(np.float32) / 255
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                answer = np.asarray(self._session.predict(crop), dtype=float)
        except Exception as error:
            raise DetectorError(f"demography {self.name} failed: {error or type(error).__name__}") from error
        if not np.isfinite(answer).all():
            raise DetectorError(f"demography {self.name} returned nonsense")
        return float(answer) if self.name == "Age" else self._labels()[int(answer.argmax())]

    def _labels(self) -> list[str]:
        from deepface.models.demography import DemographyUtils

        return list(getattr(DemographyUtils, f"{self.name.upper()}_LABELS"))


def _deepface(name: str) -> Callable[[], Attribute]:
    return lambda: DeepfaceAttribute(name)


ATTRIBUTES: dict[str, Callable[[], Attribute]] = {
    name: _deepface(name) for name in ("Emotion", "Age", "Gender", "Race")
}
