"""The command `metadata`: what photos say of themselves, and names written into them, in a folder or on a hub."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from faces import children, cli_hub, console, texts
from faces.errors import FacesError, PartlyFailed, UsageError
from faces.settings import ALL, NOWHERE, PHOTO

if TYPE_CHECKING:
    from faces.folders import Album
    from faces.guard import Guard
    from faces.hub import Hub
    from faces.jobs.write import What
    from faces.progress import Progress
    from faces.settings import Settings

#: What is told of each photo: its path, and what was found or changed.
Tell = Callable[[str, Any], None]


def run(options: argparse.Namespace, out: TextIO, album: Callable[[argparse.Namespace], Any]) -> int:
    """`album`: opens the one of a folder."""
    if options.folder:
        options.directory = options.folder
    if not _writes(options) and (options.dry_run or options.names):
        raise UsageError("--dry-run and --names go with --write")
    if options.undo and options.names:
        raise UsageError("--names goes with --write")
    if options.hub and options.write:
        raise UsageError("on a hub each channel's owner says where names are written: --write, without a value")
    if options.hub:
        return _hub(options, out)
    place, shown = album(options), console.progress(False, out)
    with _log(options, place.lock), _guard() as guard:
        try:
            summary = _job(options, place, guard, shown, lambda path, found: _tell(options, out, path, found))
        except FacesError as error:
            shown.close()
            if hasattr(error, "summary"):
                console.tell(out, options.json, error.summary, _text(options)(error.summary))
            raise
        finally:
            shown.close()
    console.conclude(out, options.json, summary, _text(options)(summary))
    return 0


def follow(options: argparse.Namespace, out: TextIO, album: Album) -> None:
    """After names were found or given in a folder: write them, if the settings say so. Raises PartlyFailed."""
    from faces.jobs import channel

    settings = channel.read_settings(album)
    if settings.write_to == NOWHERE:
        return
    from faces.jobs import write  # loads numpy

    shown = console.progress(options.json, out)
    try:
        with _guard() as guard:
            summary = write.run(album, write.What(settings.write_to, settings.write_names), guard, shown)
    finally:
        shown.close()
    console.conclude(out, options.json, summary, f"Names in photos: {texts.wrote(summary)}", "written")


def start(hub: Hub, nicks: Collection[str]) -> None:
    """After names were found or given on a hub: one process that writes them, for channels whose owner wants that.
    Nobody waits for it: the next guess is worth more."""
    from faces.jobs.channel import read_settings

    there = [channel for channel in hub.consenting() if channel.nick in nicks]
    wanting = [channel.nick for channel in there if read_settings(hub.album(channel)).write_to != NOWHERE]
    if not wanting:
        return
    where = ["--hub", str(hub.root)]
    if len(wanting) == 1:  # of all channels those that want nothing are passed over
        where += ["--channel", wanting[0]]
    command = [sys.executable, "-m", "faces", "metadata", *where, "--write", "--wait", "3600", "--unless-waiting"]
    subprocess.Popen(
        command,
        env=children.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # the log says it, and the page
        start_new_session=True,
    )


def _hub(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import Guard
    from faces.heartbeat import Consent
    from faces.jobs.hub import Outcome, Report

    hub, shown, report = cli_hub.open_hub(options), console.progress(False, out), Report()
    with _log(options, hub.lock), _guard() as guard:
        for channel in hub.consenting(options.channel):

            def tell(path: str, found: Any, nick: str = channel.nick) -> None:
                _tell(options, out, f"{nick}/{path}", found)

            outcome = Outcome(channel.nick)
            inner = Guard(outer=guard, asked=Consent(hub.database, channel).ask)
            try:
                outcome.summary = _job(options, hub.album(channel), inner, shown, tell)
                if outcome.summary is None:
                    continue
                if outcome.summary.problems:
                    outcome.error = PartlyFailed("\n".join(outcome.summary.problems))
            except FacesError as error:
                outcome.summary, outcome.error = getattr(error, "summary", None), error
                if guard.is_over:
                    report.ended = error
            finally:
                shown.close()
            report.outcomes.append(outcome)
            if report.ended:
                break
    hub.database.close()
    return cli_hub.tell(report, options, out, _text(options))


def _job(options: argparse.Namespace, album: Album, guard: Guard, shown: Progress, tell: Tell) -> Any:
    """The summary; None for a channel whose owner wants nothing written, or where another run is to do it."""
    if not _writes(options):
        from faces.jobs import metadata

        return metadata.run(album, guard, shown, tell)
    from faces.jobs import channel, write, wrote

    what = _what(options, channel.read_settings(album))
    if what.target == NOWHERE and not what.undo:
        if options.hub:
            return None
        raise UsageError(
            "the settings say that names are written nowhere: --write photo, --write sidecar, or metadata.write_to in "
            "config.json"
        )
    with write.only_one_waits(album, guard, options.wait) if options.unless_waiting else nullcontext() as held:
        if options.unless_waiting and not held:
            return None
        with wrote.told(album, what) as told:
            told.summary = write.run(album, what, guard, shown, told.of(tell), wait=options.wait, held=held)
        return told.summary


def _what(options: argparse.Namespace, settings: Settings) -> What:
    from faces.jobs.write import What

    # asked for on the command line it is for all names, unless the settings are asked
    names = options.names or (ALL if options.write else settings.write_names)
    target = options.write or settings.write_to
    if options.hub and options.dry_run and target == NOWHERE:  # to show the owner what it would be
        target, names = PHOTO, options.names or ALL
    return What(target, names, options.undo, options.dry_run, options.most)


def _guard() -> Guard:
    from faces.guard import Guard

    return Guard()


def _log(options: argparse.Namespace, place: Callable[[str], Path]) -> Any:
    from faces.folders import WRITTEN_LOG

    if not _writes(options):
        options.logfile = options.logfile or Path(os.devnull)  # it only reads
    return console.logging_to(options.logfile or place(WRITTEN_LOG), options.loglevel, ours=not options.logfile)


def _tell(options: argparse.Namespace, out: TextIO, path: str, found: Any) -> None:
    if not _writes(options):
        texts.tell(out, options.json, path, found)
    elif options.dry_run:
        texts.tell_change(out, options.json, path, found)


def _writes(options: argparse.Namespace) -> bool:
    """Whether photos are to be changed, not only read."""
    return options.write is not None or options.undo


def _text(options: argparse.Namespace) -> Callable[[Any], str]:
    """What says in words what came of it."""
    return texts.wrote if _writes(options) else texts.read
