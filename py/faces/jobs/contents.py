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
from faces.folders import CONTENTS, Album
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.collection import NOT_FOR_NAMES, Collection, FolderData, load, photo_key
from faces.records import FaceRow
from faces.settings import DEMOGRAPHY


def write(album: Album, collection: Collection) -> None:
    """Bring the file up to date, if it says anything else but the time. A failure is logged: the file is a comfort."""
    file = album.private(CONTENTS)
    if file is None:
        return
    facts = summed_up(collection)
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
        write(album, load(album, (), embeddings=False, without=NOT_FOR_NAMES))


def summed_up(collection: Collection) -> dict[str, Any]:
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
    failed = {(folder.name, photo_key(row.photo, row.file)) for folder, row in collection.failures}
    return {
        "version": 1,
        "time": "",
        "photos": sum(len(data.photos) for data in collection.folders),
        "failed": len(failed),
        "faces": sum(len(data.faces) for data in collection.folders),
        "detectors": _by_name(detectors, lambda s: {"photos": len(s.photos), "faces": s.faces, "seconds": s.mean}),
        "models": _by_name(models, lambda s: {"faces": s.faces, "seconds": s.mean}),
        "demography": {name: demography[name] for name in DEMOGRAPHY if name in demography},
    }


class _Sum:
    """Of one detector or model. `seconds`: of each photo or face once; what it took to have none is not known."""

    def __init__(self) -> None:
        self.faces = 0
        self.photos: set[tuple[int, str]] = set()
        self._seconds: dict[Any, float] = {}

    def took(self, what: Any, seconds: float) -> None:
        if 0 < seconds < 1e6:
            self._seconds.setdefault(what, seconds)

    @property
    def mean(self) -> float | None:
        """Seconds, to a tenth of a millisecond."""
        return round(sum(self._seconds.values()) / len(self._seconds), 4) if self._seconds else None


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
