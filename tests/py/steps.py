"""Steps that the tests of whole journeys take, in this process and with the fake engines."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fakes
from faces import parquet, store
from faces.files import DataFile
from faces.folders import PlainAlbum
from faces.guard import Guard
from faces.jobs import detect, name, recognize, remove
from faces.jobs.channel import read_settings
from faces.jobs.summaries import Detected, Recognized
from faces.progress import Progress
from faces.records import FaceRow, ShownFace

OPTIONS = {"detectors": ("yunet",), "models": ("Dlib",)}


def until(what: Callable[[], Any], seconds: float = 20) -> Any:
    """What it gives as soon as that is something; it has to be within so many seconds."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found


def find(album: Path, **more: Any) -> Detected:
    """`faces detect`. Options of the run by name; `engines` for others than the fakes."""
    engines = more.pop("engines", None) or fakes.models()
    retry, match = more.pop("retry", False), more.pop("match", True)
    return detect.run(
        PlainAlbum(album), {**OPTIONS, **more}, Guard(), Progress(), models=engines, retry=retry, match=match
    )


def again(album: Path) -> Recognized:
    """`faces recognize`."""
    plain = PlainAlbum(album)
    return recognize.run(plain, read_settings(plain))


def call(album: Path, photo: str, person: str = "", decision: str = "name") -> None:
    """`faces name`, then `faces recognize`."""
    name.run(str(album / photo), decision, person)
    again(album)


def take_away(album: Path, **what: Any) -> remove.Summary:
    return remove.run(PlainAlbum(album), remove.What(**what))


def shown(album: Path) -> dict[str, ShownFace]:
    """ "photo path#nr" -> its row of faces.csv, of the whole album."""
    return {f"{folder.path_of(face.file)}#{face.face_nr}": face for folder in PlainAlbum(album).folders()
            for face in store.read_shown(folder.csv) or ()}  # fmt: skip


def names(album: Path) -> dict[str, str]:
    """ "photo path#nr" -> the name given, "?" and the name guessed, or "" """
    return {
        key: face.name or (f"?{face.name_recognized}" if face.name_recognized else "")
        for key, face in shown(album).items()
    }


def ids(album: Path) -> dict[str, str]:
    return {key: face.id for key, face in shown(album).items()}


def rows(album: Path, folder: str = "") -> list[FaceRow]:
    return parquet.read_faces(DataFile(album / folder / "faces.pkl")) or []
