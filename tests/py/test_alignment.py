"""Alignment: the fit against known transforms, the template against crops that lie in it."""

from __future__ import annotations

import numpy as np
import pytest
from faces.alignment import TEMPLATE_112, letterbox, similarity, to_template, upright_crop
from faces.records import Box, Detection
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED


@given(st.floats(-3.1, 3.1), st.floats(0.1, 10), st.floats(-500, 500), st.floats(-500, 500))
def test_similarity_finds_the_transform_that_was_made(angle: float, scale: float, dx: float, dy: float) -> None:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    target = TEMPLATE_112 @ turn.T + [dx, dy]
    matrix = similarity(TEMPLATE_112, target)
    assert np.allclose(matrix[:, :2], turn, atol=1e-6 * max(1, scale)) and np.allclose(
        matrix[:, 2], [dx, dy], atol=1e-5
    )


def test_similarity_never_mirrors() -> None:
    mirrored = TEMPLATE_112 * [-1, 1] + [112, 0]
    assert np.linalg.det(similarity(TEMPLATE_112, mirrored)[:, :2]) > 0


def test_a_turned_face_comes_out_level() -> None:
    """Two white eyes on a slant lie level and on the template in the crop."""
    image = np.zeros((300, 300, 3), np.uint8)
    turn = 2 * np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    points = TEMPLATE_112 @ turn.T + [120, 10]
    for x, y in points[:2]:
        image[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5] = 255
    crop = to_template(image, points)
    ys, xs = np.nonzero(crop[:, :56, 0] > 128)
    assert np.allclose([xs.mean(), ys.mean()], TEMPLATE_112[0], atol=1)
    box = Detection(Box(points[:, 0].min(), points[:, 1].min(), 120, 120), 1.0, tuple(map(tuple, points[:2])))
    upright = upright_crop(image, box)
    left, right = upright[:, :60, 0], upright[:, 60:, 0]
    assert abs(np.nonzero(left > 128)[0].mean() - np.nonzero(right > 128)[0].mean()) < 2


def test_letterbox_keeps_the_shape() -> None:
    crop = np.full((40, 20, 3), 200, np.uint8)
    result = letterbox(crop, 112, 112)
    assert result.shape == (112, 112, 3)
    assert result[56, 56, 0] == 200 and result[56, 5, 0] == 0


@pytest.mark.usefixtures("yunet")
def test_crops_that_lie_in_the_template_have_their_landmarks_on_it() -> None:
    """../shared/photos/crops112 are aligned to the template: YuNet must find its points there, so that what
    `to_template` makes is what SFace and ArcFace were trained on."""
    if not (SHARED / "photos" / "crops112").is_dir():
        pytest.skip("no ../shared/photos/crops112")
    import cv2
    from faces.detector import find_faces
    from faces.images import decode
    from faces.models import Models

    detector, offsets = Models().detector("yunet"), []
    for path in sorted((SHARED / "photos" / "crops112").rglob("*.png"))[::12]:
        pixels = np.asarray(cv2.copyMakeBorder(decode(path, 10).pixels, 56, 56, 56, 56, cv2.BORDER_CONSTANT), np.uint8)
        faces = find_faces(detector, pixels)
        if faces:
            offsets.append(np.array(faces[0].landmarks) - 56 - TEMPLATE_112)
    mean = np.abs(np.mean(offsets, axis=0)).max(axis=1)
    print(f"\n{len(offsets)} crops: YuNet's points lie {mean.round(1).tolist()} pixels from the template on average")
    assert len(offsets) >= 50
    assert mean[:3].max() < 2  # eyes and nose
    assert mean.max() < 5  # YuNet puts the corners of the mouth a little lower
