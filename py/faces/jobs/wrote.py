"""What the hub's page is told of names that are written into photos: wrote.json, and preview.json of what would be. A
folder has no page, and no such files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from faces.errors import FacesError
from faces.folders import PREVIEW, WROTE, Album
from faces.jobs import channel
from faces.jobs.channel import log
from faces.jobs.write import What, Wrote
from faces.marking import Change

#: So many lines of what went wrong, or was left, the page shows.
MOST_LINES = 50


@dataclass(slots=True)
class Told:
    """One run: its summary, and what it said of each photo (in a dry run)."""

    summary: Wrote = field(default_factory=Wrote)
    photos: list[dict[str, Any]] = field(default_factory=list)
    dry: bool = False

    def of(self, tell: Callable[[str, Change], None]) -> Callable[[str, Change], None]:
        """`tell`, with the page listening."""

        def both(path: str, change: Change) -> None:
            if self.dry:
                self.photos.append({"photo": path, "hash": change.photo, "lines": change.lines})
            tell(path, change)

        return both


@contextmanager
def told(album: Album, what: What) -> Iterator[Told]:
    """Round a run: however it ends, the page is told."""
    found, error = Told(dry=what.dry), ""
    try:
        yield found
    except FacesError as reason:
        found.summary = getattr(reason, "summary", found.summary)
        error = str(reason)
        raise
    finally:
        _write(album, what, found, error)


def _write(album: Album, what: What, found: Told, error: str) -> None:
    file = album.private(PREVIEW if what.dry else WROTE)
    if file is None:
        return
    summary = found.summary
    facts = {
        "version": 1,
        "time": channel.now(),
        "target": what.target,
        "names": what.names,
        "undo": what.undo,
        "named": summary.named,
        "written": summary.written,
        "same": summary.same,
        "seconds": round(summary.seconds, 3),
        "error": error,
        "problems": summary.problems[:MOST_LINES],
        "left": summary.left[:MOST_LINES],
        "failed": len(summary.problems),
        **({"photos": found.photos} if what.dry else {}),
    }
    try:
        file.write(json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace"))
    except (FacesError, OSError) as reason:  # the photos are written all the same
        log.warning("%s: %s", file, reason)
