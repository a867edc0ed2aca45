"""Boxes, ids and the pairing of boxes."""

from __future__ import annotations

import math

from faces.records import Box, Detection, new_face_id, pair_by_overlap
from hypothesis import given
from hypothesis import strategies as st

coordinate = st.floats(-500, 1500)
length = st.floats(0.1, 800)
boxes = st.builds(Box, coordinate, coordinate, length, length)


@given(boxes, boxes)
def test_overlap_is_symmetric_and_between_0_and_1(a: Box, b: Box) -> None:
    assert a.overlap(b) == b.overlap(a)
    assert 0 <= a.overlap(b) <= 1 + 1e-9


@given(boxes)
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert math.isclose(box.overlap(box), 1.0, rel_tol=1e-6)


@given(boxes, st.floats(1, 1000), st.floats(1, 1000))
def test_a_clipped_box_lies_inside(box: Box, width: float, height: float) -> None:
    part = box.clipped(width, height)
    assert 0 <= part.x <= width and 0 <= part.y <= height
    assert part.w >= 0 and part.x + part.w <= width + 1e-6
    assert part.h >= 0 and part.y + part.h <= height + 1e-6
    assert part.w <= box.w + 1e-6 and part.h <= box.h + 1e-6


@given(boxes, st.floats(0.01, 100))
def test_scaling_there_and_back(box: Box, factor: float) -> None:
    back = Detection(box, 0.5, ((1.0, 2.0),)).scaled(factor).scaled(1 / factor)
    assert math.isclose(back.box.w, box.w, rel_tol=1e-9)
    assert math.isclose(back.landmarks[0][1], 2.0, rel_tol=1e-9)


@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8))
def test_each_known_box_is_given_away_once_and_only_where_it_overlaps(new: list[Box], known: list[Box]) -> None:
    result = pair_by_overlap(new, list(enumerate(known)))
    given_away = [k for k in result if k is not None]
    assert len(given_away) == len(set(given_away))
    for box, k in zip(new, result, strict=True):
        if k is None:  # then every known box that covers it went to a better one
            assert all(j in given_away for j, other in enumerate(known) if box.overlap(other) >= 0.3)
        else:
            assert box.overlap(known[k]) >= 0.3


def test_the_best_pair_wins() -> None:
    left, right = Box(0, 0, 10, 10), Box(4, 0, 10, 10)
    assert pair_by_overlap([right, left], [("left", left)]) == [None, "left"]


def test_a_face_id_is_a_uuid4_and_the_same_for_the_same_face() -> None:
    import uuid

    box = Box(0.1, 0.2, 0.3, 0.4)
    face = new_face_id("c0ffee", box, lambda _: False)
    assert uuid.UUID(face).version == 4 and uuid.UUID(face).variant == uuid.RFC_4122 and len(face) == 32
    assert new_face_id("c0ffee", Box(0.10001, 0.2, 0.3, 0.4), lambda _: False) == face
    assert new_face_id("c0ffef", box, lambda _: False) != face
    taken = {face}
    for _ in range(20):
        other = new_face_id("c0ffee", box, taken.__contains__, ["copy/of.jpg"])
        assert other not in taken
        taken.add(other)
