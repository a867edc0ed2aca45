"""Names for faces, after a detection or a decision: as little as it takes. Nothing where nothing was decided since the
last time (`settled`), the faces that new decisions may change (`again`), or everything (`whole`).
"""

from __future__ import annotations

import gc
import os
from contextlib import nullcontext

from faces.errors import LockedError
from faces.files import Lock, lock
from faces.folders import RECOGNIZE_LOCK, Album
from faces.jobs import settled
from faces.jobs.channel import log
from faces.jobs.summaries import Recognized
from faces.settings import Settings

#: Where so few faces are compared with each other, starting numpy's threads and letting them wait for work takes a
#: quarter of all processor time, and the clock gains nothing. It counts where numpy is not loaded yet.
FEW_FACES = 50_000


def run(
    album: Album,
    settings: Settings,
    match: bool = True,
    wait: float = 0.0,
    held: Lock | None = None,
    regroup: bool = False,
) -> Recognized:
    """Bring every faces.csv up to date; with `match` guess names anew and group new faces (with `regroup` all of them),
    else keep guesses and groups there are.

    A folder that cannot be written is named in `problems`. Raises LockedError if another recognition holds the lock
    for more than `wait` seconds, DiskFull if no room is left. `held`: the lock, if the caller has it.
    """
    with nullcontext(held) if held else lock(album.lock(RECOGNIZE_LOCK), "another recognition", wait):
        # What is made here lives until it is written: to look through it for garbage again and again would take a
        # third of the time.
        gc.disable()
        try:
            summary = _run(album, settings, match, regroup)
        finally:
            gc.enable()
        log.info(
            f"recognized: {summary.faces} faces, {summary.named} named, {summary.guessed} guessed, "
            f"{summary.groups} groups, {summary.written} faces.csv written"
        )
        return summary


def _run(album: Album, settings: Settings, match: bool, regroup: bool) -> Recognized:
    found = settled.look(album, settings) if match and not regroup else None
    if found and not found.decisions:
        return found.settled.summary
    if found:
        if found.settled.summary.faces <= FEW_FACES:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        from faces.jobs import again

        summary = again.run(album, settings, found)
        if summary:
            return summary
    from faces.jobs import whole

    return whole.run(album, settings, match, regroup)


def take_edits(album: Album, settings: Settings) -> None:
    """Carry what a person typed into faces.csv over to the journal, before a detection changes faces.pkl: as long as it
    is as it was, it says which photo each row was about."""
    from faces.jobs import whole

    try:
        with lock(album.lock(RECOGNIZE_LOCK), "another recognition", wait=30):
            whole.take_edits(album, settings)
    except LockedError as error:  # then that one carries them over
        log.warning("%s", error)
