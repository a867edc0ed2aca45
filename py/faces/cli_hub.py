"""The commands with --hub: opens the hub, calls the job, says what came of each channel."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from faces import console, texts
from faces.errors import FacesError, PartlyFailed, StopRequested, UsageError

if TYPE_CHECKING:
    from faces.database import Channel
    from faces.hub import Hub
    from faces.jobs.hub import Report


#: What follows a run over these channels of a hub.
Follow = Callable[["Hub", list[str]], None]


def detect(options: argparse.Namespace, out: TextIO, chosen: dict[str, Any], follow: Follow) -> int:
    from faces.guard import Guard
    from faces.jobs.hub import detect_channels

    hub, shown = open_hub(options), console.progress(options.json, out)
    limit = chosen.pop("time_limit")  # of the whole run; a channel's own is in its settings
    with _log(options, hub), Guard(seconds=limit or 0) as guard:
        try:
            report = detect_channels(hub, options.channel, chosen, guard, shown,
                                     match=not options.no_recognize, retry=options.retry,
                                     wait=options.wait, scheduler=options.scheduler)  # fmt: skip
        finally:
            shown.close()
        follow(hub, [outcome.nick for outcome in report.outcomes])
    return tell(report, options, out, texts.detected)


def recognize(options: argparse.Namespace, out: TextIO, chosen: dict[str, Any], follow: Follow) -> int:
    from faces.guard import Guard
    from faces.jobs.hub import recognize_channels
    from faces.progress import Progress

    hub = open_hub(options)
    with _log(options, hub), Guard() as guard:
        report = recognize_channels(hub, options.channel, chosen, guard, Progress(), options.wait, options.regroup)
        follow(hub, [outcome.nick for outcome in report.outcomes])
    return tell(report, options, out, texts.recognized)


def distances(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import Guard
    from faces.jobs.hub import measure_channels
    from faces.progress import Progress

    hub = open_hub(options)
    with _log(options, hub), Guard() as guard:
        report = measure_channels(hub, options.channel, options.models or (), guard, Progress(), options.wait)
    return tell(report, options, out, texts.measured)


def remove(options: argparse.Namespace, out: TextIO, what: Any) -> int:
    from faces.guard import Guard
    from faces.jobs import remove as job
    from faces.jobs.hub import remove_channels
    from faces.progress import Progress

    if bool(options.channel) == options.all_channels:
        raise UsageError("say which: --channel NICK or --all-channels")
    hub = open_hub(options)
    channels = hub.with_data() if options.all_channels else [hub.channel(options.channel)]
    error: FacesError | None = None
    if what != job.What():
        if not options.yes:
            there = [f"{c.nick}: {_counts(hub, c)}" for c in channels if c.nick]
            if not console.agreed("\n".join([*there, f"Remove {texts.what(what)} for good?"])):
                print("Nothing was removed.", file=out)
                return 0
        with Guard() as guard:
            report = remove_channels(hub, channels, what, guard, Progress())
        _print(report, options, out, texts.removed)
        error = report.error()
    if options.verify:
        found = [line for channel in channels for line in _left(hub, channel)]
        print(json.dumps({"left": found}) if options.json else texts.left(found), file=out)
        error = error or (PartlyFailed(f"{len(found)} file(s) or rows of ours are left") if found else None)
    if error:
        raise error
    return 0


def _counts(hub: Hub, channel: Channel) -> str:
    from faces.jobs import remove as job

    try:
        return ", ".join(f"{number} {name}" for name, number in job.counts(hub.album(channel)).items())
    except FacesError as error:
        return str(error)


def _left(hub: Hub, channel: Channel) -> list[str]:
    from faces.jobs import remove as job

    try:
        return job.left(hub.album(channel)) if channel.nick else hub.traces(channel)
    except FacesError as error:
        return [f"{channel.nick}: {error}"]


def open_hub(options: argparse.Namespace) -> Hub:
    from faces import hub as hubs

    hub = hubs.open_hub(options.hub, os.environ)
    if os.environ.get("FACES_STARTED_BY") == "page" and hub.database.values(["block"]).get("block", "0") not in (
        "",
        "0",
    ):
        # Of several runs that follow each other, the page starts the first only.
        raise StopRequested("the admin has switched the search for faces off")
    find_weights(options.hub)
    return hub


def find_weights(root: Path) -> None:
    """Weights lie in the hub's folder of ours where the home folder cannot be written to: a web user's rarely can."""
    from faces.files import state_folder  # light: a self-check may find no package at all

    if "DEEPFACE_HOME" not in os.environ and not os.access(Path.home(), os.W_OK):
        os.environ["DEEPFACE_HOME"] = str(state_folder(root))


@contextmanager
def _log(options: argparse.Namespace, hub: Hub) -> Iterator[None]:
    from faces.folders import LOG

    with console.logging_to(options.logfile or hub.lock(LOG), options.loglevel, ours=not options.logfile):
        logger = logging.getLogger("faces")
        try:
            yield
        except FacesError as error:
            logger.error("%s", error)
            raise
        except Exception:
            logger.exception("internal error")
            raise


def tell(report: Report, options: argparse.Namespace, out: TextIO, text: Callable[[Any], str]) -> int:
    _print(report, options, out, text)
    if error := report.error():
        raise error
    return 0


def _print(report: Report, options: argparse.Namespace, out: TextIO, text: Callable[[Any], str]) -> None:
    done = [outcome for outcome in report.outcomes if outcome.summary is not None]
    if options.json:
        print(json.dumps({"summary": {o.nick: dataclasses.asdict(o.summary) for o in done}}), file=out)
        return
    idle = [o.nick for o in done if len(done) > 1 and not o.error and not texts.changed(o.summary)]
    for outcome in done:
        if outcome.nick not in idle:
            print(f"{outcome.nick}: {text(outcome.summary)}", file=out)
    if idle:
        print(
            f"Nothing changed in {len(idle)} channel(s): {', '.join(idle[:20])}{', ...' if len(idle) > 20 else ''}.",
            file=out,
        )
    if not report.outcomes and not report.ended:
        print("No channel has the app faces.", file=out)
