"""Groups of faces that are probably one person each, by likeness alone. Pure numpy: no files, no names.

Chinese whispers (Biemann, Proc. TextGraphs 2006, 73-80): every face starts as a group of its own; one after the other
takes the group that weighs most among its neighbours, until nothing changes. Beyond that: a face that has a group
keeps it, and two faces of one photo are never in one group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from faces.matcher import Vectors, nearest

#: (i, j, weight) of one length: two faces, and how alike they are: above 0, up to 1 where they are equal.
Edges = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]

#: The nearest neighbours of a face that count. All of them would take memory with the square of a person's faces.
NEIGHBOURS = 32
#: Whispering ends by itself after a few rounds; two groups that take a face from each other in turn would not.
MOST_ROUNDS = 20


def edges(vectors: Vectors, new: NDArray[np.intp], threshold: float, metric: str) -> Edges:
    """Each new face (indexes into `vectors`) with its neighbours among all: those nearer than `threshold`, at most
    NEIGHBOURS of them. All have to be of one space."""
    q, j, d = nearest(vectors[new], vectors, threshold, metric, NEIGHBOURS + 1)  # one is the face itself
    i, weight = new[q], 1 - d / threshold
    kept = (i != j) & (weight > 0)
    return i[kept], j[kept], weight[kept]


def whisper(found: Edges, photos: NDArray[np.intp], groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """The group of each face, -1 for one that is alone.

    `photos` (n,) numbers the photo of each face, `groups` (n,) the group that it has, -1 for none; two faces of one
    photo must not have the same one. A group that is new has the number `max(groups) + 1 +` index of its first face.
    Each face of it is linked to every other one by edges between its faces. The same input gives the same answer.
    """
    free = groups < 0
    first = int(groups.max(initial=-1)) + 1
    own = np.where(free, first + np.arange(len(groups)), groups)
    i, j, weight = _from_free(found, free)
    said = _until_quiet(_Faces(i, j, weight, photos, own, free))
    agreed = said[i] == said[j]
    result = _components(i[agreed], j[agreed], own, first)
    members = np.bincount(result, minlength=1)
    return np.where((members[result] > 1) | ~free, result, -1)


def _from_free(found: Edges, free: NDArray[np.bool_]) -> Edges:
    """Both directions of each edge, each once, sorted; without those from faces that have a group: they ask nobody."""
    i, j, weight = np.r_[found[0], found[1]], np.r_[found[1], found[0]], np.r_[found[2], found[2]]
    _, once = np.unique(i * len(free) + j, return_index=True)
    once = once[free[i[once]]]
    return i[once], j[once], weight[once]


class _Faces:
    """What each face says (`said`: the number of a group), and whom it listens to."""

    def __init__(
        self,
        i: NDArray[np.intp],
        j: NDArray[np.intp],
        weight: NDArray[np.float32],
        photos: NDArray[np.intp],
        own: NDArray[np.intp],
        free: NDArray[np.bool_],
    ):
        self.asking: list[int] = np.unique(i).tolist()
        self.said: list[int] = own.tolist()
        self._own: list[int] = own.tolist()
        self._free, self._j, self._weight = free, j, weight
        self._starts: list[int] = np.searchsorted(i, np.arange(len(own) + 1)).tolist()
        self._photos = photos
        mates: dict[int, list[int]] = defaultdict(list)
        asking = set(photos[self.asking].tolist())
        for face, photo in enumerate(photos.tolist()):
            if photo in asking:
                mates[photo].append(face)
        self._mates = mates

    def mates(self, face: int) -> Sequence[int]:
        """The faces of the same photo, with itself."""
        return self._mates[int(self._photos[face])]

    def neighbours(self, face: int) -> NDArray[np.intp]:
        return self._j[self._starts[face] : self._starts[face + 1]]

    def loudest(self, face: int) -> int:
        """The group that weighs most among the neighbours and in which no other face of the photo is; its own if there
        is none. Among equals the one it has, else the first."""
        said = self.said
        weights: dict[int, float] = {}
        place = slice(self._starts[face], self._starts[face + 1])
        for other, weight in zip(self._j[place].tolist(), self._weight[place].tolist(), strict=True):
            weights[said[other]] = weights.get(said[other], 0.0) + weight
        taken = {said[mate] for mate in self.mates(face) if mate != face}
        for group in taken:
            weights.pop(group, None)
        if not weights:
            return said[face] if self._own[face] in taken else self._own[face]
        return max(weights, key=lambda group: (weights[group], group == said[face], -group))

    def listeners(self, faces: Iterable[int]) -> list[int]:
        """Whose answer may be another one, now that these faces say something else."""
        found: set[int] = set()
        for face in faces:
            found.update(self.neighbours(face).tolist(), self.mates(face))
        return sorted(face for face in found if self._free[face])


def _until_quiet(faces: _Faces) -> NDArray[np.intp]:
    asking = faces.asking
    for _ in range(MOST_ROUNDS):
        changed = []
        for face in asking:
            group = faces.loudest(face)
            if group != faces.said[face]:
                faces.said[face] = group
                changed.append(face)
        if not changed:
            break
        asking = faces.listeners(changed)
    return np.array(faces.said, np.intp)


def _components(i: NDArray[np.intp], j: NDArray[np.intp], own: NDArray[np.intp], first: int) -> NDArray[np.intp]:
    """The lowest number of what each face is connected to by these edges. Two ends may say the same without being
    connected any more: whoever brought the word from one to the other has changed sides since."""
    lowest = own
    while True:
        lower = lowest.copy()
        np.minimum.at(lower, i, lowest[j])
        new = lower >= first
        lower[new] = lower[lower[new] - first]  # who is found there has looked further already
        if np.array_equal(lower, lowest):
            return lowest
        lowest = lower
