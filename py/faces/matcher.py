"""Distances between embeddings, on whole matrices. Pure numpy: no files, no names.

Vectors are compared only within one *space* (model, weights and alignment); the caller sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from faces.records import METRICS

Vectors = NDArray[np.float32]  # (n, d)
#: Query index, known face or person, and how far: three arrays of one length.
Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]

#: A block of distances takes at most this many bytes, whatever the number of faces: enough rows for a matrix product at
#: full speed, of few rows by many columns it takes up to three times as long.
BLOCK_BYTES = 32 << 20
#: The same where all are compared with all.
ALL_PAIRS_BYTES = 32 << 20
#: Where more than this part of a block is near, it is worked on as a whole, not pair by pair.
_DENSE = 1 / 16


def stacked(vectors: Sequence[NDArray[np.float32]]) -> Vectors:
    """Vectors of one length as rows, (n, d); np.stack takes three times as long for many short ones."""
    return np.concatenate(vectors).reshape(len(vectors), -1)


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
) -> Pairs:
    """Every (query, person) of which the nearest known face is at most `threshold` away.

    `persons` (m,) numbers the person of each known face. Three arrays of one length: query index, person,
    distance. Memory is bounded by BLOCK_BYTES whatever n and m, and by what is found.
    """
    labels = np.asarray(persons, dtype=np.intp)
    order = np.argsort(labels, kind="stable")
    known, labels = known[order], labels[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    limit, found = _limit(threshold, metric), list[Pairs]()
    for first, ranks, near in _blocks(queries, known, limit, metric, BLOCK_BYTES):
        if np.count_nonzero(near) > _DENSE * near.size:
            lowest = np.minimum.reduceat(ranks, starts, axis=1)  # (rows, persons)
            q, p = np.nonzero(lowest <= limit)
            found.append((q + first, labels[starts][p], lowest[q, p]))
            continue
        q, k, r = _pairs(ranks, near)
        p = labels[k]
        # the pairs of one query and one person stand side by side, because the known faces are in order
        new = np.flatnonzero(np.r_[True, (q[1:] != q[:-1]) | (p[1:] != p[:-1])][: len(q)])
        found.append((q[new] + first, p[new], np.minimum.reduceat(r, new) if len(new) else r))
    return _together(found, metric)


def nearest(queries: Vectors, known: Vectors, threshold: float, metric: str, most: int) -> Pairs:
    """Every (query, known) that are at most `threshold` apart; of each query the nearest `most`, the nearest first.

    Three arrays of one length: query index, known index, distance. Memory is bounded by ALL_PAIRS_BYTES, and by what
    is found.
    """
    limit, found = _limit(threshold, metric), list[Pairs]()
    for first, ranks, near in _blocks(queries, known, limit, metric, ALL_PAIRS_BYTES):
        if most < len(known) and np.count_nonzero(near) > max(_DENSE * near.size, most * len(near)):
            _keep_nearest(ranks, near, limit, most)
        q, k, r = _pairs(ranks, near)
        order = np.lexsort((r, q))
        q, k, r = q[order], k[order], r[order]
        kept = np.arange(len(q)) - np.searchsorted(q, q) < most
        found.append((q[kept] + first, k[kept], r[kept]))
    return _together(found, metric)


def _keep_nearest(ranks: NDArray[np.float32], near: NDArray[np.bool_], limit: float, most: int) -> None:
    """Leave in `near` the nearest `most` of each row only. A few rows at a time: numpy's partition makes indexes of
    everything, which take twice the memory of the ranks."""
    rows = max(1, (4 << 20) // (8 * ranks.shape[1]))
    for first in range(0, len(ranks), rows):
        part = ranks[first : first + rows]
        best = part.argmin(axis=1)[:, None] if most == 1 else np.argpartition(part, most - 1, axis=1)[:, :most]
        near[first : first + rows] = False
        np.put_along_axis(near[first : first + rows], best, np.take_along_axis(part, best, axis=1) <= limit, axis=1)


def _limit(threshold: float, metric: str) -> float:
    """The rank of a distance."""
    return threshold if metric == "cosine" else threshold * threshold


def _blocks(
    queries: Vectors, known: Vectors, limit: float, metric: str, size: int
) -> Iterator[tuple[int, NDArray[np.float32], NDArray[np.bool_]]]:
    """Some queries after the other: the number of the first one, (rows, m) ranks as in `_ranks`, and which of them are
    at most `limit`. The arrays are used again for the next block: memory that is new costs more than what is done in
    it."""
    if not len(queries) or not len(known):
        return
    columns = _lifted_known(_prepared(known, metric), metric).T
    rows = min(len(queries), max(1, size // (4 * len(known))))
    ranks, near = np.empty((rows, len(known)), np.float32), np.empty((rows, len(known)), np.bool_)
    lifted = np.empty((rows, len(columns)), np.float32)
    for first in range(0, len(queries), rows):
        part = _prepared(queries[first : first + rows], metric)
        some = _lift(part, metric, lifted[: len(part)])
        block = np.matmul(some, columns, out=ranks[: len(some)])
        yield first, block, np.less_equal(block, limit, out=near[: len(some)])


def _pairs(ranks: NDArray[np.float32], near: NDArray[np.bool_]) -> Pairs:
    """Row, column and rank of what is near, row by row."""
    place = np.flatnonzero(near)
    q, k = np.divmod(place, near.shape[1])
    return q, k, ranks.ravel()[place]


def _together(found: list[Pairs], metric: str) -> Pairs:
    empty = np.empty(0, np.intp)
    q, k, ranks = zip(*found, (empty, empty, np.empty(0, np.float32)), strict=True)
    return np.concatenate(q), np.concatenate(k), _to_distance(np.concatenate(ranks), metric)


# What is added to a product in `_ranks` is one or two more dimensions here: passes over a large block are saved.


def _lift(a: Vectors, metric: str, out: Vectors) -> Vectors:
    """(n, d) -> (n, e), in `out`."""
    d = a.shape[1]
    np.multiply(a, np.float32(-1 if metric == "cosine" else -2), out=out[:, :d])
    out[:, d] = 1
    if metric != "cosine":
        out[:, d + 1] = np.einsum("ij,ij->i", a, a)
    return out


def _lifted_known(b: Vectors, metric: str) -> Vectors:
    """(m, d) -> (m, e); the matrix product of `_lift` and this is `_ranks`."""
    one = np.ones((len(b), 1), np.float32)
    if metric == "cosine":
        return np.hstack([b, one])
    return np.hstack([b, np.einsum("ij,ij->i", b, b)[:, None], one])


def most_similar(vectors: Vectors, percent: float, number: int) -> NDArray[np.intp]:
    """Indexes of the faces of one person that are most like the others: `percent` of them, at most `number`,
    at least three where there are three. Likeness is the cosine to the mean of all, linear in n."""
    keep = min(number, max(3, round(len(vectors) * percent / 100)))
    if keep >= len(vectors):
        return np.arange(len(vectors))
    directions = unit(vectors)
    likeness = directions @ directions.mean(axis=0)
    return np.sort(np.argsort(-likeness, kind="stable")[:keep])
