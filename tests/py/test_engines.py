"""The real detectors and models on real photos, where their weights come in packages or lie in ../shared/weights; the
others up to deepface's own download, which these machines cannot reach."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from faces import weights
from faces.detector import DETECTORS, find_faces
from faces.embedder import EMBEDDERS
from faces.errors import WeightsMissing
from faces.images import decode
from faces.matcher import distances
from faces.models import DEFAULT_MODELS, Models, default_detectors
from faces.records import Box, pair_by_overlap
from faces.settings import DETECTORS as DETECTOR_NAMES
from faces.settings import MODELS as MODEL_NAMES
from faces.settings import THRESHOLDS

#: Where the face is on two of the demo's photos, as fractions; looked up by eye, generous.
WHERE = {"obama.jpg": Box(0.36, 0.08, 0.36, 0.32), "biden.jpg": Box(0.42, 0.07, 0.38, 0.20)}


def check(detector: str, photos: Path) -> None:
    found = Models()
    for file, place in WHERE.items():
        picture = decode(photos / file, 100, 1280)
        faces = find_faces(found.detector(detector), picture.pixels)
        height, width = picture.pixels.shape[:2]
        boxes = [face.box.scaled(1 / width, 1 / height) for face in faces]
        assert pair_by_overlap([place], list(enumerate(boxes))) != [None], (detector, file, boxes)
        assert all(0 <= face.confidence <= 1 for face in faces)
        best = faces[0]
        if best.landmarks:
            eyes = best.landmarks[:2]
            assert eyes[0][0] < eyes[1][0]  # the eye on the left side of the picture comes first
            assert all(best.box.x <= x <= best.box.x + best.box.w for x, _ in eyes)


@pytest.mark.parametrize("detector", ["dlib", "opencv"])
def test_detectors_find_the_face(portraits: Path, detector: str) -> None:
    check(detector, portraits)


@pytest.mark.usefixtures("yunet")
def test_yunet_finds_the_face_with_five_landmarks(portraits: Path) -> None:
    check("yunet", portraits)
    face = find_faces(Models().detector("yunet"), decode(portraits / "obama.jpg", 100).pixels)[0]
    assert len(face.landmarks) == 5


@pytest.mark.parametrize("detector", ["dlib", "opencv"])
def test_a_picture_without_a_face_has_none(detector: str) -> None:
    grey = np.full((300, 400, 3), 128, np.uint8)
    assert find_faces(Models().detector(detector), grey) == []
    assert find_faces(Models().detector(detector), grey[:1, :1]) == []


def test_boxes_are_in_pixels_of_the_image_given(portraits: Path) -> None:
    """A detector sees the photo reduced; its boxes must not."""
    picture = decode(portraits / "obama.jpg", 100)
    detector = DETECTORS["dlib"]()
    detector.load()
    wide = find_faces(detector, picture.pixels)[0].box
    detector.side = 400
    small = find_faces(detector, picture.pixels)[0].box
    assert wide.overlap(small) > 0.6


def test_dlib_tells_people_apart(portraits: Path) -> None:
    models = Models()
    detector, embedder = models.detector("dlib"), models.embedder("Dlib")
    assert embedder.space.startswith("Dlib/") and embedder.space.endswith("/chip150")
    vectors = {}
    for file in ("obama.jpg", "obama3.jpg", "biden.jpg"):
        pixels = decode(portraits / file, 100).pixels
        crop = embedder.align(pixels, find_faces(detector, pixels)[0])
        assert crop.shape == (150, 150, 3)
        vectors[file] = embedder.embed([crop])
    limit = THRESHOLDS["Dlib"]["euclidean"]
    assert distances(vectors["obama.jpg"], vectors["obama3.jpg"], "euclidean")[0, 0] < limit
    assert distances(vectors["obama.jpg"], vectors["biden.jpg"], "euclidean")[0, 0] > limit


def test_a_batch_gives_what_single_faces_give(portraits: Path) -> None:
    models = Models()
    embedder = models.embedder("Dlib")
    crops = []
    for file in ("obama.jpg", "biden.jpg"):
        pixels = decode(portraits / file, 100).pixels
        crops.append(embedder.align(pixels, find_faces(models.detector("dlib"), pixels)[0]))
    assert np.allclose(embedder.embed(crops), np.concatenate([embedder.embed([c]) for c in crops]), atol=1e-5)


def test_a_detector_without_landmarks_gets_five_from_dlib(portraits: Path) -> None:
    from faces.embedder import Points

    pixels = decode(portraits / "obama.jpg", 100).pixels
    face = find_faces(Models().detector("dlib"), pixels)[0]
    assert not face.landmarks
    points = Points().five(pixels, face)
    assert points.shape == (5, 2)
    assert points[0, 0] < points[2, 0] < points[1, 0] and points[0, 1] < points[2, 1] < points[3, 1]


@pytest.mark.parametrize("kind", ["detector", "model"])
def test_the_tables_have_what_the_settings_name(kind: str) -> None:
    table, names = (DETECTORS, DETECTOR_NAMES) if kind == "detector" else (EMBEDDERS, MODEL_NAMES)
    assert set(table) == set(names)
    for name, make in table.items():
        assert make().name == name  # cheap: nothing is loaded


@pytest.mark.parametrize("name", ["retinaface", "ssd", "yunet"])
def test_a_detector_whose_weights_cannot_be_had_names_file_and_folder(name: str) -> None:
    missing(Models().detector, name)


@pytest.mark.parametrize(
    "name", ["VGG-Face", "Facenet", "Facenet512", "ArcFace", "OpenFace", "DeepFace", "SFace", "GhostFaceNet"]
)
def test_a_model_whose_weights_cannot_be_had_names_file_and_folder(name: str) -> None:
    missing(Models().embedder, name)


@pytest.mark.parametrize("name", ["Emotion", "Age", "Gender", "Race"])
def test_demography_whose_weights_cannot_be_had_names_file_and_folder(name: str) -> None:
    missing(Models().attribute, name)


def missing(load: object, name: str) -> None:
    try:
        load(name)  # type: ignore[operator]
    except WeightsMissing as error:
        text = str(error)
        assert name in text and str(weights.folder()) in text, text
        assert "download" in text and "https://" in text, text
        with pytest.raises(WeightsMissing):
            load(name)  # type: ignore[operator]
    else:
        pytest.skip(f"{name}'s weights could be downloaded here")


@pytest.mark.parametrize(("name", "package"), [("mtcnn", "mtcnn"), ("Buffalo_L", "InsightFace")])
def test_a_missing_package_is_named(name: str, package: str) -> None:
    models = Models()
    try:
        (models.detector if name == "mtcnn" else models.embedder)(name)
    except WeightsMissing as error:
        assert package in str(error) and "install" in str(error)
    else:
        pytest.skip(f"{name} is installed here")


def test_the_default_needs_no_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    monkeypatch.setattr(weights, "YUNET_SECONDS", 5)
    chosen = default_detectors()
    assert chosen in (("yunet",), ("dlib",))
    if not (weights.folder() / weights.YUNET).is_file():
        assert chosen == ("dlib",)
    assert DEFAULT_MODELS == ("Dlib",)
    for file in (weights.DLIB_RESNET, weights.DLIB_5_POINTS, weights.DLIB_68_POINTS):
        assert weights.packaged(file).is_file()


@pytest.mark.usefixtures("yunet")
def test_the_default_is_yunet_where_its_file_is() -> None:
    assert default_detectors() == ("yunet",)


def test_weights_put_into_the_folder_are_taken_before_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path))
    weights.prepare_folder()
    own = weights.folder() / weights.DLIB_5_POINTS
    shutil.copy(weights.packaged(weights.DLIB_5_POINTS), own)
    assert weights.packaged(weights.DLIB_5_POINTS) == own


def test_a_weights_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPFACE_HOME", "/proc/nowhere")
    with pytest.raises(WeightsMissing, match="set DEEPFACE_HOME"):
        Models().embedder("SFace")


@pytest.mark.parametrize("side", [640, 1000, 1279])
def test_a_picture_is_reduced_to_the_mean_of_what_it_shows(side: int) -> None:
    """And lies where it lay: a box found on it is scaled back by the factor alone."""
    import cv2
    from faces.detector import _reduced

    rough = np.random.default_rng(0).integers(0, 255, (61, 81, 3), np.uint8)
    picture = cv2.resize(rough, (2000, 1501), interpolation=cv2.INTER_CUBIC)
    ours = _reduced(picture, side / 2000).astype(int)
    assert ours.shape == (round(1501 * side / 2000), side, 3)
    mean = cv2.resize(picture, (ours.shape[1], ours.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(ours - mean).max() <= 4
