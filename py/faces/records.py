"""Our own types: what a face, a detection, a decision is. No imports from the rest of the program.

Boxes are measured from the top left corner of the *upright* photo (EXIF orientation applied). In pixels of
the full-size photo in faces.pkl, as fractions 0..1 of its width and height in faces.csv and names.csv.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

FORMAT_VERSION = 1

#: Files that are looked at as photos.
EXTENSIONS = frozenset(
    [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif", ".bmp"]
)

#: Row kinds of faces.pkl. A failure is never "none".
FACE, NONE, FAILED = "face", "none", "failed"

#: The detectors of faces that people marked: drew a box round here, or in a program that wrote it into the photo.
DRAWN, REGION = "drawn", "region"
BY_HAND = (DRAWN, REGION)

#: States of a face in faces.csv.
OPEN, NAMED, UNKNOWN, IGNORED = "", "named", "unknown", "ignored"

#: Decisions of names.csv, and the state each leads to.
STATE_AFTER = {"name": NAMED, "unknown": UNKNOWN, "ignore": IGNORED, "clear": OPEN}
DECISIONS = (*STATE_AFTER, "reject")

#: How distances are measured, the default first; matcher.distances defines them.
METRICS = ("euclidean", "cosine", "euclidean_l2")

#: From this overlap (intersection over union) on, two boxes on one photo are the same face. Low, because
#: detectors disagree on how much forehead and chin belongs to a face (YuNet against Haar: about 0.5).
SAME_FACE_OVERLAP = 0.3

#: Points in the order of the 112-pixel template: the eye on the left side of the picture first.
#: Five of them (eye, eye, nose tip, mouth corner, mouth corner), two (the eyes) or none.
Landmarks = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: top left corner, width and height."""

    x: float
    y: float
    w: float
    h: float

    def scaled(self, sx: float, sy: float) -> Box:
        return Box(self.x * sx, self.y * sy, self.w * sx, self.h * sy)

    def clipped(self, width: float, height: float) -> Box:
        """The part inside a picture of that size; width or height is 0 where nothing is."""
        x, y = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        right, bottom = min(max(self.x + self.w, x), width), min(max(self.y + self.h, y), height)
        return Box(x, y, right - x, bottom - y)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        w = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        h = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if w <= 0 or h <= 0:
            return 0.0
        union = self.w * self.h + other.w * other.h - w * h
        return w * h / union if union > 0 else 0.0

    def is_sane(self) -> bool:
        """Finite and with an area."""
        return all(map(math.isfinite, (self.x, self.y, self.w, self.h))) and self.w > 0 and self.h > 0


@dataclass(frozen=True, slots=True)
class Detection:
    """A face as a detector found it: box and landmarks in pixels, confidence 0..1."""

    box: Box
    confidence: float
    landmarks: Landmarks = ()

    def scaled(self, factor: float) -> Detection:
        points = tuple((x * factor, y * factor) for x, y in self.landmarks)
        return Detection(self.box.scaled(factor, factor), self.confidence, points)

    def moved(self, dx: float, dy: float) -> Detection:
        points = tuple((x + dx, y + dy) for x, y in self.landmarks)
        box = Box(self.box.x + dx, self.box.y + dy, self.box.w, self.box.h)
        return Detection(box, self.confidence, points)


@dataclass(slots=True, eq=False)
class FaceRow:
    """One row of faces.pkl: photo x detector x face x model; or a photo without a face; or a failure.

    `landmarks` is flat (x, y, x, y, ...); `embedding` is a float32 vector, or None where the row has none or
    was read without it. `min_width` is the narrowest face, as a fraction of the photo's width, that this
    detection would have kept. `date_source`: the tag that the date is from. `regions_read`: 1 if it is known what the
    photo says of its faces; `region_name` is the name that it gives this one, `region_time` when that was seen to
    change (UTC, ISO 8601). Docs: docs/formats.md.
    """

    status: str
    photo: str
    file: str
    content: str
    size: int
    mtime_ns: int
    orientation: int = 1
    width: int = 0
    height: int = 0
    date_taken: str = ""
    detector: str = ""
    min_width: float = 0.0
    face: str = ""
    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0
    landmarks: Sequence[float] = ()
    confidence: float = 0.0
    model: str = ""
    space: str = ""
    embedding: Any = None
    age: float | None = None
    gender: str = ""
    emotion: str = ""
    race: str = ""
    error: str = ""
    attempts: int = 0
    seconds_decode: float = 0.0
    seconds_detect: float = 0.0
    seconds_embed: float = 0.0
    date_source: str = ""
    regions_read: int = 0
    region_name: str = ""
    region_time: str = ""

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.w, self.h)

    @property
    def relative_box(self) -> Box:
        w, h = self.width or 1, self.height or 1
        return Box(self.x / w, self.y / h, self.w / w, self.h / h)

    @property
    def detection(self) -> Detection:
        flat = self.landmarks
        points = tuple((float(flat[i]), float(flat[i + 1])) for i in range(0, len(flat) - 1, 2))
        return Detection(self.box, self.confidence, points)


@dataclass(slots=True)
class ShownFace:
    """One row of faces.csv: a face as people see it. `box` in fractions of the upright photo; `cluster` is its
    group, "" where it is alone, None where it was not compared with others yet; `name_in_photo` is what the photo's own
    region says."""

    id: str
    file: str
    photo: str
    box: Box
    face_nr: int = 0
    name: str = ""
    state: str = OPEN
    name_recognized: str = ""
    distance: float | None = None
    distance_metric: str = ""
    model: str = ""
    detector: str = ""
    confidence: float = 0.0
    time_named: str = ""
    date_taken: str = ""
    mtime: str = ""
    content: str = ""
    cluster: str | None = None
    name_in_photo: str = ""
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of names.csv: what a person decided about one face, and when (UTC, ISO 8601). `photo`: the hub's hash,
    in folder mode the content hash; `content`: the content hash where `photo` is the hub's."""

    time: str
    face: str
    photo: str
    file: str
    box: Box
    decision: str
    name: str = ""
    by: str = ""
    content: str = ""


T = TypeVar("T")


def pair_by_overlap(
    new: Sequence[Box], known: Sequence[tuple[T, Box]], least: float = SAME_FACE_OVERLAP
) -> list[T | None]:
    """For each new box the known one it covers best; each known one is given away once, best pairs first."""
    pairs = sorted(
        (
            (overlap, i, k)
            for i, box in enumerate(new)
            for k, (_, other) in enumerate(known)
            if (overlap := box.overlap(other)) >= least
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    result: list[T | None] = [None] * len(new)
    used: set[int] = set()
    for _, i, k in pairs:
        if result[i] is None and k not in used:
            result[i] = known[k][0]
            used.add(k)
    return result


def new_face_id(content: str, box: Box, taken: Callable[[str], bool], salt: Iterable[str] = ()) -> str:
    """A face id: 32 hex digits in the form of a UUID version 4.

    It is derived from the photo's content and the box (to a thousandth of the photo), so that the same
    detection repeated elsewhere, or after every data file was lost, arrives at the same id. `salt` (the path
    of a copied photo) is added when the id is taken.
    """
    place = ",".join(str(round(v * 1000)) for v in (box.x, box.y, box.w, box.h))
    text, extra = f"{content}:{place}", iter([*salt, *map(str, range(1000))])
    while True:
        digits = list(hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest())
        digits[12], digits[16] = "4", "89ab"[int(digits[16], 16) % 4]
        face = "".join(digits)
        if not taken(face):
            return face
        text += f":{next(extra)}"
