"""What the last recognition left behind: as long as it holds, there is nothing to do but what was decided since.

settled.json lies beside the locks and is written last. Where it is missing, damaged or out of date everything is gone
through again: that costs time, never a name. Imports no numpy: a run with nothing to do ends here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import blake2b
from typing import Any

from faces import __version__, store
from faces.errors import FacesError
from faces.files import DataFile
from faces.folders import CONTENTS, IMPORT, SETTLED, Album, Folder, Marks
from faces.jobs.channel import log, read_journals
from faces.jobs.summaries import Recognized
from faces.records import Decision
from faces.settings import Settings

#: Settings that say how a run works, not what comes of it.
_HOW = ("ram", "jobs", "time_limit", "store_seconds", "follow_symlinks")
_HEADER = ",".join(store.JOURNAL_COLUMNS).encode() + b"\n"


@dataclass(slots=True)
class Settled:
    """`settings`, `files`: digests of the settings and of the marks of all faces.pkl and faces.csv; `journals`: of each
    its length in bytes and its digest; `newest`: the time of the newest decision; `rejected`: face -> names that it
    must not get; `model`: the one that all guesses are by, "" where there are several or other reasons why a decision
    may change more than the guesses of faces near by.

    `photos`: digest of all photos and of what a detection wants, where one found nothing to do; else ""."""

    settings: str
    files: str
    journals: dict[str, tuple[int, str]]
    newest: str = ""
    rejected: dict[str, list[str]] = field(default_factory=dict)
    model: str = ""
    summary: Recognized = field(default_factory=Recognized)
    photos: str = ""


@dataclass(slots=True)
class Found:
    """What holds still, and what is new: decisions in the order of their journals. `marks`: of each folder, as they
    were compared."""

    settled: Settled
    folders: list[Folder]
    marks: list[Marks]
    journals: Mapping[str, bytes]
    decisions: list[Decision]


def look(album: Album, settings: Settings, folders: Iterable[Folder] | None = None) -> Found | None:
    """What the last run left, if no file but the journals and no setting has changed since; None else. `folders`: those
    of the album, where the caller has them."""
    settled = _read(album)
    if settled is None or settled.settings != settings_digest(settings):
        return None
    there = list(album.folders(photos=False) if folders is None else folders)
    marks = [folder.marks() for folder in there]
    if any(folder.problems for folder in there) or settled.files != files_digest(album, marks):
        return None
    journals = read_journals(album)
    decisions: list[Decision] = []
    for name, content in journals.items():
        length, digest = settled.journals.get(name, (0, _digest(b"")))
        known, new = content[:length], content[length:]
        if _digest(known) != digest or (new and known and not _is_plain(known)):
            return None
        more, bad = store.parse_decisions((_HEADER if known else b"") + new)
        if bad:
            return None
        decisions += more
    return Found(settled, there, marks, journals, decisions) if settled.journals.keys() <= journals.keys() else None


def nothing_to_detect(album: Album, settings: Settings, folders: Sequence[Folder]) -> Recognized | None:
    """What the last recognition said, if nothing changed since a detection found nothing to do; None else."""
    waiting = album.private(IMPORT)
    if waiting is not None and waiting.mark():
        return None
    found = look(album, settings, folders)
    if not found or found.decisions or not found.settled.photos:
        return None
    return found.settled.summary if found.settled.photos == photos_digest(folders, settings) else None


def note_photos(album: Album, settings: Settings, folders: Sequence[Folder]) -> None:
    """Note that there was nothing to detect in these folders. The recognition after that has written the rest."""
    settled = _read(album)
    if settled and settled.settings == settings_digest(settings):
        write(album, replace(settled, photos=photos_digest(folders, settings)))


def _is_plain(content: bytes) -> bool:
    """Whether what is appended to this journal has our columns and begins with a line of its own."""
    return content.startswith(_HEADER) and content.endswith(b"\n") and b"\ntime,face" not in content


def write(album: Album, settled: Settled) -> None:
    """A failure is logged: the next run takes longer, that is all."""
    try:
        _file(album).write(json.dumps(asdict(settled), ensure_ascii=False).encode("utf-8", "backslashreplace"))
    except (FacesError, OSError) as error:
        log.warning("%s: %s", SETTLED, error)


def journals_state(journals: Mapping[str, bytes]) -> dict[str, tuple[int, str]]:
    return {name: (len(content), _digest(content)) for name, content in journals.items()}


def files_digest(album: Album, of: Iterable[Marks]) -> str:
    """Of the marks of all folders, those without data do not count; and of what is told to a hub's pages."""
    told = album.private(CONTENTS)
    there = sorted(mark for mark in of if any(mark[1:]))
    return _digest(repr((there, told and told.mark())).encode("utf-8", "surrogatepass"))


def settings_digest(settings: Settings) -> str:
    """Of all that guesses depend on, and of the program's version."""
    values = [(item.name, getattr(settings, item.name)) for item in fields(settings) if item.name not in _HOW]
    return _digest(repr((__version__, values)).encode("utf-8", "surrogatepass"))


def photos_digest(folders: Iterable[Folder], settings: Settings) -> str:
    """Of all that a detection depends on; "" if there is something that every run has to see to or to say."""
    hashed = blake2b(settings_digest(settings).encode(), digest_size=16)
    for folder in folders:
        if folder.problems or folder.unready or folder.skipped or folder.leftovers:
            return ""
        listed = [(photo.name, photo.size, photo.mtime_ns, photo.hash) for photo in folder.photos]
        hashed.update(repr((folder.name, listed)).encode("utf-8", "surrogatepass"))
    return hashed.hexdigest()


def _file(album: Album) -> DataFile:
    return DataFile(album.lock(SETTLED))


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _read(album: Album) -> Settled | None:
    """As it was written; None where it is missing or damaged."""
    try:
        found: dict[str, Any] = json.loads(_file(album).read() or b"null")
        settled = Settled(**{**found, "summary": Recognized(**found["summary"])})
        settled.journals = {name: (int(length), str(digest)) for name, (length, digest) in settled.journals.items()}
    except (FacesError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    texts = (settled.settings, settled.files, settled.newest, settled.model, settled.photos)
    makes_sense = all(isinstance(text, str) for text in texts) and isinstance(settled.rejected, dict)
    return settled if makes_sense else None
