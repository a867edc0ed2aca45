"""Reads what the photos of an album say of themselves: dates, and people that other programs marked. Writes nothing."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faces import metadata
from faces.errors import PackageMissing, PhotoError
from faces.exiftool import ExifTool, NoExifTool
from faces.folders import Album
from faces.guard import Guard
from faces.jobs.channel import log
from faces.metadata import Said
from faces.progress import Progress


@dataclass(slots=True)
class Read:
    """What came of it: numbers of photos, of marked faces, and name -> on how many photos. `problems`: photos and
    folders that could not be read, one line each."""

    photos: int = 0
    dated: int = 0
    marked: int = 0
    regions: int = 0
    people: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run(
    album: Album, guard: Guard, progress: Progress, tell: Callable[[str, Said], None], tool: ExifTool | None = None
) -> Read:
    """Read every photo; `tell` is told its path below the album's root and what it says. Raises PackageMissing without
    exiftool, and what the guard raises."""
    summary, start = Read(), time.monotonic()
    people: Counter[str] = Counter()
    folders = list(album.folders(stat=False))
    progress.step("reading")
    progress.start(sum(len(folder.photos) for folder in folders))
    tool = tool or ExifTool()
    try:
        for folder in folders:
            summary.problems += folder.problems
            for photo in folder.photos:
                guard.check()
                said, error, began = Said(), "", time.monotonic()
                path = folder.path_of(photo.name)
                try:
                    said = _read(tool, photo.path)
                except PhotoError as reason:
                    error = str(reason)
                    summary.problems.append(f"{path}: {error}")
                    log.warning("%s: %s", path, error)
                else:
                    tell(path, said)
                progress.photo(path, len(said.regions), error, time.monotonic() - began)
                summary.photos += 1
                summary.dated += bool(said.taken)
                summary.marked += bool(said.regions)
                summary.regions += len(said.regions)
                people.update({region.name for region in said.regions if region.name} | set(said.people))
    finally:
        tool.close()
        summary.seconds = time.monotonic() - start
        summary.people = dict(sorted(people.items(), key=lambda item: (-item[1], item[0])))
    return summary


def _read(tool: ExifTool, path: Path) -> Said:
    try:
        return metadata.read(tool, path)
    except NoExifTool as error:
        raise PackageMissing(str(error)) from error
