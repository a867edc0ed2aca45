"""What photos say of the faces on them, put into their rows: the regions that other programs marked, and their names.

A name there is an offer, or a decision where the owner wants that (`whole`). What was decided here holds until somebody
changes the name there: so it is noted when that was seen. What we wrote there ourselves says nothing.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from faces import metadata
from faces.errors import PhotoError
from faces.exiftool import ExifTool
from faces.folders import Photo
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.plan import Wanted
from faces.records import FACE, FAILED, REGION, FaceRow, pair_by_overlap
from faces.regions import Region


def are_wanted(rows: Sequence[FaceRow], wanted: Wanted) -> bool:
    """Whether the regions of a photo with these rows are to be read."""
    return wanted.regions and not (rows and all(row.regions_read for row in rows if row.status != FAILED))


def read(tool: ExifTool, photo: Photo) -> list[Region]:
    """The regions of a photo. What exiftool cannot read has none; it is asked again when the file changes."""
    try:
        if metadata.may_have_regions(photo.path):
            return metadata.read(tool, photo.path).regions
    except PhotoError as error:
        log.warning("%s: the faces that other programs marked on it are not known: %s", photo.path, error)
    return []


def put(
    rows: Sequence[FaceRow],
    regions: Sequence[Region],
    before: Sequence[FaceRow],
    wrote: Container[str],
    decided: Container[str],
) -> list[FaceRow]:
    """The rows of a photo with what its regions say, without regions that are gone. `before`: its rows as they were;
    `wrote`: names that we gave its regions, which say nothing new; `decided`: faces that a person decided about, which
    stay."""
    faces = {row.face: row for row in rows if row.status == FACE}
    paired = pair_by_overlap(
        [region.box for region in regions], [(face, row.relative_box) for face, row in faces.items()]
    )
    names = {face: region.name for face, region in zip(paired, regions, strict=True) if face}
    known = {row.face: row for row in before if row.face and row.regions_read}
    kept = []
    for row in rows:
        if row.detector == REGION and row.face not in names and row.face not in decided:
            continue
        old, name = known.get(row.face), names.get(row.face, "")
        name = "" if name in wrote else name
        if old and old.region_name == name:
            row.region_time = old.region_time
        elif old and name:
            row.region_time = _time(row, old)
        row.region_name, row.regions_read = name, 1
        kept.append(row)
    return kept


def _time(row: FaceRow, old: FaceRow) -> str:
    """When the name was changed: when the file was, unless that keeps its time, as some programs do."""
    return channel.iso_time(row.mtime_ns / 1e9) if row.mtime_ns > old.mtime_ns else channel.now()
