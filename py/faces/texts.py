"""What came of a run, in words."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, TextIO

from faces.store import one_line

NO_EXIFTOOL = (
    "dates that are not in EXIF and names that other programs wrote into photos are not seen, and no names can be "
    "written into photos; apt install libimage-exiftool-perl"
)


def detected(summary: Any) -> str:
    known = summary.recognition
    state = (
        f"{known.faces} faces, {known.named} named, {known.guessed} recognized"
        if known
        else "names as they were (the log says why)"
    )
    engines = f"detector {', '.join(summary.detectors)}, model {', '.join(summary.models)}"
    if not summary.changed:
        skipped = f" ({summary.skipped} skipped, the log says why)" if summary.skipped else ""
        return f"Nothing changed: {summary.photos} photos{skipped}, {state} ({engines})."
    parts = [f"{summary.photos} photos: {summary.done} done with {summary.faces} faces in {summary.seconds:.1f} s"]
    if not summary.done + summary.failed:
        parts = [f"{summary.photos} photos, none of them new"]
    for number, text in (
        (summary.imported, "taken over from an import"),
        (summary.failed, "failed"),
        (summary.waiting, "still changing, left for the next run"),
        (summary.removed, "gone"),
        (summary.skipped, "skipped"),
    ):
        if number:
            parts.append(f"{number} {text}")
    return f"{', '.join(parts)}. Now {state} ({engines})."


def changed(summary: Any) -> bool:
    """Whether a run did something, or has something to say."""
    did = getattr(summary, "changed", getattr(summary, "written", True))
    return bool(did or getattr(summary, "skipped", 0) or getattr(summary, "waiting", 0))


def recognized(summary: Any) -> str:
    text = (
        f"{summary.faces} faces, {summary.named} named ({summary.people} people), "
        f"{summary.guessed} recognized, {summary.new} of them new, {summary.groups} groups of unnamed faces"
    )
    return f"{text}." if summary.written else f"Nothing changed: {text}."


def measured(summary: Any) -> str:
    lines = [
        f"{model}, {metric}: {m['pairs_same']} pairs of the same people, {m['pairs_different']} of different ones, "
        f"{sum(m['guesses'])} of {m['open']} open faces near somebody (default {m['default']:g}, in force {m['cut']:g})"
        for model, metrics in summary.models.items()
        for metric, m in metrics.items()
    ]
    return "\n".join(lines) or "No faces to measure."


def removed(summary: Any) -> str:
    parts = [f"{n} detections of {name}" for name, n in summary.detections.items()]
    parts += [f"{n} embeddings of {name}" for name, n in summary.embeddings.items()]
    parts += [
        f"{n} {text}"
        for n, text in ((summary.names, "named faces"), (summary.decisions, "decisions"), (summary.files, "files"))
        if n
    ]
    return "\n".join([f"Removed: {', '.join(parts) or 'nothing was there'}.", *summary.kept])


def what(what: Any) -> str:
    """What is to be removed, for the question."""
    if what.everything:
        return "everything (the photos stay)"
    return " and ".join(
        [
            *(f"detector {d}" for d in what.detectors),
            *(f"model {m}" for m in what.models),
            *(["all names"] if what.names else []),
        ]
    )


def left(found: list[str]) -> str:
    """What `remove --verify` found."""
    return "\n".join(["Still there:", *found]) if found else "Verified: nothing of ours is left."


def tell(out: TextIO, as_json: bool, path: str, found: Any) -> None:
    """Print what a photo says of itself; in words only if that is something."""
    if as_json:
        print(json.dumps({"photo": path, **dataclasses.asdict(found)}), file=out)
    elif text := said(found):
        print(f"{one_line(path)}: {text}", file=out)


def said(found: Any) -> str:
    """Who a photo says is on it; "" if it says nothing of that."""
    marked = [
        f"{region.name or 'somebody'} at {', '.join(f'{value:.3f}' for value in (box.x, box.y, box.w, box.h))}"
        for region in found.regions
        for box in [region.box]
    ]
    without = sorted(set(found.people) - {region.name for region in found.regions})
    return "; ".join([*marked, *([f"without a place: {', '.join(without)}"] if without else [])])


def tell_change(out: TextIO, as_json: bool, path: str, change: Any) -> None:
    """Print what would be changed in a photo."""
    if as_json:
        print(json.dumps({"photo": path, "lines": change.lines, "left": change.left}), file=out)
    else:
        print("\n".join([f"{one_line(path)}:", *(f"  {line}" for line in change.lines)]), file=out)


def wrote(summary: Any) -> str:
    parts = [f"{summary.written} photos changed, {summary.same} as they were, {summary.named} with names"]
    parts += [f"{len(summary.problems)} problem(s)"] if summary.problems else []
    text = f"{', '.join(parts)} ({summary.seconds:.1f} s)."
    return "\n".join([text, *(f"Left as it is: {line}" for line in summary.left)])


def read(summary: Any) -> str:
    text = (
        f"{summary.photos} photos, {summary.dated} with a date, {summary.marked} with {summary.regions} marked faces, "
        f"{len(summary.people)} people ({summary.seconds:.1f} s)"
    )
    failed = f", {len(summary.problems)} problem(s)" if summary.problems else ""
    return f"{text}{failed}."
