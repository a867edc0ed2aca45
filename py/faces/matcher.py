"""Distances between embeddings, on whole matrices. Pure numpy: no files, no names.

Vectors are compared only within one *space* (model, weights and alignment); the caller sees to that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from faces.records import METRICS

Vectors = NDArray[np.float32]  # (n, d)

#: A block of distances takes at most this many bytes, whatever the number of faces: about what a core's cache holds.
BLOCK_BYTES = 4 << 20
#: The same where all are compared with all: a matrix product of few rows by many columns takes three times as long.
ALL_PAIRS_BYTES = 32 << 20


def unit(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(lengths > 0, lengths, 1)).astype(np.float32)


def distances(a: Vectors, b: Vectors, metric: str) -> NDArray[np.float32]:
    """(n, d), (m, d) -> (n, m).

    cosine: 1 - cos(a, b), 0..2; euclidean: |a - b|; euclidean_l2: |a/|a| - b/|b||, 0..2.
    """
    return _to_distance(_ranks(_prepared(a, metric), _prepared(b, metric), metric), metric)


def _prepared(vectors: Vectors, metric: str) -> Vectors:
    if metric not in METRICS:
        raise ValueError(f"no metric {metric!r}")
    return vectors if metric == "euclidean" else unit(vectors)


def _ranks(a: Vectors, b: Vectors, metric: str) -> NDArray[np.float32]:
    """Numbers in the order of the distances, without the square root that euclidean ones would cost. Worked out in
    place: a block of distances passes through memory as few times as can be."""
    ranks: NDArray[np.float32] = a @ b.T
    if metric == "cosine":
        return np.subtract(1.0, ranks, out=ranks)
    # |a - b|^2 = |a|^2 + |b|^2 - 2ab: one matrix product instead of n x m x d differences
    ranks *= -2.0
    ranks += np.einsum("ij,ij->i", b, b)
    ranks += np.einsum("ij,ij->i", a, a)[:, None]
    return ranks


def _to_distance(ranks: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
    return ranks if metric == "cosine" else np.sqrt(np.maximum(ranks, 0.0))


def candidates(
    queries: Vectors, known: Vectors, persons: Sequence[int] | NDArray[np.intp], threshold: float, metric: str
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Every (query, person) of which the nearest known face is at most `threshold` away.

    `persons` (m,) numbers the person of each known face. Three arrays of one length: query index, person,
    distance. Memory is bounded by BLOCK_BYTES whatever n and m.
    """
    labels = np.asarray(persons, dtype=np.intp)
    empty = np.empty(0, np.intp)
    if not len(queries) or not len(known):
        return empty, empty, np.empty(0, np.float32)
    order = np.argsort(labels, kind="stable")
    queries, known, labels = _prepared(queries, metric), _prepared(known[order], metric), labels[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    rows = max(1, BLOCK_BYTES // (4 * len(known)))
    found: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]] = []
    for first in range(0, len(queries), rows):
        ranks = _ranks(queries[first : first + rows], known, metric)
        nearest = _to_distance(np.minimum.reduceat(ranks, starts, axis=1), metric)  # (rows, persons)
        q, p = np.nonzero(nearest <= threshold)
        found.append((q + first, labels[starts][p], nearest[q, p]))
    return (
        np.concatenate([f[0] for f in found]),
        np.concatenate([f[1] for f in found]),
        np.concatenate([f[2] for f in found]),
    )


def nearest(
    queries: Vectors, known: Vectors, threshold: float, metric: str, most: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Every (query, known) that are at most `threshold` apart; of each query the nearest `most`, the nearest first.

    Three arrays of one length: query index, known index, distance. Memory is bounded by ALL_PAIRS_BYTES, and by what
    is found.
    """
    a, b = _lifted(_prepared(queries, metric), _prepared(known, metric), metric)
    limit = threshold if metric == "cosine" else threshold * threshold
    rows = max(1, ALL_PAIRS_BYTES // (4 * max(1, len(known))))
    empty = np.empty(0, np.intp)
    found = [(empty, empty, np.empty(0, np.float32))]
    for first in range(0, len(queries), rows):
        ranks = a[first : first + rows] @ b.T
        place = np.flatnonzero(ranks <= limit)
        q, k = np.divmod(place, len(known))
        near = ranks.ravel()[place]
        order = np.lexsort((near, q))
        q, k, near = q[order], k[order], near[order]
        kept = np.arange(len(q)) - np.searchsorted(q, q) < most
        found.append((q[kept] + first, k[kept], _to_distance(near[kept], metric)))
    return (
        np.concatenate([f[0] for f in found]),
        np.concatenate([f[1] for f in found]),
        np.concatenate([f[2] for f in found]),
    )


def _lifted(a: Vectors, b: Vectors, metric: str) -> tuple[Vectors, Vectors]:
    """(n, d), (m, d) -> (n, e), (m, e), of which the matrix product is `_ranks`: what is added to a product there is
    one or two more dimensions here, which saves passes over a large block."""
    one, other = np.ones((len(a), 1), np.float32), np.ones((len(b), 1), np.float32)
    if metric == "cosine":
        return np.hstack([-a, one]), np.hstack([b, other])
    squares = np.einsum("ij,ij->i", a, a)[:, None], np.einsum("ij,ij->i", b, b)[:, None]
    return np.hstack([-2 * a, one, squares[0]]), np.hstack([b, squares[1], other])


def most_similar(vectors: Vectors, percent: float, number: int) -> NDArray[np.intp]:
    """Indexes of the faces of one person that are most like the others: `percent` of them, at most `number`,
    at least three where there are three. Likeness is the cosine to the mean of all, linear in n."""
    keep = min(number, max(3, round(len(vectors) * percent / 100)))
    if keep >= len(vectors):
        return np.arange(len(vectors))
    directions = unit(vectors)
    likeness = directions @ directions.mean(axis=0)
    return np.sort(np.argsort(-likeness, kind="stable")[:keep])
