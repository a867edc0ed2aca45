"""Groups of faces: what holds of them whatever the faces are, and how good they are on photos of known people."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import groups as demo
import numpy as np
import pytest
from faces import clusters
from faces.models import Models, default_detectors
from faces.settings import THRESHOLDS
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import SHARED

CUT = 0.5
Numbers = NDArray[np.intp]


def grouped(vectors: NDArray[np.float32], photos: Numbers, groups: Numbers | None = None) -> Numbers:
    """All faces without a group as new ones."""
    groups = np.full(len(vectors), -1) if groups is None else groups
    found = clusters.edges(vectors, np.flatnonzero(groups < 0), CUT, "euclidean")
    return clusters.whisper(found, photos, groups)


def cloud(centre: float, n: int, seed: int = 1) -> NDArray[np.float32]:
    """n faces of one person: a fifth of the threshold apart, far from other whole numbers' faces."""
    around = np.random.default_rng(seed).normal(size=(n, 8)) * 0.03
    return (around + centre).astype(np.float32)


def as_sets(groups: Numbers) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == g).tolist()) for g in set(groups.tolist()) - {-1}}


@st.composite
def albums(draw: st.DrawFn) -> tuple[NDArray[np.float32], Numbers]:
    """Faces of a few people that lie close to each other, several on a photo, the same person twice among them."""
    n = draw(st.integers(0, 40))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    people = random.normal(size=(4, 3)) * draw(st.sampled_from([0.1, 0.4, 1.0]))
    vectors = people[random.integers(4, size=n)] + random.normal(size=(n, 3)) * 0.1
    return vectors.astype(np.float32), random.integers(max(1, n // 2), size=n)


@settings(deadline=None)
@given(albums())
def test_two_faces_of_a_photo_are_never_in_one_group(album: tuple[NDArray[np.float32], Numbers]) -> None:
    vectors, photos = album
    groups = grouped(vectors, photos)
    assert all(n == 1 for (g, _), n in Counter(zip(groups.tolist(), photos.tolist(), strict=True)).items() if g >= 0)


@settings(deadline=None)
@given(albums())
def test_a_group_is_linked_by_faces_that_are_near(album: tuple[NDArray[np.float32], Numbers]) -> None:
    vectors, photos = album
    groups = grouped(vectors, photos)
    near = np.linalg.norm(vectors[:, None].astype(float) - vectors, axis=2) < CUT + 1e-4
    for members in as_sets(groups):
        assert len(members) > 1
        reached = {min(members)}
        while more := {j for i in reached for j in members - reached if near[i, j]}:
            reached |= more
        assert reached == members


@settings(deadline=None)
@given(albums(), st.integers(0, 40))
def test_new_faces_move_none_that_has_a_group(album: tuple[NDArray[np.float32], Numbers], first: int) -> None:
    vectors, photos = album
    before = grouped(vectors[:first], photos[:first])
    after = grouped(vectors, photos, np.r_[before, np.full(max(0, len(photos) - first), -1)][: len(photos)])
    assert (after[: len(before)][before >= 0] == before[before >= 0]).all()
    places = [(g, p) for g, p in zip(after.tolist(), photos.tolist(), strict=True) if g >= 0]
    assert len(set(places)) == len(places)


def test_people_are_groups_and_a_face_alone_is_none() -> None:
    vectors = np.concatenate([cloud(0, 5), cloud(1, 4), cloud(2, 1)])
    groups = grouped(vectors, np.arange(10))
    assert groups.tolist() == [0] * 5 + [5] * 4 + [-1]


def test_one_face_between_two_people_does_not_make_them_one() -> None:
    a, b = cloud(0, 8, 1), cloud(0.3, 8, 2)
    bridge = ((a.mean(axis=0) + b.mean(axis=0)) / 2)[None]
    vectors = np.concatenate([a, bridge, b])
    assert np.linalg.norm(vectors[:8] - bridge, axis=1).max() < CUT > np.linalg.norm(vectors[9:] - bridge, axis=1).max()
    groups = grouped(vectors, np.arange(17))
    assert len(set(groups[:8].tolist())) == len(set(groups[9:].tolist())) == 1
    assert groups[0] != groups[-1] and groups[8] in (groups[0], groups[-1])


def test_a_new_face_between_two_groups_joins_one_and_leaves_both_as_they_are() -> None:
    a, b = cloud(0, 3, 1), cloud(0.3, 5, 2)
    bridge = ((a.mean(axis=0) + b.mean(axis=0)) / 2)[None]
    groups = grouped(np.concatenate([a, b, bridge]), np.arange(9), np.array([0] * 3 + [1] * 5 + [-1]))
    assert groups[:8].tolist() == [0] * 3 + [1] * 5 and groups[8] in (0, 1)


def test_who_was_alone_makes_a_group_with_a_new_face() -> None:
    vectors, photos = cloud(0, 3), np.arange(3)
    found = clusters.edges(vectors, np.array([2]), CUT, "euclidean")
    assert set(found[0].tolist()) == {2} and sorted(found[1].tolist()) == [0, 1]
    assert clusters.whisper(found, photos, np.full(3, -1)).tolist() == [0, 0, 0]
    assert clusters.whisper(found, np.array([0, 1, 0]), np.full(3, -1)).tolist() == [-1, 1, 1]


def test_the_order_of_faces_does_not_matter_where_people_are_apart() -> None:
    vectors = np.concatenate([cloud(0, 20, 1), cloud(0.5, 15, 2), cloud(1, 10, 3)])
    photos = np.r_[np.arange(20), np.arange(15), np.arange(10)]
    expected = as_sets(grouped(vectors, photos))
    assert sorted(map(len, expected)) == [10, 15, 20]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(45)
        found = as_sets(grouped(vectors[order], photos[order]))
        assert {frozenset(order[list(members)].tolist()) for members in found} == expected


def test_a_person_with_more_faces_than_neighbours_is_one_group() -> None:
    groups = grouped(cloud(0, 5 * clusters.NEIGHBOURS), np.arange(5 * clusters.NEIGHBOURS))
    assert Counter(groups.tolist()).most_common(1)[0][1] > 4.5 * clusters.NEIGHBOURS


def test_no_face_and_no_distance_do_no_harm() -> None:
    assert grouped(np.empty((0, 8), np.float32), np.empty(0, np.intp)).tolist() == []
    nan = np.full((3, 8), np.nan, np.float32)
    assert grouped(nan, np.arange(3)).tolist() == [-1] * 3
    assert grouped(np.zeros((3, 8), np.float32), np.arange(3)).tolist() == [0] * 3


@pytest.mark.slow
def test_photos_of_known_people(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [SHARED / "photos" / name for name in ("lfw10", "sitcom")]
    if not all(map(Path.is_dir, folders)):
        pytest.skip("photos of known people are not here (../shared/photos)")
    if (SHARED / "weights" / "face_detection_yunet_2023mar.onnx").is_file():
        request.getfixturevalue("yunet")
    faces = demo.embed(folders, Models(), default_detectors()[0])
    groups = demo.group(faces, THRESHOLDS["Dlib"]["euclidean"], "euclidean")
    found = demo.score(faces.people, groups)
    with capsys.disabled():
        print(f"\n{len(faces.people)} faces: {found}")
    assert found.purity >= 0.99 and found.completeness >= 0.95
    places = [(g, p) for g, p in zip(groups, faces.photos.tolist(), strict=True) if g >= 0]
    assert len(set(places)) == len(places)


def test_the_scores_are_what_they_are_defined_to_be() -> None:
    people = ["Ada", "Ada", "Ada", "Bob", "Bob", "Cy", "", ""]
    assert demo.score(people, [0, 0, 1, 1, 1, -1, 0, 2]) == (3, 4 / 5, 4 / 6)
