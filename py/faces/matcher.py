"""Distances between embeddings, on whole matrices. Pure numpy: no files, no names.

Vectors are compared only within one *space* (model, weights and alignment); the caller sees to that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from faces.records import METRICS

Vectors = NDArray[np.float32]  # (n, d)
#: Query index, known face or person, and how far: three arrays of one length.
Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]

#: Distances are worked out tile by tile, (rows, columns): what is done with a tile then happens in the processor's
#: cache, and the matrix product is at full speed still. Memory does not grow with the number of faces. Of fewer rows a
#: tile has more columns.
TILE = (2048, 1024)
#: Where more than this part of a tile is near, it is worked on as a whole, not pair by pair.
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

    `persons` (m,) numbers the person of each known face. Three arrays of one length: query index, person, distance.
    Memory is bounded by TILE whatever n and m, and by what is found.
    """
    labels = np.asarray(persons, dtype=np.intp)
    order = np.argsort(labels, kind="stable")
    known, labels = known[order], labels[order]
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]][: len(labels)])
    limit, found = _limit(threshold, metric), list[Pairs]()
    borders = _borders(starts, len(known), _columns(queries))
    for first, left, ranks, near in _tiles(queries, known, borders, limit, metric):
        place = np.flatnonzero(near)
        if len(place) > _DENSE * near.size:
            own = starts[(starts >= left) & (starts < left + ranks.shape[1])]
            lowest = np.minimum.reduceat(ranks, own - left, axis=1)  # (rows, persons)
            q, p = np.nonzero(lowest <= limit)
            found.append((q + first, labels[own][p], lowest[q, p]))
            continue
        q, k, r = _pairs(ranks, place)
        p = labels[k + left]
        # the pairs of one query and one person stand side by side, because the known faces are in order
        new = np.flatnonzero(np.r_[True, (q[1:] != q[:-1]) | (p[1:] != p[:-1])][: len(q)])
        found.append((q[new] + first, p[new], np.minimum.reduceat(r, new) if len(new) else r))
    return _together(found, metric)


def _columns(queries: Vectors) -> int:
    """The most columns of a tile."""
    return TILE[0] * TILE[1] // max(1, min(TILE[0], len(queries)))


def _borders(starts: NDArray[np.intp], number: int, columns: int) -> list[int]:
    """Where tiles of known faces begin and end: no person's faces are in two of them."""
    borders = [0]
    for start, end in pairwise([*starts.tolist(), number]):
        if end - borders[-1] > columns and start > borders[-1]:
            borders.append(start)
    return [*borders, number]


def nearest(queries: Vectors, known: Vectors, threshold: float, metric: str, most: int) -> Pairs:
    """Every (query, known) that are at most `threshold` apart; of each query the nearest `most`, the nearest first.

    Three arrays of one length: query index, known index, distance. Memory is bounded by TILE, and by what is found.
    """
    limit, found = _limit(threshold, metric), list[Pairs]()
    borders = [*range(0, len(known), _columns(queries)), len(known)]
    here: list[Pairs] = []  # of the same queries
    for first, left, ranks, near in _tiles(queries, known, borders, limit, metric):
        place = np.flatnonzero(near)
        if len(place) > most * len(near) and most < ranks.shape[1]:
            _keep_nearest(ranks, near, limit, most)
            place = np.flatnonzero(near)
        q, k, r = _pairs(ranks, place)
        here.append((q + first, k + left, r))
        if left + ranks.shape[1] == len(known):
            q, k, r = (np.concatenate(part) for part in zip(*here, strict=True))
            order = np.lexsort((k, r, q))
            q, k, r = q[order], k[order], r[order]
            kept = np.arange(len(q)) - np.searchsorted(q, q) < most
            found.append((q[kept], k[kept], r[kept]))
            here.clear()
    return _together(found, metric)


def _keep_nearest(ranks: NDArray[np.float32], near: NDArray[np.bool_], limit: float, most: int) -> None:
    """Leave in `near` the nearest `most` of each row only."""
    best = ranks.argmin(axis=1)[:, None] if most == 1 else np.argpartition(ranks, most - 1, axis=1)[:, :most]
    near[:] = False
    np.put_along_axis(near, best, np.take_along_axis(ranks, best, axis=1) <= limit, axis=1)


def _limit(threshold: float, metric: str) -> float:
    """The rank of a distance."""
    return threshold if metric == "cosine" else threshold * threshold


def _tiles(
    queries: Vectors, known: Vectors, borders: Sequence[int], limit: float, metric: str
) -> Iterator[tuple[int, int, NDArray[np.float32], NDArray[np.bool_]]]:
    """Tile by tile, for some queries after the other all of the known: number of the first query, of the first known,
    ranks (rows, columns) as in `_ranks`, and which of them are at most `limit`. `borders`: of the columns. The arrays
    are used again for the next tile: memory that is new costs more than what is done in it."""
    if not len(queries) or not len(known):
        return
    columns = _lifted_known(_prepared(known, metric), metric).T
    parts = list(pairwise(borders))
    most = max(TILE[0] * TILE[1], *(right - left for left, right in parts))
    ranks, near = np.empty(most, np.float32), np.empty(most, np.bool_)
    lifted = np.empty((min(TILE[0], len(queries)), len(columns)), np.float32)
    for start in range(0, len(queries), TILE[0]):
        part = _prepared(queries[start : start + TILE[0]], metric)
        some = _lift(part, metric, lifted[: len(part)])
        for left, right in parts:
            rows = max(1, most // (right - left))  # one person may have more faces than a tile has columns
            for first in range(0, len(some), rows):
                few = some[first : first + rows]
                shape, size = (len(few), right - left), len(few) * (right - left)
                tile = np.matmul(few, columns[:, left:right], out=ranks[:size].reshape(shape))
                yield start + first, left, tile, np.less_equal(tile, limit, out=near[:size].reshape(shape))


def _pairs(ranks: NDArray[np.float32], place: NDArray[np.intp]) -> Pairs:
    """Row, column and rank at these places of the flat array."""
    q, k = np.divmod(place, ranks.shape[1])
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
