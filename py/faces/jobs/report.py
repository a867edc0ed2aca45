"""One HTML file that shows what was found: photos with frames, people, unnamed faces, failures, plots.

Opens offline, runs no script, loads nothing; every text is escaped.
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from faces import __version__
from faces.errors import PhotoError
from faces.files import DataFile
from faces.folders import Album
from faces.images import decode
from faces.jobs import page
from faces.jobs.channel import read_settings
from faces.jobs.collection import Collection, FolderData, load, photo_key
from faces.progress import Progress
from faces.records import FACE, NAMED, OPEN, FaceRow, ShownFace
from faces.settings import Settings

PHOTO_SIDE, FACE_SIDE = 560, 96
MOST_FACES = 40


@dataclass(slots=True)
class Shown:
    """A photo in the report: a small JPEG, its faces, and a JPEG of each face by id."""

    title: str
    jpeg: bytes
    faces: list[ShownFace]
    crops: dict[str, bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Summary:
    path: Path
    photos: int = 0
    written: bool = False


def run(album: Album, output: Path, progress: Progress, limit: int = 300) -> Summary:
    """Write the report, unless `output` is of the same data already. At most `limit` photos are shown.

    Raises StorageError if `output` cannot be written.
    """
    settings = read_settings(album)
    collection = load(album, settings.detectors, embeddings=False)
    stamp = f"<!-- faces {__version__} {_fingerprint(collection, limit)} -->"
    file = DataFile(output)
    summary = Summary(output, photos=sum(len(data.photos) for data in collection.folders))
    if stamp.encode() in (file.read() or b"")[:200]:
        return summary
    shown = list(_photos(collection, settings, progress, limit))
    html = page.document(stamp, "".join(_body(collection, shown, settings)))
    summary.written = file.write(html.encode("utf-8"))
    return summary


def _fingerprint(collection: Collection, limit: int) -> str:
    digest = hashlib.blake2b(str(limit).encode(), digest_size=12)
    for data in collection.folders:
        digest.update((data.csv_content or b"") + (data.folder.pkl.read() or b""))
    digest.update("".join(collection.problems).encode("utf-8", "replace"))
    return digest.hexdigest()


def _photos(collection: Collection, settings: Settings, progress: Progress, limit: int) -> Iterable[Shown]:
    """The photos with faces first come first served, up to `limit`; one that cannot be read is left out."""
    chosen: list[tuple[FolderData, str, list[ShownFace]]] = []
    for data in collection.folders:
        by_photo: dict[str, list[ShownFace]] = defaultdict(list)
        for face in data.shown:
            by_photo[photo_key(face.photo, face.file)].append(face)
        chosen += [(data, key, faces) for key, faces in by_photo.items() if key in data.present]
    progress.start(min(limit, len(chosen)))
    for data, key, faces in chosen[:limit]:
        photo = next(p for p in data.folder.photos if photo_key(p.hash, p.name) == key)
        path = data.folder.path_of(photo.name)
        try:
            yield _shown(path, photo.path, faces, settings.max_megapixels)
            progress.photo(path, len(faces), "", 0.0)
        except PhotoError as error:
            progress.photo(path, 0, str(error), 0.0)


def _shown(title: str, path: Path, faces: list[ShownFace], max_megapixels: float) -> Shown:
    from PIL import Image

    picture = Image.fromarray(decode(path, max_megapixels, 2 * PHOTO_SIDE).pixels)
    crops = {}
    for face in faces:
        box = face.box.scaled(*picture.size)
        side = min(1.3 * max(box.w, box.h), *picture.size)  # a square that lies inside the photo
        left = min(max(box.x + box.w / 2 - side / 2, 0), picture.width - side)
        top = min(max(box.y + box.h / 2 - side / 2, 0), picture.height - side)
        cut = picture.crop((round(left), round(top), round(left + side), round(top + side)))
        crops[face.id] = _jpeg(cut.resize((FACE_SIDE, FACE_SIDE)), 80)
    picture.thumbnail((PHOTO_SIDE, PHOTO_SIDE))
    return Shown(title, _jpeg(picture, 72), faces, crops)


def _jpeg(image: object, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)  # type: ignore[attr-defined]
    return buffer.getvalue()


def _body(collection: Collection, shown: Sequence[Shown], settings: Settings) -> Iterable[str]:
    faces = [face for data in collection.folders for face in data.shown]
    photos = sum(len(data.photos) for data in collection.folders)
    named = sum(face.state == NAMED for face in faces)
    guessed = sum(face.state == OPEN and bool(face.name_recognized) for face in faces)
    engines = (settings.detectors or ("none yet",), settings.models or ("none yet",))
    yield page.intro(
        [
            (photos, "photos"),
            (len(faces), "faces"),
            (named, "named"),
            (guessed, "recognized"),
            (len(collection.failures), "failed"),
        ],
        f"Detector {', '.join(engines[0])} · model {', '.join(engines[1])} · {settings.metric} distance",
    )
    crops = {face: jpeg for photo in shown for face, jpeg in photo.crops.items()}
    yield from _people(faces, crops)
    yield from _photo_section(shown, photos)
    unnamed = [face for face in faces if face.state == OPEN and not face.name_recognized]
    yield page.section(
        "unnamed",
        f"Unnamed faces ({len(unnamed)})",
        page.face_row([(crops[f.id], "", f.file) for f in unnamed[: 2 * MOST_FACES] if f.id in crops])
        or page.nothing("Everyone has a name."),
    )
    yield page.section(
        "failed",
        f"Failed ({len(collection.failures) + len(collection.problems)})",
        page.table(
            ["photo", "reason", "tried"],
            [(folder.path_of(row.file), row.error, f"{row.attempts} times") for folder, row in collection.failures]
            + [(problem, "", "") for problem in collection.problems],
        )
        or page.nothing("Every photo could be read."),
    )
    yield from _plots(collection, faces, settings)


def _people(faces: Sequence[ShownFace], crops: dict[str, bytes]) -> Iterable[str]:
    people: dict[str, list[ShownFace]] = defaultdict(list)
    for face in faces:
        name = face.name if face.state == NAMED else face.name_recognized if face.state == OPEN else ""
        if name:
            people[name].append(face)
    parts = []
    for name, own in sorted(people.items(), key=lambda item: (-len(item[1]), item[0])):
        own.sort(key=lambda face: (face.state != NAMED, face.distance or 0.0))
        by_person = sum(face.state == NAMED for face in own)
        row = page.face_row(
            [
                (
                    crops[f.id],
                    "named" if f.state == NAMED else "guess",
                    "named by a person" if f.state == NAMED else f"distance {f.distance or 0:.2f}",
                )
                for f in own[:MOST_FACES]
                if f.id in crops
            ]
        )
        parts.append(
            f"<h3>{escape(name)} <small>{by_person} named, {len(own) - by_person} recognized</small></h3>{row}"
        )
    yield page.section(
        "people",
        f"People ({len(people)})",
        "".join(parts) or page.nothing('Nobody has a name yet: faces name PHOTO.jpg "Ada Lovelace"'),
    )


def _photo_section(shown: Sequence[Shown], photos: int) -> Iterable[str]:
    cards = "".join(page.photo_card(photo.title, photo.jpeg, [_frame(face) for face in photo.faces]) for photo in shown)
    note = (
        f"<p>{len(shown)} of {photos} photos have faces and are shown.</p>" if shown else page.nothing("No face yet.")
    )
    yield page.section("photos", "Photos", note + f'<div class="photos">{cards}</div>')


def _frame(face: ShownFace) -> page.Frame:
    if face.state == NAMED:
        return page.Frame(face.box, face.name, "named")
    if face.state == OPEN and face.name_recognized:
        return page.Frame(face.box, f"{face.name_recognized}?", "guess")
    return page.Frame(face.box, "", face.state or "open")


def _plots(collection: Collection, faces: Sequence[ShownFace], settings: Settings) -> Iterable[str]:
    recognized = [face for face in faces if face.distance is not None]
    models = {face.model for face in recognized}
    limit = settings.threshold(models.pop()) if len(models) == 1 else None
    distances = page.histogram(
        [face.distance or 0.0 for face in recognized], "distance to the nearest known face", limit
    )
    times: dict[str, float] = defaultdict(float)
    for data in collection.folders:
        times |= {f"{data.folder.name}/{key}": _seconds(row) for key, row in data.photos.items()}
        for face in data.faces:
            times[f"{data.folder.name}/{photo_key(face.row.photo, face.row.file)}"] += (
                sum(row.seconds_embed for row in face.by_model.values()) or face.row.seconds_embed
            )
    seconds = page.histogram(list(times.values()), "seconds per photo", None)
    yield page.section("plots", "Plots", f'<div class="plots">{distances}{seconds}</div>')


def _seconds(row: FaceRow) -> float:
    return row.seconds_decode + (row.seconds_detect if row.status in (FACE, "none") else 0.0)
