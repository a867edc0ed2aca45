"""Naming from the command line: appends a decision to names.csv, as the page does on a hub."""

from __future__ import annotations

from pathlib import Path

from faces import parquet, store
from faces.errors import PhotoError, UsageError
from faces.files import DataFile
from faces.folders import FACES_CSV, FACES_PKL, PlainAlbum, photo_time, root_of
from faces.jobs import channel
from faces.jobs.written import Written
from faces.names import clean_name
from faces.records import Box, Decision, ShownFace, new_face_id


def run(target: str, decision: str, name: str = "", by: str = "command line", box: Box | None = None) -> ShownFace:
    """Decide about the face at `target` ("DIR/photo.jpg", or "DIR/photo.jpg#2" where there are several), or about one
    that no detector found, in `box`, fractions of the photo.

    Returns the face decided about. Raises UsageError if there is no such face, or several and no number.
    """
    name = clean_name(name)
    if decision in ("name", "reject") and not name:
        raise UsageError("the name is empty")
    photo, number = _split(target)
    face = _drawn(photo, box) if box else _find(photo, number)
    root = root_of(photo)
    path = photo.absolute().relative_to(root).as_posix()
    entry = Decision(
        "",
        face.id,
        face.photo or _content(photo, face),
        path,
        face.box,
        decision,
        name if decision in ("name", "reject") else "",
        by,
    )
    channel.decide(PlainAlbum(root), entry)
    return face


def _drawn(photo: Path, box: Box) -> ShownFace:
    """A face that nobody knew. The same box drawn again is the same face."""
    try:
        content = Written(PlainAlbum(root_of(photo))).content_of(photo)
    except PhotoError as error:
        raise UsageError(f"{photo} {error}") from error
    return ShownFace(new_face_id(content, box, lambda _: False), photo.name, content, box)


def _content(photo: Path, face: ShownFace) -> str:
    """The content hash of the photo that the face was found on. UsageError if another one stands there by now."""
    stat = photo.stat()
    rows = parquet.read_faces(DataFile(photo.parent / FACES_PKL), embeddings=False) or ()
    row = next((r for r in rows if r.file == photo.name and r.content), None)
    if row and (row.size, row.mtime_ns) == (stat.st_size, photo_time(stat)):
        return row.content
    try:
        content = Written(PlainAlbum(root_of(photo))).content_of(photo)
    except PhotoError as error:
        raise UsageError(f"{photo} {error}") from error
    if row and row.content == content:
        return content
    if not row and face.mtime == channel.file_time(photo_time(stat)):  # faces.pkl is lost
        return content
    raise UsageError(f"{photo} has changed since faces were searched on it: run `faces detect` first")


def _split(target: str) -> tuple[Path, int | None]:
    """A photo may have # in its name: what exists as it is wins."""
    try:
        return _split_existing(target)
    except (OSError, ValueError) as error:  # too long a name, a NUL in it
        raise UsageError(f"{target!r} is no photo: {error}") from error


def _split_existing(target: str) -> tuple[Path, int | None]:
    path = Path(target)
    if path.is_file():
        return path, None
    before, mark, number = target.rpartition("#")
    if mark and number.isdecimal() and Path(before).is_file():
        return Path(before), int(number)
    raise UsageError(f"there is no photo {before if mark and number.isdecimal() else target}")


def _find(photo: Path, number: int | None) -> ShownFace:
    faces = [f for f in store.read_shown(DataFile(photo.parent / FACES_CSV)) or () if f.file == photo.name]
    if not faces:
        raise UsageError(f"no face was found on {photo}: run `faces detect` first, or it has none")
    if number is None:
        if len(faces) > 1:
            listed = "; ".join(f"#{f.face_nr} {f.name or f.name_recognized or 'unnamed'}" for f in faces)
            raise UsageError(
                f"{photo} has {len(faces)} faces, from left to right: {listed}. Say which, as in {photo.name}#1"
            )
        return faces[0]
    for face in faces:
        if face.face_nr == number:
            return face
    raise UsageError(f"{photo} has no face #{number}; it has {len(faces)}, numbered from left to right")
