"""The networks in onnxruntime against those that they stand for: dlib's own, and YuNet in OpenCV. On real faces."""

from __future__ import annotations

import itertools
import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faces import detector, networks, weights
from faces.detector import YuNet, _YuNetInOpenCV, find_faces
from faces.embedder import Dlib
from faces.images import decode
from faces.models import Models
from faces.records import Box, Detection
from places import SHARED


def photos(portraits: Path, most: int) -> Iterator[Any]:
    """Real photos: those in ../shared where they are, else the demo's."""
    folder = SHARED / "photos"
    files = (
        sorted(folder.glob("lfw10/*/*.jpg")) + sorted(folder.glob("sitcom/*/*")) + sorted(folder.glob("athletes/*/*"))
    )
    for path in files[:: max(1, len(files) // most)] if files else sorted(portraits.glob("*.*g")):
        yield decode(path, 100, 1280).pixels


@pytest.fixture(scope="module")
def chips(portraits: Path) -> Any:
    """Chips of real faces. (`make bench` takes 500.)"""
    models = Models()
    found = []
    for pixels in photos(portraits, 60):
        for face in find_faces(models.detector("dlib"), pixels):
            found.append(models.embedder("Dlib").align(pixels, face))
    return np.stack(found)


def test_dlibs_vectors_are_the_same(chips: Any) -> None:
    import dlib

    path = weights.packaged(weights.DLIB_RESNET)
    theirs = np.array(dlib.face_recognition_model_v1(str(path)).compute_face_descriptor(chips), np.float32)
    embedder = Dlib()
    embedder.load()
    assert embedder.parallel and embedder.space == f"Dlib/{weights.digest(path)}/chip150"
    ours = embedder.embed(list(chips))
    assert ours.dtype == np.float32 and ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 5e-6
    cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosines.min() > 0.9999
    apart, near = (np.linalg.norm(v[:, None] - v[None], axis=2) for v in (theirs, ours))
    for threshold in np.arange(0.3, 0.8, 0.01):
        unclear = np.abs(apart - threshold) < 1e-5  # whoever lies on the line lies on either side
        assert np.array_equal((near <= threshold)[~unclear], (apart <= threshold)[~unclear])


@pytest.mark.usefixtures("yunet")
def test_yunet_finds_what_opencv_finds(portraits: Path) -> None:
    ours, theirs = YuNet(), _YuNetInOpenCV(YuNet.score)
    ours.load()
    assert ours.parallel
    seen = 0
    for pixels in photos(portraits, 60):
        # OpenCV finds a face of ten to the thirteenth pixels on an image of 17 x 16: none so small here.
        # OpenCV finds a face of ten to the thirteenth pixels on an image of 17 x 16: none so small here.
        for shape in (pixels, pixels[: pixels.shape[0] // 64 * 64 - 2, : pixels.shape[1] // 64 * 64]):
            image = np.ascontiguousarray(shape[::2, ::2])
            a, b = sorted(ours.detect(image), key=place), sorted(theirs.detect(image), key=place)
            assert len(a) == len(b)
            for one, other in zip(a, b, strict=True):
                assert numbers(one) == pytest.approx(numbers(other), abs=0.5)
                assert one.confidence == pytest.approx(other.confidence, abs=1e-3)
            seen += len(a)
    assert seen > 5


def place(face: Detection) -> tuple[int, int]:
    return round(face.box.x), round(face.box.y)


def numbers(face: Detection) -> list[float]:
    return [face.box.x, face.box.y, face.box.w, face.box.h, *np.ravel(face.landmarks)]


class Finder:
    """Finds white squares that are wider than `smallest` pixels where it looks, and, as YuNet, none that are very large.
    `seen`: where it looked."""

    name, side, smallest = "finder", 100, 10

    def __init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def load(self) -> None: ...

    def detect(self, image: Any) -> list[Detection]:
        import cv2

        self.seen.append(image.shape[:2])
        contours, _ = cv2.findContours(
            (image[:, :, 0] > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
        )
        boxes = [Box(*map(float, cv2.boundingRect(contour))) for contour in contours]
        return [Detection(box, 0.9) for box in boxes if self.smallest <= box.w <= 60]


def squares(*faces: tuple[int, int, int]) -> Any:
    image = np.zeros((1000, 1000, 3), np.uint8)
    for x, y, w in faces:
        image[y : y + w, x : x + w] = 255
    return image


LARGE, MIDDLE, SMALL = (450, 450, 500), (10, 10, 45), (300, 10, 14)


@pytest.mark.parametrize(
    ("least", "tiles", "found"), [(0.5, 1, 1), (0.1, 1, 1), (0.04, 1 + 4, 2), (0.012, 1 + 64, 3), (0.0, 1 + 100, 3)]
)
def test_a_second_look_for_small_faces_loses_no_large_one(least: float, tiles: int, found: int) -> None:
    """A face of 500 of 1000 pixels is seen at 100 only, one of 45 at 250 and more, one of 14 at 830."""
    finder = Finder()
    faces = find_faces(finder, squares(LARGE, MIDDLE, SMALL), least)
    assert len(finder.seen) == tiles and all(max(seen) <= 164 for seen in finder.seen)
    assert len(faces) == found
    wanted = [Box(x, y, w, w) for x, y, w in (LARGE, MIDDLE, SMALL)[:found]]
    assert all(max(box.overlap(face.box) for face in faces) > 0.6 for box in wanted)


@pytest.mark.parametrize("place", range(0, 960, 40))
def test_a_face_on_the_line_between_tiles_is_one_face(place: int) -> None:
    faces = find_faces(Finder(), squares((place, place, 40)), 0.02)
    assert [face.box.overlap(Box(place, place, 40, 40)) > 0.7 for face in faces] == [True]


@pytest.mark.parametrize("length", [1, 63, 64, 65, 640, 704, 705, 1000, 1280, 1920])
def test_tiles_cover_all_and_overlap(length: int) -> None:
    spans = detector._spans(length, 640)
    assert spans[0][0] == 0 and spans[-1][0] + spans[-1][1] == length
    assert all(w <= 640 + detector.OVERLAP for _, w in spans)
    assert all(a + w - b >= detector.OVERLAP for (a, w), (b, _) in itertools.pairwise(spans))


def test_a_photo_is_never_shown_larger_than_it_is() -> None:
    finder = Finder()
    find_faces(finder, np.zeros((50, 80, 3), np.uint8), 0.0)
    assert finder.seen == [(50, 80)]


# What is kept, and where.


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DEEPFACE_HOME", str(tmp_path / "home"))
    return tmp_path / "cache" / "faces"


def works(session: Any) -> bool:
    [vectors] = session.run(None, {"chips": np.zeros((2, 150, 150, 3), np.uint8)})
    return vectors.shape == (2, 128)


def open_dlib() -> Any:
    return networks.Network("dlib", weights.packaged(weights.DLIB_RESNET))


def test_a_graph_is_made_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert works(open_dlib())
    [graph] = cache.iterdir()
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("made again"))
    assert works(open_dlib())
    assert list(cache.iterdir()) == [graph]


def test_a_network_that_rests_has_no_session_until_it_is_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder, chips = Dlib(), [np.full((150, 150, 3), 90, np.uint8)]
    embedder.load()
    before = embedder.embed(chips)
    embedder.rest()
    assert embedder._network is not None and embedder._network._session is None
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("the graph was made again"))
    assert np.array_equal(embedder.embed(chips), before)


@pytest.mark.parametrize("content", [b"", b"torn", b"half"])
def test_a_damaged_graph_is_made_anew(cache: Path, content: bytes) -> None:
    open_dlib()
    [graph] = cache.iterdir()
    graph.write_bytes(graph.read_bytes()[: 1 << 20] if content == b"half" else content)
    assert works(open_dlib())
    assert graph.stat().st_size > 20_000_000


def test_where_the_cache_cannot_be_written_it_lies_beside_the_weights(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file in its place")
    assert works(open_dlib())
    assert len(list((cache.parents[1] / "home" / ".deepface" / "graphs").iterdir())) == 1


def test_without_any_place_it_is_made_for_the_run(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("")
    (cache.parents[1] / "home").write_text("")
    assert works(open_dlib())


def test_weights_of_another_kind_are_no_network(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"anything" * 1000)
    for kind in ("dlib", "yunet"):
        with pytest.raises(networks.NoNetwork, match=r"weights: "):
            networks.Network(kind, tmp_path / "weights")
    assert not cache.is_dir() or not list(cache.iterdir())


def test_every_byte_that_is_cut_off_is_missed(tmp_path: Path) -> None:
    from faces import graphs

    whole = weights.packaged(weights.DLIB_RESNET).read_bytes()
    for length in (0, 1, 335, 19_000, 19_381, 20_000_000, len(whole) - 40_000):
        with pytest.raises(ValueError, match="layer"):
            graphs.dlib_resnet(whole[:length])


def test_without_the_package_onnx_dlib_does_it_itself(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "onnx.py").write_text("raise ImportError('no onnx here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    embedder = Dlib()
    with caplog.at_level(logging.WARNING):
        embedder.load()
    assert "no onnx here" in caplog.text and "slow" in caplog.text
    assert not embedder.parallel
    assert embedder.embed([np.zeros((150, 150, 3), np.uint8)] * 3).shape == (3, 128)


@pytest.mark.usefixtures("yunet")
def test_without_the_package_onnx_opencv_runs_yunet(
    cache: Path, tmp_path: Path, portraits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "onnx.py").write_text("raise ImportError('no onnx here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    models = Models()
    pixels = decode(portraits / "obama.jpg", 100, 1280).pixels
    assert len(find_faces(models.detector("yunet"), pixels)) == 1
    assert not models.detector("yunet").parallel  # type: ignore[attr-defined]


def test_a_run_does_without_onnx() -> None:
    """It is 30 MB in memory, and needed once."""
    code = (
        "import sys\nfrom faces.models import Models\nModels().embedder('Dlib')\n"
        "assert 'onnxruntime' in sys.modules and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(networks.__file__).parents[1])
