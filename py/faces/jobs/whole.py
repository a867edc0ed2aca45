"""A recognition that goes through everything: what people decided, carried over to every faces.csv, and guesses for the
other faces. `recognize` says when that is needed.

Reads faces.pkl, names.csv and faces.csv; writes faces.csv (and edits.csv, where a person edited names in
faces.csv; on a hub contents.json). Imports numpy and pyarrow only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from faces import store
from faces.errors import ChangedMeanwhile, DataFileError, DiskFull, PhotoError, StorageError
from faces.folders import Album, photo_time
from faces.jobs import channel, contents, settled, statistics
from faces.jobs.collection import (
    NOT_FOR_NAMES,
    Collection,
    Face,
    FolderData,
    is_waiting,
    load,
    photo_key,
    subjects,
)
from faces.jobs.drawn import is_drawn_only, was_taken_back
from faces.jobs.groups import group, number_of_groups
from faces.jobs.guesses import guess, put_guess, usable_models
from faces.jobs.settled import Settled
from faces.jobs.summaries import Recognized
from faces.jobs.written import Written
from faces.names import Guess, Standing, clean_name, edited, in_order, resolve
from faces.records import NAMED, OPEN, Decision, FaceRow, ShownFace
from faces.settings import CONFIRM, Settings

#: Who decided, where that was the photo itself.
IN_PHOTO = "photo"
#: So often a recognition starts anew because a person saved a faces.csv while it was at work.
MOST_ROUNDS = 3


def run(album: Album, settings: Settings, match: bool, regroup: bool) -> Recognized:
    """Bring every faces.csv up to date; with `match` guess names anew and group new faces (with `regroup` all of them),
    else keep guesses and groups there are. The caller holds the lock.

    A folder that cannot be written is named in `problems`. Raises DiskFull if no room is left.
    """
    edits = written = 0
    for _ in range(MOST_ROUNDS):
        summary = Recognized()
        changed = _round(album, settings, match, regroup, summary)
        edits, written = edits + summary.edits, written + summary.written
        if not changed:
            break
    summary.problems += changed
    summary.edits, summary.written = edits, written
    return summary


def _round(album: Album, settings: Settings, match: bool, regroup: bool, summary: Recognized) -> list[str]:
    """Read all, write what changed. The folders of which somebody changed faces.csv meanwhile: their edits are to be
    read first."""
    collection = load(album, settings.detectors, match, NOT_FOR_NAMES)
    summary.problems, summary.damaged = collection.problems, collection.damaged
    summary.failures = len(collection.failures)
    journals = channel.read_journals(album)
    standings, orphans, damaged = _standings(album, settings, collection, journals, summary)
    _leave_out_taken_back(collection, standings)
    guesses = guess(collection, standings, settings) if match else None
    if regroup:
        for data in collection.folders:
            for shown in data.shown:
                shown.cluster = None
    before = {shown.id: shown for data in collection.folders for shown in data.shown}
    groups = group(collection, standings, before, settings) if match else None
    by_hand = _by_hand(collection, orphans, before, settings)
    changed = []
    written: dict[str, ShownFace] = {}
    for data in collection.folders:
        rows = _shown_rows(data, standings, guesses, groups, before, settings) + by_hand.get(id(data), [])
        _number(rows)
        try:
            if rows or data.shown or data.photos:
                summary.written += _write(data, rows)
            _count(summary, rows, before)
            written.update((shown.id, shown) for shown in rows)
        except ChangedMeanwhile as error:
            changed.append(str(error))
        except DiskFull:
            raise
        except StorageError as error:
            summary.problems.append(str(error))
    if settings.statistics and not changed:
        try:
            statistics.write(album, collection, written, standings)
        except DiskFull:
            raise
        except (StorageError, DataFileError) as error:
            summary.problems.append(str(error))
    if not changed:
        contents.write(album, collection, settings.max_attempts)
    summary.groups = number_of_groups(written.values())
    summary.people = len({standing.name for standing in standings.values() if standing.state == NAMED})
    if match and not (changed or summary.problems or damaged or settings.statistics):
        _settle(album, settings, collection, journals, standings, summary)
    return changed


def _write(data: FolderData, rows: list[ShownFace]) -> bool:
    content = store.shown_to_bytes(rows)
    if not data.folder.csv.write(content, data.csv_content):
        return False
    data.csv_content, data.was_written = content, True
    return True


def _settle(
    album: Album,
    settings: Settings,
    collection: Collection,
    journals: Mapping[str, bytes],
    standings: Mapping[str, Standing],
    summary: Recognized,
) -> None:
    """Note how everything is now, so that the next run starts from it; not if another run may change more by itself, or
    if somebody wrote a file meanwhile."""
    for data in collection.folders:
        ids = {face.id for face in data.faces}
        if any(shown.id not in ids and is_waiting(data, shown) for shown in data.shown):
            return  # it depends on whether its photo is there
        if data.was_written:  # marked before it is read: who writes after that leaves another mark
            name, pkl, _ = collection.marks[data.place]
            collection.marks[data.place] = (name, pkl, data.folder.csv.mark())
            if data.folder.csv.read() != data.csv_content:
                return
    models = usable_models(collection.faces(), settings)
    settled.write(
        album,
        Settled(
            settled.settings_digest(settings),
            settled.files_digest(album, collection.marks),
            settled.journals_state(journals),
            max((d.time for standing in standings.values() for d in standing.history), key=in_order, default=""),
            {face: sorted(standing.rejected) for face, standing in standings.items() if standing.rejected},
            models[0] if len(models) == 1 and not settings.enforce else "",
            replace(summary, new=0, edits=0, written=0),
        ),
    )


def _leave_out_taken_back(collection: Collection, standings: dict[str, Standing]) -> None:
    """Faces that only a person saw, and not any more."""
    for data in collection.folders:
        data.faces = [
            face
            for face in data.faces
            if not (is_drawn_only(face.rows) and face.id in standings and was_taken_back(standings[face.id]))
        ]


def _standings(
    album: Album, settings: Settings, collection: Collection, journals: Mapping[str, bytes], summary: Recognized
) -> tuple[dict[str, Standing], dict[str, Standing], int]:
    """What holds for each face: the journal, what was edited in faces.csv since, and the names in faces.csv that
    a lost journal no longer knows; the same for faces that are not there; and how many lines of the journal are
    damaged."""
    written = Written(album)
    (journal, damaged), known = channel.parse_journals(album, journals), subjects(collection)
    standings, orphans = resolve(journal, known)
    known_times = {(decision.face, decision.time) for decision in journal}
    contents = {subject.id: subject.content for subject in known}
    last = {face: standing.history[-1] for face, standing in orphans.items()}
    contents |= {face: decision.content or decision.photo for face, decision in last.items()}
    made: list[Decision | None] = _confirmed(collection, standings) if settings.region_names == CONFIRM else []
    for data in collection.folders:
        for shown in data.shown:
            standing = standings.get(shown.id) or orphans.get(shown.id)
            if not (shown.time_named or shown.name or shown.state) or (
                standing
                and (standing.time, standing.state, standing.name) == (shown.time_named, shown.state, shown.name)
            ):
                continue
            decision = edited(shown.name, shown.state, shown.time_named, standing)
            if decision:
                time = _time_of_edit(data, shown, standing)
                made.append(_decision(written, data, shown, contents, time, *decision))
                summary.edits += made[-1] is not None
            elif shown.time_named and standing is None and (shown.id, shown.time_named) not in known_times:
                time = shown.time_named if store.is_time(shown.time_named) else _time_of_edit(data, shown, None)
                kind = {"named": "name", "unknown": "unknown", "ignored": "ignore"}.get(shown.state, "clear")
                name = clean_name(shown.name)
                made.append(_decision(written, data, shown, contents, min(time, channel.now()), kind, name))
    decisions = [decision for decision in made if decision]
    if decisions:
        channel.append_edits(album, decisions)
        standings, orphans = resolve(journal + decisions, known)
    return standings, orphans, damaged


def _confirmed(collection: Collection, standings: Mapping[str, Standing]) -> list[Decision | None]:
    """Names that the photos themselves give, as decisions, where nobody decided here yet, or where the name was changed
    there since."""
    made: list[Decision | None] = []
    taken = {(face.photo, standings[face.id].name) for face in collection.faces() if face.id in standings}
    for face in collection.faces():
        row, standing = face.row, standings.get(face.id)
        name = row.region_name
        is_newer = standing is None or (bool(row.region_time) and in_order(row.region_time) > in_order(standing.time))
        if not name or not is_newer or (face.photo, name) in taken or (standing and name in standing.rejected):
            continue
        taken.add((face.photo, name))
        time = channel.now() if standing is None else max(row.region_time, channel.just_after(standing.time))
        path = face.folder.path_of(row.file)
        content = row.content if row.photo else ""
        made.append(Decision(time, face.id, row.photo or row.content, path, row.relative_box, "name", name,
                             IN_PHOTO, content))  # fmt: skip
    return made


def _time_of_edit(data: FolderData, shown: ShownFace, standing: Standing | None) -> str:
    """When faces.csv was saved: not in the future, and later than the decision that was edited, whatever the clocks."""
    time = min(channel.iso_time(data.csv_mtime), channel.now())
    if standing and standing.time:
        base = shown.time_named if standing.at(shown.time_named) else standing.time
        time = max(time, channel.just_after(base)) if store.is_time(base) else time
    return time


def _decision(
    written: Written, data: FolderData, shown: ShownFace, contents: dict[str, str], time: str, kind: str, name: str
) -> Decision | None:
    """What a row of faces.csv says, as a decision about the photo that it was made on: its content is that of the
    face's id. None if that cannot be known: another photo may stand there by now."""
    content = contents.get(shown.id) or shown.content
    photo = shown.photo or content
    if not photo and is_waiting(data, shown):  # faces.pkl is lost; the row says which file it speaks of
        there = next(p for p in data.folder.photos if photo_key(p.hash, p.name) == photo_key(shown.photo, shown.file))
        with suppress(PhotoError, OSError):
            if shown.mtime == channel.file_time(photo_time(there.path.stat())):
                photo = written.content_of(there.path)
    if not photo or (not name and kind in ("name", "reject")):
        return None
    path = data.folder.path_of(shown.file)
    return Decision(time, shown.id, photo, path, shown.box, kind, name, "faces.csv",
                    content if shown.photo not in ("", content) else "")  # fmt: skip


def take_edits(album: Album, settings: Settings) -> None:
    """Only carry what a person typed into faces.csv over to the journal. The caller holds the lock."""
    collection = load(album, settings.detectors, False, NOT_FOR_NAMES)
    _standings(album, settings, collection, channel.read_journals(album), Recognized())


def _shown_rows(
    data: FolderData,
    standings: dict[str, Standing],
    guesses: dict[str, list[Guess]] | None,
    groups: dict[str, str] | None,
    before: dict[str, ShownFace],
    settings: Settings,
) -> list[ShownFace]:
    """The rows of one faces.csv: a face each; rows of photos that detection has not redone yet stay. An open face that
    was not compared with others yet has no model, so that the next recognition does it."""
    nothing, ids, rows = Standing(), set(), []
    here = {shown.id: shown for shown in data.shown}
    for face in data.faces:
        ids.add(face.id)
        old = here.get(face.id) or before.get(face.id)  # a moved photo's row stands in another folder
        standing = standings.get(face.id, nothing)
        shown = _shown(face, old)
        shown.state, shown.name = standing.state, standing.name
        shown.time_named = standing.time if standing.history else ""
        if standing.state == OPEN:
            if guesses is not None:
                put_guess(shown, guesses.get(face.id, []), settings)
            elif shown.name_recognized in standing.rejected:
                put_guess(shown, [], settings)
            if groups is not None:
                shown.cluster = groups.get(face.id, "")
            elif shown.cluster is None:
                shown.model = ""
        elif not settings.history:
            put_guess(shown, [], settings)
        rows.append(shown)
    for old in data.shown:
        if old.id not in ids and is_waiting(data, old):
            standing = standings.get(old.id, nothing)
            waiting = replace(old, name=standing.name, state=standing.state, time_named=standing.time)
            if waiting.cluster is None:
                waiting.model = ""
            if standing.state != OPEN and not settings.history:
                waiting.extra = dict(old.extra)  # `old` is what the file said
                put_guess(waiting, [], settings)
            rows.append(waiting)
    return rows


def _shown(face: Face, old: ShownFace | None) -> ShownFace:
    row = face.row
    box = row.relative_box
    extra = dict(old.extra) if old else {}
    if row.age is not None:
        extra["age"] = f"{row.age:.0f}"
    for name, value in (("gender", row.gender), ("emotion", row.emotion), ("race", row.race)):
        if value:
            extra[name] = value
    shown = ShownFace(
        face.id,
        row.file,
        row.photo,
        box,
        detector=row.detector,
        confidence=row.confidence,
        date_taken=row.date_taken,
        mtime=channel.file_time(row.mtime_ns),
        content=row.content,
        name_in_photo=row.region_name,
        extra=extra,
    )
    if old:  # what was guessed stays beside a name: it tells how good the guesses are
        shown.name_recognized, shown.distance = old.name_recognized, old.distance
        shown.distance_metric, shown.model, shown.cluster = old.distance_metric, old.model, old.cluster
    if not shown.model:
        shown.model = next(iter(face.by_model), "")
    return shown


def _by_hand(
    collection: Collection, orphans: dict[str, Standing], before: dict[str, ShownFace], settings: Settings
) -> dict[int, list[ShownFace]]:
    """Rows for decisions about a face that no detector finds (any more) on a photo that is there."""
    result: dict[int, list[ShownFace]] = defaultdict(list)
    places: dict[str, tuple[FolderData, FaceRow]] = {}
    for data in collection.folders:
        for row in data.photos.values():
            for key in (row.content, row.photo, "path:" + data.folder.path_of(row.file)):
                places.setdefault(key, (data, row))
    for face, standing in orphans.items():
        decision = standing.history[-1]
        place = places.get(decision.photo or "path:" + decision.file)
        if decision.content and (place is None or place[1].content != decision.content):  # replaced, or uploaded anew
            place = places.get(decision.content)
        old = before.get(face)
        if place and old and not decision.content and old.content not in ("", place[1].content):  # replaced since
            continue
        if place and standing.state != OPEN:
            data, row = place
            result[id(data)].append(
                ShownFace(
                    face,
                    row.file,
                    row.photo,
                    decision.box,
                    name=standing.name,
                    state=standing.state,
                    time_named=standing.time,
                    date_taken=row.date_taken,
                    content=row.content,
                    cluster=old.cluster if old else None,
                    extra=_kept_extra(old, settings),
                )
            )
    return result


def _kept_extra(old: ShownFace | None, settings: Settings) -> dict[str, str]:
    """The other columns of a face that a person decided about."""
    extra = old.extra if old else {}
    return {key: value for key, value in extra.items() if key != "matches" or settings.history}


def _number(rows: list[ShownFace]) -> None:
    """face_nr: 1, 2, ... on each photo, from left to right."""
    rows.sort(key=lambda shown: (shown.file, shown.photo, shown.box.x, shown.box.y))
    last, number = "", 0
    for shown in rows:
        key = photo_key(shown.photo, shown.file)
        number = number + 1 if key == last else 1
        last, shown.face_nr = key, number


def _count(summary: Recognized, rows: list[ShownFace], before: dict[str, ShownFace]) -> None:
    for shown in rows:
        summary.faces += 1
        summary.named += shown.state == NAMED
        if shown.state == OPEN and shown.name_recognized:
            summary.guessed += 1
            old = before.get(shown.id)
            summary.new += old is None or old.name_recognized != shown.name_recognized
