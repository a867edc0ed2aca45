"""Distances against their definitions; candidates against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from faces import matcher
from faces.settings import METRICS
from hypothesis import given, settings
from hypothesis import strategies as st

#: Of few rows and columns, of one only, and of more than there are.
TILES = [(4, 3), (1, 1), matcher.TILE]


def plain(a: np.ndarray, b: np.ndarray, metric: str) -> float:
    a, b = a.astype(float), b.astype(float)
    if metric == "cosine":
        return float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    if metric == "euclidean_l2":
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    return float(np.linalg.norm(a - b))


def vectors(seed: int, n: int, d: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_are_what_they_are_defined_to_be(metric: str) -> None:
    a, b = vectors(1, 7), vectors(2, 5)
    expected = [[plain(x, y, metric) for y in b] for x in a]
    assert np.allclose(matcher.distances(a, b, metric), expected, atol=1e-4)
    assert np.allclose(np.diag(matcher.distances(a, a, metric)), 0, atol=2e-3)


def test_an_unknown_metric_is_an_error() -> None:
    with pytest.raises(ValueError, match="no metric"):
        matcher.distances(vectors(1, 2), vectors(1, 2), "angular")


@settings(deadline=None)
@given(
    st.integers(0, 10_000), st.integers(0, 20), st.integers(0, 20), st.sampled_from(METRICS), st.floats(0.1, 8),
    st.sampled_from(TILES),
)  # fmt: skip
def test_candidates_are_those_of_a_plain_loop(
    seed: int, n: int, m: int, metric: str, threshold: float, tile: tuple[int, int]
) -> None:
    queries, known = vectors(seed, n), vectors(seed + 1, m)
    persons = np.random.default_rng(seed).integers(0, 4, m)
    d = matcher.distances(queries, known, metric) if n and m else np.zeros((n, m))
    expected = {(i, p): min(d[i, j] for j in range(m) if persons[j] == p)
                for i in range(n) for p in set(persons.tolist())}  # fmt: skip
    expected = {key: value for key, value in expected.items() if value <= threshold}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "TILE", tile)
        q, p, found = matcher.candidates(queries, known, persons, threshold, metric)
    assert len(set(zip(q.tolist(), p.tolist(), strict=True))) == len(q)
    got = dict(zip(zip(q.tolist(), p.tolist(), strict=True), found.tolist(), strict=True))
    assert got.keys() == expected.keys()
    assert all(abs(got[key] - expected[key]) < 1e-5 for key in got)


def test_a_tile_holds_all_faces_of_a_person_and_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matcher, "TILE", (4, 5))
    borders = matcher._borders(np.array([0, 2, 4, 13]), 18, 5)
    assert borders == [0, 4, 13, 18]
    shapes = [tile.shape for _, _, tile, _ in matcher._tiles(vectors(1, 9), vectors(2, 18), borders, 5.0, "cosine")]
    assert shapes == [(4, 4), (2, 9), (2, 9), (4, 5)] * 2 + [(1, 4), (1, 9), (1, 5)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("threshold", [0.0, 0.9, 4.5, 99.0])
def test_a_block_as_a_whole_gives_what_its_pairs_give(
    metric: str, threshold: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries, known, persons = vectors(1, 50), vectors(2, 30), np.arange(30) % 7
    answers = []
    for dense in (0.0, 2.0):
        monkeypatch.setattr(matcher, "_DENSE", dense)
        answers.append([*matcher.candidates(queries, known, persons, threshold, metric),
                        *matcher.nearest(queries, known, threshold, metric, 1),
                        *matcher.nearest(queries, known, threshold, metric, 4)])  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(*answers, strict=True))


@settings(deadline=None)
@given(
    st.integers(0, 10_000), st.integers(0, 20), st.integers(0, 20), st.sampled_from(METRICS), st.floats(0.1, 8),
    st.integers(1, 9), st.sampled_from(TILES),
)  # fmt: skip
def test_the_nearest_are_those_of_a_plain_loop(
    seed: int, n: int, m: int, metric: str, threshold: float, most: int, tile: tuple[int, int]
) -> None:
    queries, known = vectors(seed, n), vectors(seed + 1, m)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matcher, "TILE", tile)
        q, k, found = matcher.nearest(queries, known, threshold, metric, most)
    assert len(set(zip(q.tolist(), k.tolist(), strict=True))) == len(q)
    d = matcher.distances(queries, known, metric) if n and m else np.zeros((n, m))
    assert np.allclose(d[q, k], found, atol=1e-3)
    for i in range(n):
        wanted = np.sort(d[i])[:most]
        near, sure = found[q == i], np.abs(wanted - threshold) > 1e-3
        assert (wanted < threshold)[sure].sum() <= len(near) <= (wanted < threshold + 1e-3).sum()
        assert np.allclose(near, wanted[: len(near)], atol=1e-3)


def test_the_most_similar_leave_the_odd_one_out() -> None:
    faces = np.vstack([vectors(1, 1) + 0.1 * vectors(2, 9), -vectors(1, 1)]).astype(np.float32)
    assert 9 not in matcher.most_similar(faces, 90, 100)
    assert len(matcher.most_similar(faces, 100, 4)) == 4
    assert len(matcher.most_similar(faces, 1, 100)) == 3
    assert len(matcher.most_similar(faces[:2], 1, 1)) == 1
    assert matcher.most_similar(faces, 100, 100).tolist() == list(range(10))


def test_zero_vectors_do_no_harm() -> None:
    assert np.isfinite(matcher.distances(np.zeros((2, 4), np.float32), vectors(1, 3, 4), "cosine")).all()
