"""Where photos and data files lie: a plain folder here, a hub's channel in hub mode. One protocol for both, so that
the jobs are one program.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Protocol

from faces.errors import UsageError
from faces.files import TEMP_PREFIX, DataFile
from faces.limits import Limits
from faces.records import EXTENSIONS
from faces.store import one_line

DATA_FOLDER = "faces"
FACES_PKL, FACES_CSV = "faces.pkl", "faces.csv"
NAMES_CSV, EDITS_CSV, CONFIG_JSON, THRESHOLDS_JSON = "names.csv", "edits.csv", "config.json", "thresholds.json"
FACES_STATISTICS, MODELS_STATISTICS = "faces_statistics.csv", "models_statistics.csv"
#: On a hub, where no user sees them.
CONTENTS, DISTANCES = "contents.json", "distances.json"
IMPORT, IMPORT_DONE, IMPORTED = "import", "import-done", "imported.json"
LOG, REPORT = "faces.log", "report.html"
#: What was written into photos; its log; on a hub what the page shows of it, and of what would be written.
WRITTEN, WRITTEN_LOG, WROTE, PREVIEW = "written.jsonl", "metadata.log", "wrote.json", "preview.json"
#: On a hub: sidecars that the page is to put into the cloud, HASH.xmp, HASH being the photo's.
SIDECARS = "sidecars"
#: Beside the locks: how the last recognition left everything, see `jobs.settled`.
SETTLED = "settled.json"
DETECT_LOCK, RECOGNIZE_LOCK, NAMES_LOCK = "detect.lock", "recognize.lock", "names.lock"
#: The second one: held by the one run that waits for the first.
METADATA_LOCK, METADATA_NEXT_LOCK = "metadata.lock", "metadata-next.lock"
#: On a hub: one measuring of a channel at a time.
DISTANCES_LOCK = "distances.lock"
#: Everything the program may leave in the data folder.
DATA_FILES = (
    NAMES_CSV,
    EDITS_CSV,
    CONFIG_JSON,
    THRESHOLDS_JSON,
    REPORT,
    FACES_STATISTICS,
    MODELS_STATISTICS,
    LOG,
    DETECT_LOCK,
    RECOGNIZE_LOCK,
    NAMES_LOCK,
    SETTLED,
    WRITTEN,
    WRITTEN_LOG,
    METADATA_LOCK,
    METADATA_NEXT_LOCK,
)
#: Where a channel lives on several hubs, each has a journal of its own: names.HOST.csv. Two writers of one file would
#: overwrite each other.
NAMES_OF_HUBS = "names.%.csv"
_NAMES_OF_HUB = re.compile(r"names\.[a-z0-9.-]{1,100}\.csv")


def is_journal(name: str) -> bool:
    """Whether a file of that name in the data folder holds decisions."""
    return name in (NAMES_CSV, EDITS_CSV) or _NAMES_OF_HUB.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as found. `name` is what people call it, `location` where its file lies; `hash` is the hub's attach
    hash, "" in folder mode, where the name is unique in its folder."""

    name: str
    location: str
    size: int
    mtime_ns: int
    hash: str = ""

    @property
    def path(self) -> Path:
        return Path(self.location)  # made when asked for: a run with nothing to do asks for none


#: Of a folder: its name, marks of faces.pkl and faces.csv.
Marks = tuple[str, str, str]


@dataclass(slots=True)
class Folder:
    """A folder with photos or data files. `name`: its path below the album's root, "" for the root."""

    name: str
    pkl: DataFile
    csv: DataFile
    photos: list[Photo] = field(default_factory=list)
    #: What could not be read here, and why: one line each.
    problems: list[str] = field(default_factory=list)
    #: Why its photos have to wait, where nothing is wrong with them: the hub has no data files there yet.
    unready: list[str] = field(default_factory=list)
    #: Photos that are none to us, and why: their file is gone, or lies where it must not.
    skipped: list[str] = field(default_factory=list)
    #: Temporary files of runs that were killed.
    leftovers: list[Path] = field(default_factory=list)

    def path_of(self, file: str) -> str:
        """The path of one of its photos below the album's root, as names.csv has it."""
        return one_line(f"{self.name}/{file}" if self.name else file)

    def marks(self) -> Marks:
        """Its name, and what tells whether its data files were written since."""
        return self.name, self.pkl.mark(), self.csv.mark()


_OURS = (FACES_PKL, FACES_CSV, TEMP_PREFIX)
_name = attrgetter("name")


class Album(Protocol):
    """A person's photos with the data that belongs to them. `title`: how messages call it."""

    title: str

    def limits(self) -> Limits:
        """What its settings may ask for. Raises DatabaseError."""

    def folders(self, stat: bool = True, photos: bool = True) -> Iterator[Folder]:
        """Every folder with photos or data files, in the order of their names. Nothing is kept open. Without `stat`
        sizes and times of photos are not asked for, and are 0; without `photos` these are left out, and so is a folder
        without data files."""

    def data(self, name: str) -> DataFile:
        """A file of the album as a whole: names.csv, config.json, ..."""

    def journals(self) -> list[str]:
        """Names of the files with decisions: names.csv, edits.csv, and those of other hubs."""

    def choice(self) -> DataFile:
        """Where the first run keeps which detector and model it chose: JSON with the keys of config.json."""

    def private(self, name: str) -> DataFile | None:
        """A file beside the locks that no user sees, for the hub's pages; None for a folder, which has no pages."""

    def lock(self, name: str) -> Path:
        """Where a lock file lies."""

    def beside(self, photo: Photo, ending: str = "") -> Path:
        """A free name for a copy of a photo, on the same disk."""

    def check_room(self, photo: Photo, size: int) -> None:
        """Raises StorageError if the photo may not become so large."""

    def replaced(self, photo: Photo) -> None:
        """A photo's file was replaced by us. Raises StorageError, DatabaseError."""

    def is_replaced(self, photo: Photo) -> bool:
        """Whether the file was replaced, and that is not known everywhere: whoever did it died."""

    def sidecar(self, folder: Folder, photo: Photo) -> DataFile:
        """The file beside a photo that says more of it, there or not."""

    def leftovers(self, beside: DataFile) -> list[DataFile]:
        """Temporary files of killed runs and damaged files set aside, of the kind that lie beside one of ours."""

    def dispose(self) -> list[str]:
        """The last step of removing everything: what no file of ours is in any more goes. What stays, and why."""

    def traces(self) -> list[str]:
        """What is there of ours outside of data files."""


class PlainAlbum:
    """A folder of photos and its subfolders: a local album or a mounted WebDAV cloud."""

    def __init__(self, root: Path, follow_symlinks: bool = False):
        try:
            if not root.is_dir():
                raise UsageError(f"{root} is no folder" if root.exists() else f"there is no folder {root}")
            if (root / DATA_FOLDER).is_symlink():
                raise UsageError(f"{root / DATA_FOLDER} is a symbolic link: our files would go elsewhere; remove it")
        except (OSError, ValueError) as error:  # no rights, too long a name, a NUL in it
            raise UsageError(f"{str(root)!r} is no folder we may use: {error}") from error
        self.root = root.absolute()
        self.title = str(self.root)
        self._follow = follow_symlinks

    def limits(self) -> Limits:
        return Limits()

    def data(self, name: str) -> DataFile:
        return DataFile(self.root / DATA_FOLDER / name)

    def journals(self) -> list[str]:
        try:
            others = sorted(
                path.name for path in (self.root / DATA_FOLDER).glob("names.*.csv") if is_journal(path.name)
            )
        except OSError:
            others = []
        return [NAMES_CSV, EDITS_CSV, *others]

    def choice(self) -> DataFile:
        return self.data(CONFIG_JSON)

    def private(self, name: str) -> DataFile | None:
        return None

    def lock(self, name: str) -> Path:
        return self.root / DATA_FOLDER / name

    def beside(self, photo: Photo, ending: str = "") -> Path:
        return photo.path.with_name(f"{TEMP_PREFIX}{secrets.token_hex(8)}{ending or photo.path.suffix}")

    def check_room(self, photo: Photo, size: int) -> None:
        pass  # what the disk has is known when it is written

    def replaced(self, photo: Photo) -> None:
        pass

    def is_replaced(self, photo: Photo) -> bool:
        return False

    def sidecar(self, folder: Folder, photo: Photo) -> DataFile:
        """NAME.EXT.xmp, or NAME.xmp if there is one and it can be of no other file, such as a raw image."""
        path = photo.path
        full, short = path.with_name(f"{path.name}.xmp"), path.with_suffix(".xmp")
        try:
            mode = path.stat().st_mode & 0o666
            if short.exists() and not full.exists():
                same = [other for other in path.parent.iterdir() if other.stem == path.stem and other != short]
                full = short if same == [path] else full
        except OSError:
            mode = 0o600
        return DataFile(full, mode)

    def leftovers(self, beside: DataFile) -> list[DataFile]:
        try:
            entries = sorted(beside.path.parent.iterdir())
        except OSError:
            return []
        aside = tuple(f"{name}.damaged-" for name in (FACES_PKL, FACES_CSV, *DATA_FILES))
        return [DataFile(path) for path in entries if path.name.startswith((TEMP_PREFIX, *aside)) and not path.is_dir()]

    def dispose(self) -> list[str]:
        folder = self.root / DATA_FOLDER
        try:
            folder.rmdir()
        except OSError:
            if folder.is_dir():
                return [f"{path} is not ours and stays" for path in sorted(folder.iterdir())]
        return []

    def traces(self) -> list[str]:
        return []  # its data folder has nothing but data files

    def folders(self, stat: bool = True, photos: bool = True) -> Iterator[Folder]:
        waiting = [(self.root, "")]
        seen: set[tuple[int, int]] = set()  # symbolic links may lead back up, or here twice
        while waiting:
            path, name = waiting.pop()
            folder = Folder(name, DataFile(path / FACES_PKL), DataFile(path / FACES_CSV))
            below: list[str] = []
            try:
                here = path.stat()
                if (here.st_dev, here.st_ino) in seen:
                    continue
                seen.add((here.st_dev, here.st_ino))
                has_data = self._list(path, folder, below, stat, photos)
            except OSError as error:
                folder.problems.append(f"{path}: cannot be listed: {error.strerror}")
                has_data = True
            if folder.photos or folder.problems or has_data:
                yield folder
            waiting += [(path / child, f"{name}/{child}" if name else child) for child in reversed(below)]

    def _list(self, path: Path, folder: Folder, below: list[str], stat: bool, photos: bool) -> bool:
        """Put what is in a folder into `folder` and `below`; True if there is data of ours."""
        has_data = False
        with os.scandir(path) as entries:
            # Gone through by every run, also where there is nothing to do: the tests that fewest names pass come first.
            for entry in sorted(entries, key=_name):
                name = entry.name
                if name.startswith(_OURS):
                    has_data = True
                    if name.startswith(TEMP_PREFIX):
                        folder.leftovers.append(Path(entry.path))
                dot = name.rfind(".")
                if self._is_folder(entry, folder.name):
                    if _is_text(name):
                        below.append(name)
                    else:
                        folder.problems.append(_no_text(entry, "folder"))
                elif photos and dot > 0 and name[dot:].lower() in EXTENSIONS:
                    self._add_photo(folder, entry, stat)
        return has_data

    def _is_folder(self, entry: os.DirEntry[str], parent: str) -> bool:
        if not entry.is_dir(follow_symlinks=self._follow):
            return False
        if entry.name.startswith(".") or entry.name == "lost+found":  # .Trash-1000 too
            return False
        return bool(parent) or entry.name != DATA_FOLDER

    def _add_photo(self, folder: Folder, entry: os.DirEntry[str], stat: bool) -> None:
        if entry.name.startswith("."):
            return
        if not _is_text(entry.name):
            folder.problems.append(_no_text(entry, "photo"))
            return
        try:
            if entry.is_file(follow_symlinks=self._follow):
                found = entry.stat(follow_symlinks=self._follow) if stat else None
                size, time = (found.st_size, photo_time(found)) if found else (0, 0)
                folder.photos.append(Photo(entry.name, entry.path, size, time))
        except OSError as error:
            folder.problems.append(f"{entry.path}: {error.strerror}")


def photo_time(stat: os.stat_result) -> int:
    """Nanoseconds since 1970, as many as fit into 64 bits (the year 2262)."""
    return min(stat.st_mtime_ns, 2**63 - 1)


def _no_text(entry: os.DirEntry[str], what: str) -> str:
    return f"{os.fsencode(entry.path)!r}: the name is no UTF-8 text: rename the {what}"


def _is_text(name: str) -> bool:
    try:
        return name.isascii() or bool(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def root_of(photo: Path) -> Path:
    """The album a photo belongs to: the nearest folder above it with data of ours. UsageError if there is none."""
    for folder in photo.absolute().parents:
        if (folder / DATA_FOLDER / CONFIG_JSON).is_file():
            return folder
    raise UsageError(f"{photo} lies in no folder that was searched for faces: run `faces detect --directory DIR` first")
