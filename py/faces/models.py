"""The registry: detectors, embedders and demography by name, each loaded once, when a photo first needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from faces import weights
from faces.demography import ATTRIBUTES, Attribute
from faces.detector import DETECTORS, Detector
from faces.embedder import EMBEDDERS, Embedder
from faces.errors import WeightsMissing

#: Weights come in a registry package and every figure of ours was measured on it.
DEFAULT_MODELS = ("Dlib",)


class Models:
    """What a run detects and embeds with. Tests pass tables of their own."""

    def __init__(
        self,
        detectors: Mapping[str, Callable[[], Detector]] = DETECTORS,
        embedders: Mapping[str, Callable[[], Embedder]] = EMBEDDERS,
        attributes: Mapping[str, Callable[[], Attribute]] = ATTRIBUTES,
    ):
        self._tables: dict[str, Mapping[str, Callable[[], Any]]] = {
            "detector": detectors,
            "model": embedders,
            "demography": attributes,
        }
        self._loaded: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def detector(self, name: str) -> Detector:
        """Raises WeightsMissing, the second time at once (one try to download a run)."""
        return self._get("detector", name)

    def embedder(self, name: str) -> Embedder:
        """Raises as `detector`."""
        return self._get("model", name)

    def attribute(self, name: str) -> Attribute:
        """Raises as `detector`."""
        return self._get("demography", name)

    def turn(self, kind: str, name: str) -> AbstractContextManager[Any]:
        """To be held while an engine works: by one thread at a time, unless it says `parallel`. One lock for all of
        them, because deepface's engines share what they print to."""
        return nullcontext() if getattr(self._loaded.get((kind, name)), "parallel", False) else self._lock

    def rest(self) -> None:
        """Give back what memory the engines can do without until they are used again. None is at work."""
        for item in self._loaded.values():
            if hasattr(item, "rest"):
                item.rest()

    def _get(self, kind: str, name: str) -> Any:
        key = (kind, name)
        if key not in self._loaded:
            try:
                item = self._tables[kind][name]()
                item.load()
                self._loaded[key] = item
            except KeyError:
                self._loaded[key] = WeightsMissing(f"there is no {kind} {name}")
            except WeightsMissing as error:
                self._loaded[key] = error
        if isinstance(self._loaded[key], WeightsMissing):
            raise self._loaded[key]
        return self._loaded[key]


def default_detectors() -> tuple[str, ...]:
    """YuNet where its weights can be had, else dlib's HOG detector, which needs none."""
    return ("yunet",) if weights.yunet_available() else ("dlib",)
