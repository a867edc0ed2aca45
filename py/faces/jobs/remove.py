"""Removing: detectors, models, names or everything; exactly that, with a count of each. What is removed is gone
from every file; what stays is untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

from faces import parquet, store
from faces.errors import DamagedFile, DatabaseError, FacesError, ForeignFile, PickleRefused
from faces.files import DataFile, lock
from faces.folders import (
    CONFIG_JSON,
    DATA_FILES,
    DETECT_LOCK,
    DISTANCES,
    METADATA_LOCK,
    NAMES_LOCK,
    RECOGNIZE_LOCK,
    REPORT,
    SETTLED,
    THRESHOLDS_JSON,
    WRITTEN,
    Album,
    Folder,
    is_journal,
)
from faces.jobs import contents
from faces.jobs.channel import log
from faces.jobs.collection import photo_key
from faces.jobs.statistics import HEADERS as STATISTICS
from faces.records import FACE, NONE, OPEN, FaceRow, ShownFace
from faces.settings import THRESHOLDS

#: Keys of config.json: a file without any of them is not ours.
CONFIG_KEYS = ("version", "detection", "recognition", "worker", "metadata", "page")


@dataclass(frozen=True, slots=True)
class What:
    """What is to be removed."""

    detectors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    names: bool = False
    everything: bool = False


@dataclass(slots=True)
class Summary:
    """How much was removed: rows by detector and by model, named faces, decisions, files."""

    detections: dict[str, int] = field(default_factory=dict)
    embeddings: dict[str, int] = field(default_factory=dict)
    names: int = 0
    decisions: int = 0
    files: int = 0
    kept: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def run(album: Album, what: What, wait: float = 0.0, check: Callable[[], None] = lambda: None) -> Summary:
    """Remove. Raises LockedError if a detection or recognition is at work for more than `wait` seconds, and what
    `check`, asked while waiting, raises."""
    summary = Summary()
    with _quiet_album(album, wait, check):
        DataFile(album.lock(SETTLED)).remove()  # it has names in it
        for folder in list(album.folders()):
            try:
                if what.everything:
                    _remove_files(album, folder, summary)
                else:
                    if what.names:
                        _remove_names(folder, summary)
                    if what.detectors or what.models:
                        _remove_rows(folder, what, summary)
            except DatabaseError:
                raise
            except FacesError as error:
                summary.problems.append(str(error))
        for name in STATISTICS:  # made anew from what is left
            if _is_ours(name, album.data(name)):
                album.data(name).remove()
        if what.names and not what.everything and not summary.problems:
            _remove_journal(album, summary)  # last: names left in a faces.csv would come back without it
        if what.everything:
            _remove_data_folder(album, summary)
        else:
            _for_pages(album)
    log.info("removed: %s", summary)
    return summary


def _for_pages(album: Album) -> None:
    """What the hub's pages are told of what is there: nothing of what is gone."""
    try:
        if measured := album.private(DISTANCES):
            measured.remove()
        contents.refresh(album)
    except DatabaseError:
        raise
    except FacesError as error:
        log.warning("%s", error)


@contextmanager
def _quiet_album(album: Album, wait: float, check: Callable[[], None]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, who in (
            (DETECT_LOCK, "a detection"),
            (RECOGNIZE_LOCK, "a recognition"),
            (NAMES_LOCK, "a writer of names"),
            (METADATA_LOCK, "a run that writes names into photos"),
        ):
            stack.enter_context(lock(album.lock(name), who, wait, check))
        yield


def _remove_names(folder: Folder, summary: Summary) -> None:
    content = folder.csv.read()
    if content is not None:
        shown = store.parse_shown(folder.csv, content)
        store.write_shown(folder.csv, [_unnamed(face) for face in shown], content)
        summary.names += sum(face.state != OPEN for face in shown)


def _remove_rows(folder: Folder, what: What, summary: Summary) -> None:
    rows = parquet.read_faces(folder.pkl)
    if rows is None:
        return
    content = folder.csv.read()
    left = _without(rows, what)
    parquet.write_faces(folder.pkl, left)
    for row in rows:
        if row.detector in what.detectors and row.status in (FACE, NONE):
            summary.detections[row.detector] = summary.detections.get(row.detector, 0) + 1
        elif row.model in what.models and row.status == FACE:
            summary.embeddings[row.model] = summary.embeddings.get(row.model, 0) + 1
    if content is not None:
        shown = store.parse_shown(folder.csv, content)
        store.write_shown(folder.csv, _still_shown(shown, rows, left), content)


def _without(rows: list[FaceRow], what: What) -> list[FaceRow]:
    """The rows that stay. A face that loses its last model keeps its box, so that it need not be detected again."""
    left = [row for row in rows if row.detector not in what.detectors and row.model not in what.models]
    boxes = {(row.file, row.detector, row.face) for row in left}
    for row in rows:
        key = (row.file, row.detector, row.face)
        if row.status == FACE and row.model in what.models and row.detector not in what.detectors and key not in boxes:
            boxes.add(key)
            left.append(replace(row, model="", space="", embedding=None, seconds_embed=0.0))
    return left


def _still_shown(shown: list[ShownFace], before: list[FaceRow], left: list[FaceRow]) -> list[ShownFace]:
    """faces.csv without the faces that no detector claims any more, but with those that a person decided about:
    names are removed with --names only. Guesses of a removed model go."""
    had = {row.face for row in before if row.face}
    has = {row.face for row in left if row.face}
    models = {(row.face, row.model) for row in left}
    result = []
    for face in shown:
        if face.id in had - has:
            if face.state == OPEN:
                continue
            face = replace(face, detector="", model="", confidence=0.0)
        if face.name_recognized and (face.id, face.model) not in models:
            face = replace(face, name_recognized="", distance=None, distance_metric="", model="")
        elif face.model and (face.id, face.model) not in models:
            face = replace(face, model=next((m for f, m in sorted(models) if f == face.id), ""))
        result.append(face)
    return result


def _unnamed(face: ShownFace) -> ShownFace:
    extra = {key: value for key, value in face.extra.items() if key != "matches"}
    model = face.model if face.state == OPEN or face.cluster else ""  # it is compared with others again
    return replace(
        face, name="", state=OPEN, time_named="", name_recognized="", distance=None, distance_metric="", model=model,
        extra=extra,
    )  # fmt: skip


def _remove_journal(album: Album, summary: Summary) -> None:
    for name in album.journals():
        file = album.data(name)
        summary.decisions += len(store.read_decisions(file))
        file.remove()


def _remove_files(album: Album, folder: Folder, summary: Summary) -> None:
    """Every file of ours in a folder of photos; a foreign file of the same name stays, and is named."""
    for file, check in ((folder.pkl, _check_pkl), (folder.csv, store.check_shown)):
        try:
            check(file)
        except ForeignFile as error:
            summary.kept.append(str(error))
            continue
        summary.files += file.remove()
    for file in album.leftovers(folder.pkl) + album.leftovers(folder.csv):
        summary.files += file.remove()


def _check_pkl(file: DataFile) -> None:
    with suppress(DamagedFile, PickleRefused):
        parquet.read_faces(file, embeddings=False)


def _remove_data_folder(album: Album, summary: Summary) -> None:
    for name in album.journals():
        summary.decisions += len(store.read_decisions(album.data(name)))
    for name in _data_files(album):
        file = album.data(name)
        for leftover in album.leftovers(file):
            summary.files += leftover.remove()
        if _is_ours(name, file):
            summary.files += file.remove()
    summary.kept += album.dispose()


def left(album: Album) -> list[str]:
    """Whatever is left of ours, a line each: what removing everything should have taken."""
    found = []
    for folder in album.folders():
        found += folder.problems
        for file, check in ((folder.pkl, _check_pkl), (folder.csv, store.check_shown)):
            with suppress(ForeignFile):
                check(file)
                found += [str(file.path)] if file.read() is not None else []
        found += [str(file.path) for file in album.leftovers(folder.pkl) + album.leftovers(folder.csv)]
    for name in _data_files(album):
        file = album.data(name)
        found += [str(file.path)] if file.path.exists() and _is_ours(name, file) and file.read() is not None else []
        found += [str(leftover.path) for leftover in album.leftovers(file)]
    return list(dict.fromkeys(found + album.traces()))


def _data_files(album: Album) -> list[str]:
    return list(dict.fromkeys((*DATA_FILES, *album.journals())))


def _is_ours(name: str, file: DataFile) -> bool:
    """Whether a file of a name of ours is ours: the folder may have been somebody's before."""
    try:
        content = file.read() or b""
    except FacesError:  # a link, a folder
        return False
    if is_journal(name):
        head = content.replace(b'"', b"").lstrip(b"\xef\xbb\xbf \r\n\t")
        return not content.strip() or head.startswith(b"time,face,") or bool(store.read_decisions(file))
    if name == CONFIG_JSON:
        value = store.read_json(file)[0]
        return b'"version"' in content or not content.strip() if value is None else _has(value, CONFIG_KEYS)
    if name in STATISTICS:
        return not content.strip() or content.startswith(STATISTICS[name])
    if name == THRESHOLDS_JSON:
        value = store.read_json(file)[0]
        return not content.strip() if value is None else _has(value, THRESHOLDS)
    if name == WRITTEN:
        return not content.strip() or content.lstrip().startswith((b'{"time":', b'{"since":'))
    if name == SETTLED:
        return content.startswith(b'{"settings"')
    if name == REPORT:
        return b"<!-- faces " in content[:200]
    return True


def _has(value: dict[str, object], keys: Iterable[str]) -> bool:
    """Whether a JSON object has one of these keys, or none at all."""
    return not value or not set(keys).isdisjoint(value)


def counts(album: Album) -> dict[str, int]:
    """What is there, for the question before removing: photos with data, faces, named faces, decisions."""
    rows = names = faces = 0
    for folder in album.folders():
        with suppress(FacesError):
            rows += len({photo_key(r.photo, r.file) for r in parquet.read_faces(folder.pkl, embeddings=False) or ()})
            shown = store.read_shown(folder.csv) or []
            faces += len(shown)
            names += sum(face.state != OPEN for face in shown)
    decisions = sum(len(store.read_decisions(album.data(name))) for name in album.journals())
    return {"photos": rows, "faces": faces, "named": names, "decisions": decisions}
