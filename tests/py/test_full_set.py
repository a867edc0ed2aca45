"""What only the full documented set can do (make test runs this in .venv-full): mediapipe, beside numpy below 2."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="mediapipe is an extra: .venv-full has it"
)


def test_mediapipe_finds_the_face(portraits: Path) -> None:
    from test_engines import check

    check("mediapipe", portraits)


def test_mediapipe_is_fed_rgb(portraits: Path) -> None:
    """deepface would feed it BGR and lose a quarter of the faces; here red must stay red."""
    import numpy as np
    from faces.detector import DETECTORS

    seen = []

    class Session:
        def detect_faces(self, image: object) -> list[object]:
            seen.append(np.array(image)[0, 0].tolist())
            return []

    detector = DETECTORS["mediapipe"]()
    detector._session = Session()  # type: ignore[attr-defined]
    image = np.zeros((10, 10, 3), np.uint8)
    image[..., 0] = 255
    detector.detect(image)
    assert seen == [[255, 0, 0]]


def test_a_whole_run_with_mediapipe(portraits: Path, tmp_path: Path) -> None:
    from faces.folders import PlainAlbum
    from faces.guard import Guard
    from faces.jobs import detect
    from faces.progress import Progress

    (tmp_path / "a.jpg").write_bytes((portraits / "obama.jpg").read_bytes())
    summary = detect.run(PlainAlbum(tmp_path), {"detectors": ("mediapipe",)}, Guard(), Progress())
    assert (summary.done, summary.faces) == (1, 1)


def test_the_documented_packages_are_there() -> None:
    from faces.jobs.availability import versions

    assert "missing" not in {name: v for name, v in versions().items() if name != "exiftool"}.values()


def test_the_opencv_that_is_loaded_needs_no_screen() -> None:
    import cv2

    assert "GUI:                           NONE" in cv2.getBuildInformation()
