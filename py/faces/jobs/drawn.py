"""Boxes that a person drew round faces that no detector found: which photo lacks one, and which were taken back.

A decision about such a face has an id that stands nowhere, on a photo where no face covers its box. Pure: no files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

from faces.folders import Photo
from faces.jobs import channel
from faces.names import Standing, in_order
from faces.records import DRAWN, FACE, NAMED, SAME_FACE_OVERLAP, UNKNOWN, Box, Decision, FaceRow

Boxes = tuple[tuple[str, Box], ...]


def was_taken_back(standing: Standing) -> bool:
    """Whether the newest decision, rejected names aside, is to take it back: then the box was drawn in error."""
    kinds = [decision.decision for decision in standing.history if decision.decision != "reject"]
    return kinds[-1:] == ["clear"]


def is_drawn_only(rows: Iterable[FaceRow]) -> bool:
    return all(row.detector == DRAWN for row in rows)


def is_covered(box: Box, rows: Iterable[FaceRow]) -> bool:
    """Whether a face of these rows is where the box is: then a decision about the box is about that face."""
    return any(row.status == FACE and row.relative_box.overlap(box) >= SAME_FACE_OVERLAP for row in rows)


@dataclass(slots=True)
class Drawn:
    """What a journal says: the newest decision of each face that has a name or is unknown, by the photo's content and
    by its hash or path; and the faces that were taken back."""

    taken_back: set[str] = field(default_factory=set)
    _by_photo: dict[str, list[Decision]] = field(default_factory=lambda: defaultdict(list))
    #: The hub's hash of a photo that is there -> its content.
    contents: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: Iterable[Decision]) -> Drawn:
        standings: dict[str, Standing] = defaultdict(Standing)
        for decision in sorted(journal, key=lambda d: in_order(d.time)):
            standings[decision.face].apply(decision)
        found = cls()
        for face, standing in standings.items():
            last = standing.history[-1]
            if standing.state in (NAMED, UNKNOWN) and last.box.clipped(1, 1).is_sane():
                for key in {last.content, last.photo or f"path:{last.file}"} - {""}:
                    found._by_photo[key].append(last)
            elif was_taken_back(standing):
                found.taken_back.add(face)
        return found

    def lacking(self, content: str, photo: Photo, path: str, rows: Sequence[FaceRow], ids: Container[str]) -> Boxes:
        """Faces (id, box in fractions) that were drawn on this photo and have no row yet. `rows`: what is known of it;
        `ids`: faces that stand on any photo."""
        found: list[tuple[str, Box]] = []
        for key in dict.fromkeys((content, photo.hash, f"path:{path}")):
            for decision in self._by_photo.get(key, ()) if key else ():
                face, box = decision.face, decision.box.clipped(1, 1)
                if face in ids or is_covered(box, rows) or not self._is_of(decision, content, photo):
                    continue
                if all(box.overlap(other) < SAME_FACE_OVERLAP for _, other in found):
                    found.append((face, box))
        return tuple(found)

    def _is_of(self, decision: Decision, content: str, photo: Photo) -> bool:
        """Whether the decision is about what the photo shows now."""
        if content in (decision.content, decision.photo):
            # of two photos of one content it is the one that was drawn on
            return decision.photo in ("", content, photo.hash) or self.contents.get(decision.photo) != content
        if decision.content:
            return False
        # Nobody knew the content. A photo that was changed since may show somebody else there.
        return in_order(channel.iso_time(photo.mtime_ns / 1e9)) <= in_order(decision.time)
