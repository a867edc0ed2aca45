"""The command line: parses, calls a job, turns what it raises into a message and an exit code. Nothing else."""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from faces import console
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


def _availability(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import ram_percent
    from faces.jobs import availability

    def say(text: str) -> None:
        if not options.json:
            print(text, file=out, flush=True)

    kinds = {
        "detector": options.detectors or DETECTORS,
        "model": options.models or MODELS,
        "demography": options.demography,
    }
    versions = availability.versions()
    for package, version in versions.items():
        say(f"{package} {version}")
    say(f"RAM memory % used: {ram_percent():.2f}")
    findings = []
    for found in availability.check(kinds, options.ram, options.timeout):
        findings.append({**dataclasses.asdict(found), "works": not found.reason})
        say(
            f"Missing {found.kind} {found.name}: {found.reason}" if found.reason else f"Found {found.kind} {found.name}"
        )
        say(f"RAM memory % used: {found.ram:.2f}")
    works = {"detector", "model"} <= {found["kind"] for found in findings if found["works"]}
    if options.json:
        print(json.dumps({"ok": works, "versions": versions, "findings": findings}), file=out)
    elif not works:
        print("faces: nothing can be recognized: at least one detector and one model must work", file=sys.stderr)
    return 0 if works else WeightsMissing.exit_code


def _detect(options: argparse.Namespace, out: TextIO) -> int:
    from faces.guard import Guard
    from faces.jobs import channel, detect

    keys = ("detectors", "models", "demography", "metric", "ram", "time_limit", "follow_symlinks")
    chosen = {key: getattr(options, key) for key in keys}
    shown = console.progress(options.json, out)
    album = _album(options)
    with _log(options, album):
        settings = channel.read_settings(album).with_options(**chosen)
        with Guard(settings.ram, settings.time_limit) as guard:
            try:
                summary = detect.run(album, chosen, guard, shown, match=not options.no_recognize, retry=options.retry)
            except FacesError as error:
                logging.getLogger("faces").error("%s", error)
                shown.close()
                if hasattr(error, "summary"):
                    _print(out, options.json, error.summary, _detected(error.summary))
                raise
            except Exception:
                logging.getLogger("faces").exception("internal error")
                raise
            finally:
                shown.close()
    _print(out, options.json, summary, _detected(summary))
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


def _detected(summary: Any) -> str:
    known = summary.recognition
    state = (
        f"{known.faces} faces, {known.named} named, {known.guessed} recognized"
        if known
        else "another recognition is at work"
    )
    engines = f"detector {', '.join(summary.detectors)}, model {', '.join(summary.models)}"
    if not summary.changed:
        return f"Nothing changed: {summary.photos} photos, {state} ({engines})."
    parts = [f"{summary.photos} photos: {summary.done} done with {summary.faces} faces in {summary.seconds:.1f} s"]
    if not summary.done + summary.failed:
        parts = [f"{summary.photos} photos, none of them new"]
    for number, text in (
        (summary.failed, "failed"),
        (summary.waiting, "still changing, left for the next run"),
        (summary.removed, "gone"),
    ):
        if number:
            parts.append(f"{number} {text}")
    return f"{', '.join(parts)}. Now {state} ({engines})."


def _recognize(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import channel, recognize

    album = _album(options)
    with _log(options, album):
        own = {"models": options.models, "metric": options.metric, "enforce": options.enforce}
        summary = recognize.run(album, channel.read_settings(album).with_options(**own))
    text = (
        f"{summary.faces} faces, {summary.named} named ({summary.people} people), "
        f"{summary.guessed} recognized, {summary.new} of them new"
    )
    _print(out, options.json, summary, f"{text}." if summary.written else f"Nothing changed: {text}.")
    if summary.problems:
        raise PartlyFailed("\n".join(summary.problems))
    return 0


def _remove(options: argparse.Namespace, out: TextIO) -> int:
    from faces.jobs import remove

    what = remove.What(options.detectors, options.models, options.names, options.all)
    if what == remove.What():
        raise UsageError("say what to remove: --detectors, --models, --names or --all")
    album = _album(options)
    if not options.yes:
        if not sys.stdin.isatty():
            raise UsageError("nobody is there to ask: say --yes to remove without a question")
        there = ", ".join(f"{number} {name}" for name, number in remove.counts(album).items())
        print(f"{album.root} has {there}. Remove {_what(what)} for good? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("Nothing was removed.", file=out)
            return 0
    summary = remove.run(album, what)
    _print(out, options.json, summary, _removed(summary))
    if summary.problems:
        raise PartlyFailed("\n".join(summary.problems))
    return 0


def _what(what: Any) -> str:
    if what.everything:
        return "everything (the photos stay)"
    return " and ".join(
        [
            *(f"detector {d}" for d in what.detectors),
            *(f"model {m}" for m in what.models),
            *(["all names"] if what.names else []),
        ]
    )


def _removed(summary: Any) -> str:
    parts = [f"{n} detections of {name}" for name, n in summary.detections.items()]
    parts += [f"{n} embeddings of {name}" for name, n in summary.embeddings.items()]
    parts += [
        f"{n} {text}"
        for n, text in ((summary.names, "named faces"), (summary.decisions, "decisions"), (summary.files, "files"))
        if n
    ]
    return "\n".join([f"Removed: {', '.join(parts) or 'nothing was there'}.", *summary.kept])


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
    face = name.run(options.photo, decision, text)
    hint = " `faces recognize` finds the others." if decision == "name" else ""
    print(f"{face.file} face {face.face_nr}: {decision}{f' {text!r}' if text else ''}.{hint}", file=out)
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


def _print(out: TextIO, as_json: bool, summary: Any, text: str) -> None:
    print(json.dumps({"summary": dataclasses.asdict(summary)}) if as_json else text, file=out)


_JOBS: dict[str, Callable[[argparse.Namespace, TextIO], int]] = {
    "availability": _availability,
    "detect": _detect,
    "recognize": _recognize,
    "remove": _remove,
    "name": _name,
    "report": _report,
}
