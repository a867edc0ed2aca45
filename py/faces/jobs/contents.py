"""contents.json: how much is there of a channel, for the hub's pages, which cannot read faces.pkl. Written from what a
recognition has in memory anyhow. A folder has no such file.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from faces.errors import FacesError
from faces.files import DataFile
from faces.folders import CONTENTS, Album, Folder
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.collection import NOT_FOR_NAMES, Collection, FolderData, load, photo_key
from faces.records import FaceRow
from faces.settings import DEMOGRAPHY

#: So many failed photos are named; `failed` counts all.
MOST_FAILURES = 200
LONGEST_ERROR = 500


def write(album: Album, collection: Collection, max_attempts: int) -> None:
    """Bring the file up to date, if it says anything else but the time. A failure is logged: the file is a comfort.
    `max_attempts`: so often a photo is tried."""
    file = album.private(CONTENTS)
    if file is None:
        return
    facts = summed_up(collection, max_attempts)
    try:
        before = _read(file)
        if {**before, "time": ""} == {**facts, "time": ""} or not (before or facts["photos"] or facts["faces"]):
            return
        file.write(json.dumps({**facts, "time": channel.now()}).encode())
    except (FacesError, OSError) as error:
        log.warning("%s: %s", CONTENTS, error)


def refresh(album: Album) -> None:
    """The same after a removal, from the files."""
    if album.private(CONTENTS) is not None:
        collection = load(album, (), embeddings=False, without=NOT_FOR_NAMES)
        write(album, collection, channel.read_settings(album).max_attempts)


def summed_up(collection: Collection, max_attempts: int) -> dict[str, Any]:
    """What the file says; its time is ""."""
    detectors, models, demography = defaultdict[str, _Sum](_Sum), defaultdict[str, _Sum](_Sum), dict[str, int]()
    for number, data in enumerate(collection.folders):
        _add_detections(data, number, detectors)
        for face in data.faces:
            seen: set[str] = set()
            for row in face.rows:
                if row.model:
                    seen.add(row.model)
                    models[row.model].took((number, row.detector, face.id), row.seconds_embed)
            for name in seen:
                models[name].faces += 1
            if any(row.age is not None or row.gender or row.emotion or row.race for row in face.rows):
                for name in DEMOGRAPHY:
                    if any(getattr(row, name.lower()) not in (None, "") for row in face.rows):
                        demography[name] = demography.get(name, 0) + 1
    failures = _failures(collection, max_attempts)
    return {
        "version": 1,
        "time": "",
        "photos": sum(len(data.photos) for data in collection.folders),
        "failed": len(failures),
        "faces": sum(len(data.faces) for data in collection.folders),
        "detectors": _by_name(detectors, lambda s: {"photos": len(s.photos), "faces": s.faces, "seconds": s.mean}),
        "models": _by_name(models, lambda s: {"faces": s.faces, "seconds": s.mean}),
        "demography": {name: demography[name] for name in DEMOGRAPHY if name in demography},
        "seconds": _mean_of_photos(detectors.values(), models.values()),
        "failures": failures[:MOST_FAILURES],
    }


def _failures(collection: Collection, max_attempts: int) -> list[dict[str, Any]]:
    """An entry for each photo that failed: what was tried most often first, then by path. Of several failures of a
    photo that of the whole photo says most."""
    worst: dict[tuple[str, str], tuple[Folder, FaceRow]] = {}
    for folder, row in sorted(collection.failures, key=lambda f: (bool(f[1].detector or f[1].model), -f[1].attempts)):
        worst.setdefault((folder.name, photo_key(row.photo, row.file)), (folder, row))
    found = [
        {
            "photo": row.photo,
            "file": folder.path_of(row.file),
            "error": row.error[:LONGEST_ERROR],
            "attempts": row.attempts,
            "given_up": row.attempts >= max_attempts,
        }
        for folder, row in worst.values()
    ]
    return sorted(found, key=lambda entry: (-entry["attempts"], entry["file"], entry["photo"]))


def _mean_of_photos(detectors: Iterable[_Sum], models: Iterable[_Sum]) -> float | None:
    """Seconds that a photo took, all detectors and models together; without decoding, which is not known here."""
    detectors = list(detectors)
    photos = {photo for one in detectors for photo in one.seconds}
    total = sum(sum(one.seconds.values()) for one in (*detectors, *models))
    return round(total / len(photos), 6) if photos else None


class _Sum:
    """Of one detector or model. `seconds`: of each photo or face once; what it took to have none is not known."""

    def __init__(self) -> None:
        self.faces = 0
        self.photos: set[tuple[int, str]] = set()
        self.seconds: dict[Any, float] = {}

    def took(self, what: Any, seconds: float) -> None:
        if 0 < seconds < 1e6:
            self.seconds.setdefault(what, seconds)

    @property
    def mean(self) -> float | None:
        """Seconds, to a microsecond: the quickest faces take less than a tenth of a millisecond."""
        return round(sum(self.seconds.values()) / len(self.seconds), 6) if self.seconds else None


def _add_detections(data: FolderData, number: int, detectors: dict[str, _Sum]) -> None:
    def saw(rows: Iterable[FaceRow]) -> set[str]:
        seen: set[str] = set()
        for row in rows:
            entry, photo = detectors[row.detector], (number, row.photo or row.file)
            seen.add(row.detector)
            entry.photos.add(photo)
            entry.took(photo, row.seconds_detect)
        return seen

    saw(data.empty)
    for face in data.faces:
        for name in saw(face.rows):
            detectors[name].faces += 1


def _by_name(sums: dict[str, _Sum], entry: Callable[[_Sum], dict[str, Any]]) -> dict[str, Any]:
    return {name: entry(sums[name]) for name in sorted(sums)}


def _read(file: DataFile) -> dict[str, Any]:
    """What the file says now; empty where there is none or it is damaged."""
    try:
        found = json.loads(file.read() or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
