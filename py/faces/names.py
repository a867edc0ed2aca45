"""The rules of names: which decision holds for which face. Pure: no files, no clock.

A decision finds its face by id, else by the overlap of boxes on the same photo. Photos of the same content
are the same photo here, so a copy has the names of its original. The newest decision per face wins; a
rejected name stays rejected until that very name is given.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from faces.records import NAMED, OPEN, SAME_FACE_OVERLAP, STATE_AFTER, Box, Decision

LONGEST_NAME = 200


def clean_name(text: str) -> str:
    """One line of visible text: control and direction characters out, spaces folded, NFC, 200 characters."""
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    kept = "".join(" " if c.isspace() else c for c in text if c.isspace() or c == "\u200d" or _visible(c))
    return " ".join(kept.split())[:LONGEST_NAME].strip()


def _visible(character: str) -> bool:
    # Cc control, Cf format (direction marks), Cs surrogate, Co private use, Cn unassigned
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn")


@dataclass(frozen=True, slots=True)
class Subject:
    """A face that decisions may be about. `content` is the photo's content hash, `photo` its hash on a hub,
    `path` its path below the channel's or album's root; `box` in fractions of the photo."""

    id: str
    content: str
    photo: str
    path: str
    box: Box


@dataclass(slots=True)
class Standing:
    """What holds for one face now: state, name, since when, which names are out, and how it came to that."""

    state: str = OPEN
    name: str = ""
    time: str = ""
    rejected: set[str] = field(default_factory=set)
    history: list[Decision] = field(default_factory=list)

    def apply(self, decision: Decision) -> None:
        self.history.append(decision)
        if decision.decision == "reject":
            self.rejected.add(decision.name)
            if self.name == decision.name:
                self.state, self.name, self.time = OPEN, "", decision.time
            return
        self.state = STATE_AFTER[decision.decision]
        self.name = decision.name if self.state == NAMED else ""
        self.time = decision.time
        self.rejected.discard(self.name)

    def at(self, time: str) -> tuple[str, str] | None:
        """(state, name) right after the decision of that time; None if there was none."""
        then = Standing()
        for decision in self.history:
            then.apply(decision)
            if then.time == time:
                return then.state, then.name
        return None


def in_order(time: str) -> str:
    """A decision's time as text that sorts: "...:28Z" before "...:28.5Z"."""
    return time.rstrip("Z")


def resolve(
    decisions: Iterable[Decision], subjects: Sequence[Subject]
) -> tuple[dict[str, Standing], dict[str, Standing]]:
    """What holds for each face that was ever decided about, by face id; and the same for those faces of the
    journal that are none of `subjects`, nor covered by one.
    """
    finder = _Finder(subjects)
    standings: dict[str, Standing] = defaultdict(Standing)
    orphans: dict[str, Standing] = defaultdict(Standing)
    for decision in sorted(decisions, key=lambda d: in_order(d.time)):
        found = finder.find(decision)
        for face in found:
            standings[face].apply(decision)
        if not found:
            orphans[decision.face].apply(decision)
    return dict(standings), dict(orphans)


class _Finder:
    """Which faces a decision is about."""

    def __init__(self, subjects: Sequence[Subject]):
        self._by_id = {subject.id: subject for subject in subjects}
        self._by_photo: dict[str, list[Subject]] = defaultdict(list)
        for subject in subjects:
            for key in {subject.content, subject.photo, "path:" + subject.path} - {""}:
                self._by_photo[key].append(subject)

    def find(self, decision: Decision) -> list[str]:
        known = self._by_id.get(decision.face)
        if known is not None:
            found = [known.id]
            twins = self._by_photo[known.content] if known.content else []
            if len(twins) > 1:
                found += self._at(twins, known.box, known)
            if decision.photo not in ("", known.content, known.photo) or decision.content not in ("", known.content):
                # the photo was edited since, and the one it was decided on may lie elsewhere, under another name
                found += self._at(self._there(decision), decision.box, known)
            return list(dict.fromkeys(found))
        return self._at(self._there(decision), decision.box)

    def _there(self, decision: Decision) -> list[Subject]:
        """The faces on the photo that was decided on, wherever it lies now."""
        # By its path only where nothing better is known: another photo may stand there now. The hub's hash stays when
        # a photo is replaced, so there its content has to be the same, too.
        key = decision.photo or "path:" + decision.file
        there = [
            s for s in self._by_photo.get(key, ()) if not (decision.content and s.content not in ("", decision.content))
        ]
        there += self._by_photo.get(decision.content, ()) if decision.content else ()
        return there

    @staticmethod
    def _at(subjects: Iterable[Subject], box: Box, known: Subject | None = None) -> list[str]:
        """On each photo the one face that covers the box best; not on the photo of `known`."""
        best: dict[tuple[str, str], tuple[float, str]] = {}
        for subject in subjects:
            photo = (subject.photo, subject.path)
            if known is not None and photo == (known.photo, known.path):
                continue
            overlap = subject.box.overlap(box)
            if overlap >= SAME_FACE_OVERLAP and overlap > best.get(photo, (0.0, ""))[0]:
                best[photo] = (overlap, subject.id)
        return [face for _, face in best.values()]


def edited(shown_name: str, shown_state: str, shown_time: str, standing: Standing | None) -> tuple[str, str] | None:
    """The decision (kind, name) that a person made by editing a row of faces.csv; None if it was not edited.

    The row says when its name was decided (`shown_time`); what the journal said at that time is compared
    with what the row says now. Where the journal knows nothing of that time (a spreadsheet wrote it its own way),
    the row is compared with what holds now. A row of which the journal knows nothing (it was lost) is no edit.
    """
    if not shown_time:
        before = (OPEN, "")
    elif standing is None:
        return None
    else:
        before = standing.at(shown_time) or (standing.state, standing.name)
    name = clean_name(shown_name)
    if name != before[1]:
        return ("name", name) if name else ("clear", "")
    if shown_state != before[0] and not name:
        kind = {state: kind for kind, state in STATE_AFTER.items()}.get(shown_state)
        return (kind, "") if kind in ("unknown", "ignore", "clear") else None
    return None


@dataclass(frozen=True, slots=True)
class Guess:
    """A name offered for a face, and how far the nearest face of that person is; None if the photo itself says it (then
    `model` is records.REGION)."""

    name: str
    distance: float | None
    model: str


def assign(
    candidates: Iterable[tuple[float, str, str]],
    photo_of: Mapping[str, str],
    taken: Iterable[tuple[str, str]],
    rejected: Mapping[str, set[str]],
) -> dict[str, tuple[str, float]]:
    """Give each face at most one name, nearest first: (distance, face, name) -> {face: (name, distance)}.

    Two faces on one photo are never the same person: a name given by a person (`taken`: photo, name) or to a
    nearer face is gone for that photo. A rejected name is not offered again.
    """
    gone = set(taken)
    result: dict[str, tuple[str, float]] = {}
    for distance, face, name in sorted(candidates):
        if face in result or name in rejected.get(face, ()):
            continue
        place = (photo_of[face], name)
        if place in gone:
            continue
        gone.add(place)
        result[face] = (name, distance)
    return result
