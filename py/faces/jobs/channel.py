"""What every job starts from: the album, its settings and its journal; and where a job tells how it goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from faces import store
from faces.files import lock
from faces.folders import CONFIG_JSON, EDITS_CSV, NAMES_CSV, NAMES_LOCK, THRESHOLDS_JSON, Album
from faces.records import Decision
from faces.settings import Settings, parse_settings, settings_to_json

log = logging.getLogger("faces")


class Progress(Protocol):
    """Told between photos. `cli` shows it as a bar, as JSON lines or not at all."""

    def start(self, total: int) -> None:
        """So many photos are to be done."""

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None:
        """One photo is done, or failed with `error`."""


class Silent:
    """No progress shown."""

    def start(self, total: int) -> None: ...

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None: ...


def now() -> str:
    """The time as the journal has it."""
    return iso_time(datetime.now(UTC).timestamp())


@lru_cache(maxsize=1024)  # the faces of one photo ask for the same time
def iso_time(seconds: float) -> str:
    """Seconds since 1970 as UTC, ISO 8601 with microseconds, so that text sorts as time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read_settings(album: Album) -> Settings:
    """The album's settings; each wrong value or damaged file is logged and its default taken."""
    config, config_warning = store.read_json(album.data(CONFIG_JSON))
    thresholds, thresholds_warning = store.read_json(album.data(THRESHOLDS_JSON))
    settings, warnings = parse_settings(config, thresholds)
    for warning in (config_warning, thresholds_warning, *warnings):
        if warning:
            log.warning(warning)
    return settings


def keep_choice(album: Album, detectors: tuple[str, ...], models: tuple[str, ...]) -> None:
    """Write what was chosen at the first run into config.json, so that later runs choose the same and vectors of
    different spaces never mix. A damaged config.json is set aside, not overwritten."""
    file = album.data(CONFIG_JSON)
    config, damage = store.read_json(file)
    if damage:
        log.warning("%s was damaged and is kept as %s", file.path, file.set_aside("damaged"))
    store.write_json(file, settings_to_json(config or {}, {"detectors": detectors, "models": models}))


def read_journal(album: Album) -> list[Decision]:
    """What people decided: on the page or with `faces name` (names.csv), or by editing faces.csv (edits.csv)."""
    return [
        decision for name in (NAMES_CSV, EDITS_CSV) for decision in store.read_decisions(album.data(name), log.warning)
    ]


def append_to_journal(
    album: Album, file: str, decisions: list[Decision], busy: Callable[[], None] = lambda: None
) -> None:
    """Add decisions to names.csv or edits.csv; they are on disk when this returns."""
    if decisions:
        with lock(album.lock(NAMES_LOCK), "another writer of names", wait=30, busy=busy):
            for decision in decisions:
                store.append_decision(album.data(file), decision)
