"""The commands and their options. Parsing only: what they do is in `cli` and `jobs`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from faces import __version__, console
from faces.records import BY_HAND, DRAWN, REGION, Box
from faces.settings import ALL, DEMOGRAPHY, DETECTORS, METRICS, MODELS, NEW, PHOTO, SIDECAR, choose

EXIT_CODES = """exit codes: 0 done, 1 internal error, 2 wrong options, 3 locked by another run, 4 RAM limit,
5 time limit, 6 nothing readable, 7 weights missing, 8 partly failed, 9 stopped, 10 data file foreign or damaged,
11 cannot write, 12 package missing or Python too old, 13 database, 14 cluster (docs/errors.md)"""


def parser(only: str | None) -> argparse.ArgumentParser:
    """The parser of the whole program; `only`: as the entry script of that command shows itself."""
    whole = argparse.ArgumentParser(
        prog="faces",
        description="Finds faces in photos, learns a name once, finds that person again.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"faces {__version__}")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (add, summary, example) in _COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"examples:\n{example}\n\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if only:
            sub.prog = f"{only}.py"
        add(sub)
        sub.set_defaults(command=name)
    return whole


def _list_of(choices: tuple[str, ...], what: str) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        if what == "demography" and text.strip().lower() == "off":
            return ()
        try:
            return choose([part for part in text.split(",") if part.strip()], choices, what)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return parse


def _number(kind: type[int] | type[float], least: float, greatest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1e9)
        if not least <= value <= greatest:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least:g} to {greatest:g}")
        return value

    return parse


def _box(text: str) -> Box:
    try:
        box = Box(*map(float, text.split(",")))
    except (ValueError, TypeError):
        box = Box(0, 0, 0, 0)
    if not box.is_sane() or box != box.clipped(1, 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a box within the photo, as in 0.25,0.1,0.2,0.3")
    return box


def _add_place(parser: argparse.ArgumentParser, as_word: bool = False) -> None:
    """`as_word`: the folder may stand there without an option before it."""
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--directory", type=Path, metavar="DIR", help="folder of photos, with its subfolders")
    if as_word:
        place.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="the same as --directory DIR")
    place.add_argument("--hub", type=Path, metavar="HUBROOT", help="a Hubzilla installation: run as the web user")
    parser.add_argument(
        "--channel", default="", metavar="NICK", help="with --hub: this channel only, not all that have the app"
    )
    parser.add_argument("--json", action="store_true", help="JSON on stdout")


def _add_engines(parser: argparse.ArgumentParser, demography_default: tuple[str, ...] | None = None) -> None:
    parser.add_argument("--detectors", type=_list_of(DETECTORS, "detector"), metavar="A,B", help=", ".join(DETECTORS))
    parser.add_argument("--models", type=_list_of(MODELS, "model"), metavar="A,B", help=", ".join(MODELS))
    parser.add_argument(
        "--demography",
        "-demography",
        type=_list_of(DEMOGRAPHY, "demography"),
        metavar="off|A,B",
        default=demography_default,
        help=f"off, or {', '.join(DEMOGRAPHY)}",
    )


def _add_log(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--logfile",
        type=Path,
        metavar="F",
        help="overwritten at each start; default: DIR/faces/faces.log, or HUBROOT/store/[data]/faces/faces.log",
    )
    parser.add_argument(
        "--loglevel",
        type=int,
        choices=list(console.LOG_LEVELS),
        default=1,
        metavar="N",
        help="-1 nothing, 0 warnings and errors, 1 also the course, 2-4 each photo (default 1)",
    )


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=_number(float, 0, 86400),
        default=0.0,
        metavar="S",
        help="wait so many seconds for another run to end, instead of ending at once",
    )


def _add_metric(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--metric", choices=METRICS, help="default: config.json, else euclidean")


def _add_availability(parser: argparse.ArgumentParser) -> None:
    _add_engines(parser, DEMOGRAPHY)
    parser.add_argument("--hub", type=Path, metavar="HUBROOT", help="with the weights that a run on this hub has")
    parser.add_argument("--json", action="store_true", help="the same as one JSON object")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="how it goes, as that JSON object in FILE, replaced at each step"
    )
    parser.add_argument(
        "--ram",
        type=_number(float, 1, 100),
        default=95.0,
        metavar="PERCENT",
        help="end a check when the machine's memory is fuller than this (default 95)",
    )
    parser.add_argument(
        "--timeout",
        type=_number(float, 1, 86400),
        default=300.0,
        metavar="S",
        help="seconds for each check, downloads included (default 300)",
    )


def _add_detect(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    _add_engines(parser)
    _add_metric(parser)
    parser.add_argument(
        "--ram", type=_number(float, 1, 100), metavar="PERCENT", help="stop when the machine's memory is fuller"
    )
    parser.add_argument("--time-limit", type=_number(int, 0, 1e7), metavar="S", help="stop after so many seconds")
    parser.add_argument(
        "--jobs",
        type=_number(int, 0, 64),
        metavar="N",
        help="look at N photos at a time (default 0: as many as there are cores, at most 4)",
    )
    parser.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="let the workers of a Dask cluster look at the photos, as in tcp://host:8786",
    )
    parser.add_argument("--no-recognize", action="store_true", help="find faces, but guess no names")
    parser.add_argument("--retry", action="store_true", help="try photos again that were given up")
    parser.add_argument("--follow-symlinks", action="store_true", default=None, help="follow symbolic links")
    _add_wait(parser)
    _add_log(parser)


def _add_recognize(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    parser.add_argument("--models", type=_list_of(MODELS, "model"), metavar="A,B", help="in the order to be tried")
    _add_metric(parser)
    parser.add_argument("--enforce", action="store_true", default=None, help="ask every model, for comparison")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--distances", action="store_true", help="recognize nobody: measure how far apart faces are")
    other.add_argument("--regroup", action="store_true", help="group all unnamed faces anew, not only new ones")
    _add_wait(parser)
    _add_log(parser)


def _add_remove(parser: argparse.ArgumentParser) -> None:
    _add_place(parser)
    parser.add_argument(
        "--detectors",
        type=_list_of((*DETECTORS, *BY_HAND), "detector"),
        default=(),
        metavar="A,B",
        help=f"{DRAWN}: boxes that a person drew; {REGION}: those that other programs left in photos",
    )
    parser.add_argument("--models", type=_list_of(MODELS, "model"), default=(), metavar="A,B")
    parser.add_argument("--names", action="store_true", help="every name, and every other decision about a face")
    parser.add_argument("--all", action="store_true", help="everything: no file of ours is left")
    parser.add_argument(
        "--all-channels", action="store_true", help="with --hub: every channel, also those that no longer have the app"
    )
    parser.add_argument(
        "--verify", action="store_true", help="then, or if that is all that is asked: say what is left of ours"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "photo", metavar="PHOTO[#NR]", help="NR: which face, from left to right, where there are several"
    )
    parser.add_argument("name", nargs="?", default="")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--unknown", action="store_true", help="a person whose name is not known: stop asking")
    group.add_argument("--ignore", action="store_true", help="not a face")
    group.add_argument("--reject", metavar="NAME", help="not this person")
    group.add_argument("--clear", action="store_true", help="take the decision back")
    parser.add_argument(
        "--box",
        type=_box,
        metavar="X,Y,W,H",
        help="a face that was not found, with a name or --unknown: left, top, width, height as fractions of the photo",
    )


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--output", type=Path, metavar="FILE", help="default: DIR/faces/report.html")
    parser.add_argument(
        "--limit", type=_number(int, 1, 1e6), default=300, metavar="N", help="show at most N photos (default 300)"
    )


def _add_metadata(parser: argparse.ArgumentParser) -> None:
    _add_place(parser, as_word=True)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--write",
        nargs="?",
        const="",
        choices=("", PHOTO, SIDECAR),
        metavar="photo|sidecar",
        help="write the names that people gave into the photos, or into a file beside each; without a value: as the "
        "settings say",
    )
    what.add_argument("--undo", action="store_true", help="take out what --write wrote, and nothing else")
    parser.add_argument(
        "--names", choices=(ALL, NEW), help="only names given since new ones were asked for (new), or all"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing: say what would be changed in each photo"
    )
    parser.add_argument(
        "--most", type=_number(int, 0, 1e6), default=0, metavar="N", help="with --dry-run: of N photos at most"
    )
    _add_wait(parser)
    parser.add_argument(
        "--unless-waiting",
        action="store_true",
        help="with --wait: leave it to another run that waits already, and will see all that is there now",
    )
    parser.add_argument("--follow-symlinks", action="store_true", default=None, help="follow symbolic links")
    _add_log(parser)


_COMMANDS: dict[str, tuple[Callable[[argparse.ArgumentParser], None], str, str]] = {
    "availability": (
        _add_availability,
        "Self-check: which detectors and models work on this machine.",
        "  faces availability\n  faces availability --detectors yunet,dlib --models Dlib --demography off --json",
    ),
    "detect": (
        _add_detect,
        "Find faces in new and changed photos, then recognize them.",
        "  faces detect --directory ~/Pictures\n  faces detect --directory /mnt/cloud --time-limit 3600 --ram 70"
        "\n  faces detect --hub /var/www/hubzilla --channel alice",
    ),
    "recognize": (
        _add_recognize,
        "Find the people that have a name in all other photos.",
        "  faces recognize --directory ~/Pictures\n  faces recognize --hub /var/www/hubzilla",
    ),
    "remove": (
        _add_remove,
        "Remove detectors, models, names or everything. The photos stay.",
        "  faces remove --directory ~/Pictures --names\n  faces remove --directory ~/Pictures --all --yes"
        "\n  faces remove --hub /var/www/hubzilla --channel alice --all --verify",
    ),
    "name": (
        _add_name,
        "Say who a face is.",
        '  faces name ~/Pictures/ada.jpg "Ada Lovelace"\n  faces name ~/Pictures/party.jpg#2 --unknown',
    ),
    "report": (
        _add_report,
        "Write one HTML file that shows what was found.",
        "  faces report ~/Pictures --output report.html",
    ),
    "metadata": (
        _add_metadata,
        "Show what photos say of themselves: when they were taken, and who other programs marked on them; or write "
        "names into them.",
        "  faces metadata --directory ~/Pictures\n  faces metadata --directory ~/Pictures --write photo --dry-run"
        "\n  faces metadata --hub /var/www/hubzilla --channel alice --json",
    ),
}
