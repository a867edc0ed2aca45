"""The command line: parses, calls a job, turns what it raises into a message and an exit code. Nothing else."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

from faces import cli_hub, cli_metadata, console, texts
from faces.errors import FacesError, PackageMissing, PartlyFailed, UsageError, WeightsMissing
from faces.options import parser
from faces.settings import DETECTORS, MODELS


def main(argv: Sequence[str] | None = None, command: str | None = None) -> None:
    """The program. `command` is set by the entry scripts in py/. Ends the process with an exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    sys.exit(run([command, *arguments] if command else arguments, command))


def run(argv: Sequence[str], command: str | None = None) -> int:
    """The same without ending the process: the exit code."""
    try:
        options = parser(command).parse_args(argv)
    except SystemExit as error:  # argparse: 0 after --help, 2 for wrong options
        return error.code if isinstance(error.code, int) else 2
    with console.own_stdout() as out:
        try:
            _check_place(options)
            return _JOBS[options.command](options, out)
        except FacesError as error:
            print(f"faces: {error}", file=sys.stderr)
            return error.exit_code
        except KeyboardInterrupt:
            print("faces: interrupted; what was stored before stays", file=sys.stderr)
            return 9
        except ModuleNotFoundError as error:
            print(
                f"faces: the Python package {error.name} is missing: run `make setup`, then start the program with "
                ".venv/bin/python",
                file=sys.stderr,
            )
            return PackageMissing.exit_code
        except MemoryError:
            print(
                "faces: out of memory; close other programs, or set a lower detection.max_megapixels", file=sys.stderr
            )
            return 4
        except BrokenPipeError:
            return 0  # whoever read our output has had enough


def _check_place(options: argparse.Namespace) -> None:
    """UsageError for options that belong to the other kind of place."""
    given = vars(options)
    if given.get("directory"):
        for name in ("channel", "all_channels"):
            if given.get(name):
                raise UsageError(f"--{name.replace('_', '-')} goes with --hub")
    if given.get("hub") and given.get("follow_symlinks"):
        raise UsageError("--follow-symlinks goes with --directory: on a hub the database says where photos are")


def _availability(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import Guard
    from faces.jobs import availability

    def say(text: str) -> None:
        if not options.json:
            print(text, file=out, flush=True)

    if options.hub:
        cli_hub.find_weights(options.hub)
    kinds = {
        "detector": options.detectors or DETECTORS,
        "model": options.models or MODELS,
        "demography": options.demography,
    }
    with Guard() as guard:
        check = availability.Check(kinds, options.ram, options.timeout, options.output, guard.check)
        with check.under_way():
            for package, version in check.versions.items():
                say(f"{package} {version}")
            say(f"RAM memory % used: {availability.used_ram():.2f}")
            for found in check.run():
                what = f"{found.kind} {found.name}"
                each = round(found.seconds_each, 3)
                costs = f"{found.megabytes:.0f} MB, loads in {found.seconds_load:.1f} s, {each:g} s each"
                say(f"Missing {what}: {found.reason}" if found.reason else f"Found {what} ({costs})")
                say(f"RAM memory % used: {found.ram:.2f}")
            if check.versions["exiftool"] == "missing":
                say(f"Missing exiftool: {texts.NO_EXIFTOOL}")
    if options.json:
        print(json.dumps(check.to_json()), file=out)
    if check.missing:
        raise PackageMissing(availability.lacks(*check.missing))
    if not check.ok and not options.json:
        print("faces: nothing can be recognized: at least one detector and one model must work", file=sys.stderr)
    return 0 if check.ok else WeightsMissing.exit_code


def _detect(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import Guard
    from faces.jobs import channel, detect

    keys = ("detectors", "models", "demography", "metric", "ram", "time_limit", "follow_symlinks", "jobs")
    chosen = {key: getattr(options, key) for key in keys}
    if options.hub:
        return cli_hub.detect(options, out, chosen, cli_metadata.start)
    shown = console.progress(options.json, out)
    album = _album(options)
    with _log(options, album):
        settings = channel.read_settings(album).with_options(**chosen)
        with Guard(settings.ram, settings.time_limit) as guard:
            try:
                summary = detect.run(album, chosen, guard, shown, match=not options.no_recognize, retry=options.retry,
                                     wait=options.wait, scheduler=options.scheduler)  # fmt: skip
            except FacesError as error:
                logging.getLogger("faces").error("%s", error)
                shown.close()
                if hasattr(error, "summary"):
                    console.tell(out, options.json, error.summary, texts.detected(error.summary))
                raise
            except Exception:
                logging.getLogger("faces").exception("internal error")
                raise
            finally:
                shown.close()
    console.tell(out, options.json, summary, texts.detected(summary))
    cli_metadata.follow(options, out, album)
    return 0


def _album(options: argparse.Namespace) -> Any:
    """The album as its own settings have it opened."""
    from faces.folders import PlainAlbum
    from faces.jobs import channel

    album = PlainAlbum(options.directory)
    if getattr(options, "follow_symlinks", None) or channel.read_settings(album).follow_symlinks:
        album = PlainAlbum(options.directory, True)
    return album


def _log(options: argparse.Namespace, album: Any) -> Any:
    from faces.folders import LOG

    path = options.logfile or album.lock(LOG)
    return console.logging_to(path, options.loglevel, ours=not options.logfile)


def _recognize(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import channel, recognize

    if options.distances:
        return _distances(options, out)
    own = {"models": options.models, "metric": options.metric, "enforce": options.enforce}
    if options.hub:
        return cli_hub.recognize(options, out, own, cli_metadata.start)
    album = _album(options)
    with _log(options, album):
        settings = channel.read_settings(album).with_options(**own)
        summary = recognize.run(album, settings, wait=options.wait, regroup=options.regroup)
    console.conclude(out, options.json, summary, texts.recognized(summary))
    cli_metadata.follow(options, out, album)
    return 0


def _distances(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import channel, distances

    options.logfile = options.logfile or Path(os.devnull)  # it measures: the last run's log stays
    if options.hub:
        return cli_hub.distances(options, out)
    album = _album(options)
    with _log(options, album):
        summary = distances.run(album, channel.read_settings(album), options.models or ())
    console.conclude(out, options.json, summary, texts.measured(summary))
    return 0


def _remove(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import remove

    what = remove.What(options.detectors, options.models, options.names, options.all)
    if what == remove.What() and not options.verify:
        raise UsageError("say what to remove: --detectors, --models, --names or --all")
    if options.hub:
        return cli_hub.remove(options, out, what)
    album = _album(options)
    if what != remove.What():
        there = ", ".join(f"{number} {name}" for name, number in remove.counts(album).items())
        if not options.yes and not console.agreed(f"{album.title} has {there}. Remove {texts.what(what)} for good?"):
            print("Nothing was removed.", file=out)
            return 0
        summary = remove.run(album, what)
        console.conclude(out, options.json, summary, texts.removed(summary))
    if options.verify:
        found = remove.left(album)
        print(json.dumps({"left": found}) if options.json else texts.left(found), file=out)
        return PartlyFailed.exit_code if found else 0
    return 0


def _name(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import name

    decision, text = "name", options.name
    for kind in ("unknown", "ignore", "clear"):
        if getattr(options, kind):
            decision = kind
    if options.reject is not None:
        decision, text = "reject", options.reject
    if decision != "name" and options.name:
        raise UsageError(f"a name and --{decision} do not go together")
    if options.box and decision not in ("name", "unknown"):
        raise UsageError("--box goes with a name or --unknown")
    face = name.run(options.photo, decision, text, box=options.box)
    which = "drawn face" if options.box else f"face {face.face_nr}"
    hint = f" `faces {'detect' if options.box else 'recognize'}` finds the others." if decision == "name" else ""
    print(f"{face.file} {which}: {decision}{f' {text!r}' if text else ''}.{hint}", file=out)
    return 0


def _report(options: argparse.Namespace, out: TextIO) -> int:
    from faces.folders import REPORT
    from faces.jobs import report

    album = _album(options)
    shown = console.progress(False, out)
    try:
        summary = report.run(album, options.output or album.lock(REPORT), shown, options.limit)
    finally:
        shown.close()
    print(f"{'Wrote' if summary.written else 'Nothing changed:'} {summary.path}", file=out)
    return 0


def _metadata(options: argparse.Namespace, out: TextIO) -> int:
    return cli_metadata.run(options, out, _album)


_JOBS: dict[str, Callable[[argparse.Namespace, TextIO], int]] = {
    "availability": _availability,
    "detect": _detect,
    "recognize": _recognize,
    "remove": _remove,
    "name": _name,
    "report": _report,
    "metadata": _metadata,
}
