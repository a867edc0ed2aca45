"""Writes the names that people gave into the photos, or into files beside them (sidecars), for other programs to
read.

Only photos are opened of which the people, or the file, are others than when they were last written; what was written
is in written.jsonl (`written`). A failure leaves the photo as it was.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from faces import marking, metadata, regions
from faces.errors import (
    ConsentLost,
    DatabaseError,
    DiskFull,
    FacesError,
    LockedError,
    PackageMissing,
    PhotoError,
    UsageError,
)
from faces.exiftool import ExifTool, NoExifTool
from faces.files import DataFile, Lock, lock
from faces.folders import METADATA_LOCK, METADATA_NEXT_LOCK, Album, Folder, Photo
from faces.guard import Guard
from faces.images import content_hash
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.collection import FolderData, load, photo_key, subjects
from faces.jobs.written import Entry, Written
from faces.marking import Change, Ours
from faces.names import Standing, in_order, resolve
from faces.progress import Progress
from faces.records import NAMED, FaceRow
from faces.regions import Region
from faces.rewriting import rewrite
from faces.settings import ALL, NOWHERE, PHOTO, SIDECAR

#: Columns of faces.pkl that nothing here depends on.
_WITHOUT = frozenset({"landmarks", "space", "date_taken", "seconds_decode", "seconds_detect", "seconds_embed", "error"})
#: A sidecar that says nothing yet (XMP specification, part 1).
_EMPTY_SIDECAR = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>\n<?xpacket end="w"?>'
)


@dataclass(frozen=True, slots=True)
class What:
    """`target`: PHOTO or SIDECAR; `names`: ALL, or NEW for those given since new ones were asked for first. `undo`:
    take out what we wrote, wherever that is. `dry`: only say what would be done, of at most `most` photos."""

    target: str = PHOTO
    names: str = ALL
    undo: bool = False
    dry: bool = False
    most: int = 0


@dataclass(slots=True)
class Wrote:
    """What came of it, in photos: `named`: with a name to be written; `written`: changed (in a dry run: that would be);
    `same`: nothing was to be done; `left`: where another program says something else, which stays, one line each;
    `problems`: photos and folders that could not be changed, one line each."""

    named: int = 0
    written: int = 0
    same: int = 0
    left: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True)
class _Photo:
    """A photo that may have to be changed. `row`: one of faces.pkl; `people`: who is on it, with boxes on the upright
    photo."""

    folder: Folder
    photo: Photo
    row: FaceRow
    people: list[Region]
    target: str
    entry: Entry | None

    @property
    def path(self) -> str:
        return self.folder.path_of(self.photo.name)


def run(
    album: Album,
    what: What,
    guard: Guard,
    progress: Progress,
    tell: Callable[[str, Change], None] = lambda path, change: None,
    tool: ExifTool | None = None,
    wait: float = 0.0,
    held: Lock | None = None,
) -> Wrote:
    """Write, or undo. `tell` is told the path of each photo below the album's root and what is changed in it. `held`:
    the album's lock, if the caller has it; `wait`: so many seconds for it, if not.

    Raises PackageMissing without exiftool, LockedError, DiskFull, DatabaseError, and what the guard raises; with the
    summary as `summary`, once there is one."""
    if what.target == NOWHERE and not what.undo:
        raise UsageError("names are to be written nowhere: say where, photo or sidecar")
    tool = tool or ExifTool()
    if not tool.is_there:
        raise PackageMissing("names cannot be written without exiftool: apt install libimage-exiftool-perl")
    summary, start = Wrote(), time.monotonic()
    try:
        with nullcontext(held) if held else _lock(album, guard, wait):
            _Writing(album, what, guard, progress, tell, tool, summary).everything()
    except FacesError as error:
        error.summary = summary  # type: ignore[attr-defined]
        raise
    finally:
        summary.seconds = time.monotonic() - start
        tool.close()
    return summary


@contextmanager
def only_one_waits(album: Album, guard: Guard, wait: float) -> Iterator[Lock | None]:
    """The album's lock, for up to `wait` seconds; None if another run waits for it as it is, and will see whatever is
    there now: however many want that something is written, two processes are all there are."""
    with ExitStack() as queue:
        try:
            queue.enter_context(lock(album.lock(METADATA_NEXT_LOCK), "one that waits"))
        except LockedError:
            yield None
            return
        with _lock(album, guard, wait) as held:
            queue.close()
            yield held


def _lock(album: Album, guard: Guard, wait: float) -> AbstractContextManager[Lock]:
    return lock(album.lock(METADATA_LOCK), "another run that writes names into photos", wait, guard.check)


class _Writing:
    """What the steps of one run share."""

    def __init__(
        self,
        album: Album,
        what: What,
        guard: Guard,
        progress: Progress,
        tell: Callable[[str, Change], None],
        tool: ExifTool,
        summary: Wrote,
    ):
        self.album, self.what, self.guard, self.progress = album, what, guard, progress
        self.tell, self.tool, self.summary = tell, tool, summary
        self.written = Written(album)

    def everything(self) -> None:
        self.progress.step("writing names")
        if not self.what.dry:
            self.written.check_writable()
        if not self.what.dry and self.what.names != ALL and not self.what.undo:
            self.written.begin(channel.now())
        photos = list(self._photos())
        self.progress.start(len(photos))
        for item in photos:
            if self.what.dry and self.what.most and self.summary.written >= self.what.most:
                return
            self.guard.check()
            began, error = time.monotonic(), ""
            try:
                self._one(item)
            except NoExifTool as reason:
                raise PackageMissing(str(reason)) from reason
            except (DiskFull, ConsentLost, DatabaseError):  # rows would not follow the other photos either
                raise
            except FacesError as reason:
                error = str(reason)
                self.summary.problems.append(f"{item.path}: {error}")
                log.warning("%s: %s", item.path, error)
            self.progress.photo(item.path, len(item.people), error, time.monotonic() - began)

    # --- which photos ---------------------------------------------------------------------------------------------

    def _photos(self) -> Iterator[_Photo]:
        """Those that differ from what was written last, in the order of their folders."""
        collection = load(self.album, (), embeddings=False, without=_WITHOUT)
        self.summary.problems += collection.problems
        standings = resolve(channel.read_journal(self.album), subjects(collection))[0]
        for data in collection.folders:
            if not self.what.dry:
                channel.remove_leftovers(data.folder)
            yield from self._of_folder(data, standings)

    def _of_folder(self, data: FolderData, standings: dict[str, Standing]) -> Iterator[_Photo]:
        people: dict[str, list[tuple[Region, Standing]]] = defaultdict(list)
        for face in data.faces:
            standing = standings.get(face.id)
            if standing and standing.state == NAMED:
                key = photo_key(face.row.photo, face.row.file)
                people[key].append((Region(face.row.relative_box.clipped(1, 1), standing.name), standing))
        for photo in data.folder.photos:
            row = data.photos.get(photo_key(photo.hash, photo.name))
            if row is None or not row.width:
                continue
            key = photo.hash or data.folder.path_of(photo.name)
            for target in (PHOTO, SIDECAR) if self.what.undo else (self.what.target,):
                entry = self.written.last(key, target, row.content)
                own = entry.ours if entry else Ours()
                names = [] if self.what.undo else self._wanted(people.get(photo_key(photo.hash, photo.name), ()), own)
                self.summary.named += bool(names)
                if not (names or own):
                    continue
                item = _Photo(data.folder, photo, row, names, target, entry)
                if entry and entry.key == key and entry.people == names and entry.mark == self._file(item).mark() != "":
                    self.summary.same += 1
                    self._mend(item)
                else:
                    yield item

    def _wanted(self, people: Iterable[tuple[Region, Standing]], own: Ours) -> list[Region]:
        """Who is to be in the photo: of new names only those given since, and those that are there already."""
        since = in_order(self.written.since)
        wanted = (
            region
            for region, standing in people
            if self.what.names == ALL or region.name in own.names or (since and in_order(standing.time) >= since)
        )
        return marking.in_order(wanted)

    def _file(self, item: _Photo) -> DataFile:
        """The file that is to have the names."""
        if item.target == SIDECAR:
            return self.album.sidecar(item.folder, item.photo)
        return DataFile(item.photo.path)

    # --- one photo ------------------------------------------------------------------------------------------------

    def _one(self, item: _Photo) -> None:
        file = self._file(item)
        change = self._change(item, file)
        change.photo = item.photo.hash
        self.summary.left += [f"{item.path}: {line}" for line in change.left]
        if not change.arguments:
            self.summary.same += 1
            self._mend(item)
            if not self.what.dry and file.mark():
                self.written.add(self._entry(item, change, file.mark()))
            return
        self.tell(item.path, change)
        if not self.what.dry:
            if item.target == SIDECAR:
                self._write_sidecar(item, change, file)
            else:
                self._write_photo(item, change)
        self.summary.written += 1

    def _change(self, item: _Photo, file: DataFile) -> Change:
        """What is to be done. What we wrote is told by the file's content where that is known, else by its place."""
        there = bool(file.mark())
        tags = self.tool.read(file.path, marking.TAGS) if there else {}
        size, orientation = (item.row.width, item.row.height), item.row.orientation
        if metadata.is_upright(tags):
            orientation, marks = 1, regions.marks(tags, 0, 0, 1)
        else:
            size = size[::-1] if orientation >= 5 else size
            marks = regions.marks(tags, *size, orientation)
        ours = item.entry.ours if item.entry else Ours()
        if item.entry and item.entry.content != item.row.content and not ours.is_in(marks):
            ours = Ours()  # another photo stands there now
        return marking.plan(tags, marks, size, orientation, item.people, ours)

    def _entry(self, item: _Photo, change: Change, mark: str, after: str = "") -> Entry:
        key = item.photo.hash or item.path
        return Entry(channel.now(), key, item.target, item.row.content, after, mark, item.people, change.ours)

    def _mend(self, item: _Photo) -> None:
        """A run that died may have replaced the photo, and nobody knows of it."""
        if item.target == PHOTO and item.entry and not self.what.dry and self.album.is_replaced(item.photo):
            self.album.replaced(item.photo)

    def _begin(self, item: _Photo, change: Change, after: str = "") -> None:
        """Note what may be ours from now on: whatever happens next, the file is looked at again, and what is in it."""
        entry = self._entry(item, change, "", after)
        entry.ours = entry.ours.along_with(item.entry.ours) if item.entry else entry.ours
        self.written.add(entry)

    def _write_photo(self, item: _Photo, change: Change) -> None:
        path = item.photo.path
        if self.written.content_of(path) != item.row.content:
            raise PhotoError("it was changed since faces were searched on it: run `faces detect` first")

        after = ""

        def last(copy: Path) -> None:
            self._check(item, copy)
            self.album.check_room(item.photo, copy.stat().st_size)
            nonlocal after
            after = content_hash(copy)
            self._begin(item, change, after)

        rewrite(path, self.album.beside(item.photo), lambda copy: self.tool.write(copy, change.arguments), last)
        self.album.replaced(item.photo)
        self.written.add(self._entry(item, change, DataFile(path).mark(), after))

    def _write_sidecar(self, item: _Photo, change: Change, file: DataFile) -> None:
        before, copy = file.read(), self.album.beside(item.photo, ".xmp")
        try:
            if before and not file.path.stat().st_mode & 0o222:
                raise PhotoError(f"{file} is read-only")
            with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as out:
                out.write(before or _EMPTY_SIDECAR)
            self.tool.write(copy, change.arguments)
            self._check(item, copy)
            is_empty = not change.ours and self.tool.read(copy, ["XMP:all"]).keys() <= {"SourceFile", "XMPToolkit"}
            content = copy.read_bytes()
        except OSError as error:
            raise PhotoError(f"cannot write {copy}: {error.strerror}") from error
        finally:
            copy.unlink(missing_ok=True)
        self._begin(item, change)
        if is_empty:
            file.remove()
        else:
            file.write(content, before)
        self.written.add(self._entry(item, change, file.mark()))

    def _check(self, item: _Photo, copy: Path) -> None:
        """Whether what we wrote can be read back: then nothing is left to do."""
        left = self._change(item, DataFile(copy))
        if left.arguments:
            raise PhotoError(f"what was written into the copy cannot be read back ({left.lines[:1]})")
