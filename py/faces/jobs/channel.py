"""What every job starts from: the album, its settings and its journal."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from faces import store
from faces.files import lock
from faces.folders import CONFIG_JSON, EDITS_CSV, NAMES_CSV, NAMES_LOCK, THRESHOLDS_JSON, Album, Folder
from faces.records import Decision
from faces.settings import Settings, parse_settings, settings_to_json

log = logging.getLogger("faces")

_LAST_SECOND = 253_402_300_799.0  # of the year 9999


def now() -> str:
    """The time as the journal has it."""
    return iso_time(datetime.now(UTC).timestamp())


@lru_cache(maxsize=1024)  # the faces of one photo ask for the same time
def iso_time(seconds: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601 with microseconds, so that text sorts as time."""
    moment = datetime.fromtimestamp(min(max(seconds, 0.0), _LAST_SECOND), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def file_time(nanoseconds: int) -> str:
    """When a file was changed, as faces.csv has it: to the second."""
    return f"{iso_time(nanoseconds / 1e9)[:19]}Z"


def just_after(time: str) -> str:
    """A microsecond later than a time of the journal."""
    moment = datetime.strptime(time.rstrip("Z")[:26] + "+0000", f"%Y-%m-%dT%H:%M:%S{'.%f' if '.' in time else ''}%z")
    return (moment + timedelta(microseconds=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def remove_leftovers(folder: Folder) -> None:
    """Temporary files of runs that were killed; none that may be another program's just now."""
    for path in folder.leftovers:
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink()


def read_settings(album: Album) -> Settings:
    """The album's settings as far as the hub's admin allows them; each wrong value or damaged file is logged and its
    default taken. Raises DatabaseError."""
    config, config_warning = store.read_json(album.data(CONFIG_JSON))
    thresholds, thresholds_warning = store.read_json(album.data(THRESHOLDS_JSON))
    settings, warnings = parse_settings(config, thresholds)
    for warning in (config_warning, thresholds_warning, *warnings):
        if warning:
            log.warning(warning)
    limits = album.limits()
    settings, refused = limits.restrict(settings)
    for line in refused:
        log.info("%s: %s", album.title, line)
    if settings.detectors and settings.models:
        return settings
    chosen, _ = limits.restrict(parse_settings(store.read_json(album.choice())[0])[0])
    return replace(settings, detectors=settings.detectors or chosen.detectors, models=settings.models or chosen.models)


def keep_choice(album: Album, detectors: tuple[str, ...], models: tuple[str, ...]) -> None:
    """Write down what was chosen at the first run, so that later runs choose the same and vectors of different spaces
    never mix. A damaged config.json is set aside, not overwritten."""
    file = album.choice()
    config, damage = store.read_json(file)
    if damage:
        log.warning("%s was damaged and is kept as %s", file, file.set_aside("damaged"))
    store.write_json(file, settings_to_json(config or {}, {"detectors": detectors, "models": models}))


def read_journals(album: Album) -> dict[str, bytes]:
    """What people decided: on the page or with `faces name` (names.csv), on other hubs (names.HOST.csv), or by editing
    faces.csv (edits.csv). Each journal that has something in it, as it is."""
    contents = ((name, album.data(name).read()) for name in album.journals())
    return {name: content for name, content in contents if content}


def parse_journals(album: Album, journals: Mapping[str, bytes]) -> tuple[list[Decision], int]:
    """The decisions in them, and how many lines are damaged; these are logged."""
    decisions, damaged = list[Decision](), 0
    for name, content in journals.items():
        found, bad = store.parse_decisions(content)
        if bad:
            log.warning(store.damaged_lines(album.data(name), bad, len(found)))
        decisions, damaged = decisions + found, damaged + bad
    return decisions, damaged


def read_journal(album: Album) -> list[Decision]:
    """All decisions of all journals."""
    return parse_journals(album, read_journals(album))[0]


def append_edits(album: Album, decisions: list[Decision]) -> None:
    """Add what a person typed into faces.csv to edits.csv; it is on disk when this returns."""
    if decisions:
        with lock(album.lock(NAMES_LOCK), "another writer of names", wait=30):
            store.append_decisions(album.data(EDITS_CSV), decisions)


def decide(album: Album, decision: Decision) -> None:
    """Add a decision made now to names.csv. It is the newest one even if a clock was ahead when another was made."""
    with lock(album.lock(NAMES_LOCK), "another writer of names", wait=30):
        newest = max((known.time for known in read_journal(album)), default="")
        time = max(now(), just_after(newest)) if newest else now()
        store.append_decisions(album.data(NAMES_CSV), [replace(decision, time=time)])
