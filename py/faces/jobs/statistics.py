"""How good the guesses are and what they cost: faces_statistics.csv (a line for each face, detector and model) and
models_statistics.csv (their sums). Written by recognition where `worker.statistics` is on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from faces import store
from faces.errors import ForeignFile
from faces.folders import FACES_STATISTICS, MODELS_STATISTICS, Album
from faces.jobs.collection import Collection
from faces.names import Standing
from faces.records import IGNORED, NAMED, FaceRow, ShownFace

FACE_COLUMNS = ("file", "photo", "face", "face_nr", "detector", "model", "name", "state", "name_recognized", "distance",
                "result", "width", "confidence", "seconds_detect", "seconds_embed")  # fmt: skip
MODEL_COLUMNS = ("model", "detector", "accuracy", "detected", "recognised", "set", "correct", "wrong", "ignored",
                 "seconds", "seconds/face")  # fmt: skip
#: How each file begins, by which it is known as ours.
HEADERS = {FACES_STATISTICS: ",".join(FACE_COLUMNS).encode(), MODELS_STATISTICS: ",".join(MODEL_COLUMNS).encode()}
CORRECT, WRONG = "correct", "wrong"


@dataclass(slots=True)
class Sums:
    """One model with the boxes of one detector. `set`: faces that a person named; `photos`: seconds of detection."""

    detected: int = 0
    recognised: int = 0
    set: int = 0
    correct: int = 0
    wrong: int = 0
    ignored: int = 0
    seconds: float = 0.0
    photos: dict[str, float] = field(default_factory=dict)

    def row(self, model: str, detector: str) -> list[object]:
        judged, seconds = self.correct + self.wrong, self.seconds + sum(self.photos.values())
        accuracy = f"{self.correct / judged:.4f}" if judged else ""
        counts = (self.detected, self.recognised, self.set, self.correct, self.wrong, self.ignored)
        each = f"{seconds / self.detected:.3f}" if self.detected else ""
        return [model, detector, accuracy, *counts, f"{seconds:.1f}", each]


def write(
    album: Album, collection: Collection, shown: Mapping[str, ShownFace], standings: Mapping[str, Standing]
) -> None:
    """Both files, of faces as `shown` (by id) and as `standings` has them. Raises StorageError, ForeignFile."""
    lines, sums = [], defaultdict[tuple[str, str], Sums](Sums)
    for data in collection.folders:
        for face in data.faces:
            seen, standing = shown.get(face.id), standings.get(face.id, Standing())
            for row in face.rows:
                if seen is None or not row.model:
                    continue
                guess, distance = _guess(seen, row.model)
                result = _result(seen, standing, guess, row)
                lines.append([data.folder.path_of(row.file), row.photo, row.face, seen.face_nr, row.detector, row.model,
                              seen.name, seen.state, guess, distance, result, round(row.w), f"{row.confidence:.3f}",
                              f"{row.seconds_detect:.3f}", f"{row.seconds_embed:.3f}"])  # fmt: skip
                _add(sums[row.model, row.detector], seen, guess, result, row, face.photo)
        for row in data.empty:  # no face, but the time it took
            for model in {model for model, detector in sums if detector == row.detector}:
                sums[model, row.detector].photos[f"{data.folder.name}/{row.photo or row.file}"] = row.seconds_detect
    _put(album, FACES_STATISTICS, FACE_COLUMNS, lines)
    _put(album, MODELS_STATISTICS, MODEL_COLUMNS, [s.row(*key) for key, s in sorted(sums.items())])


def _guess(seen: ShownFace, model: str) -> tuple[str, str]:
    """What this model guessed and at which distance; ("", "") if it did not."""
    try:
        name, distance = json.loads(seen.extra.get("matches", "{}")).get(model, ("", None))
        if name:
            return str(name), f"{float(distance):.4f}"
    except (ValueError, TypeError, AttributeError):  # somebody edited the cell
        pass
    if seen.name_recognized and seen.model == model:
        return seen.name_recognized, "" if seen.distance is None else f"{seen.distance:.4f}"
    return "", ""


def _result(seen: ShownFace, standing: Standing, guess: str, row: FaceRow) -> str:
    if seen.state == NAMED and guess:
        return CORRECT if guess == seen.name else WRONG
    return WRONG if standing.rejected and seen.model in ("", row.model) else ""


def _add(sums: Sums, seen: ShownFace, guess: str, result: str, row: FaceRow, photo: str) -> None:
    sums.detected += 1
    sums.recognised += bool(guess)
    sums.set += seen.state == NAMED
    sums.correct += result == CORRECT
    sums.wrong += result == WRONG
    sums.ignored += seen.state == IGNORED
    sums.seconds += row.seconds_embed
    sums.photos[photo] = row.seconds_detect  # once for all faces of a photo


def _put(album: Album, name: str, columns: Iterable[str], rows: list[list[object]]) -> None:
    file = album.data(name)
    before = file.read()
    if before and not before.startswith(HEADERS[name]):
        raise ForeignFile(f"{file} is not ours; it was left alone. Rename it to let the statistics be written")
    file.write(store.table(columns, rows))
