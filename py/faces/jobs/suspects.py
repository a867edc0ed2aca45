"""Photos during which the program died. A process that is killed writes nothing more, so what it works on is noted
beforehand, in the file of the lock: whoever finds a note there knows that its writer died.
"""

from __future__ import annotations

from collections.abc import Sequence

from faces.errors import DeadlyPhoto
from faces.files import Lock
from faces.folders import Photo

#: A photo during which the program died this often, worked on alone, is given up.
MOST_DEATHS = 3


def suspect_key(photo: Photo, path: str) -> str:
    """By what a photo is known over runs: the hub's hash, because there two in a folder may have one name; else its
    path below the album's root."""
    return photo.hash or path


class Suspects:
    """Suspects are worked on last and one at a time; each is known by its `suspect_key`."""

    def __init__(self, held: Lock):
        self._held = held
        deaths, current = held.previous.get("deaths"), held.previous.get("current")
        self._deaths = {
            path: n for path, n in (deaths if isinstance(deaths, dict) else {}).items() if isinstance(n, int)
        }
        photos = [path for path in (current if isinstance(current, list) else []) if isinstance(path, str)]
        for path in photos:  # of several it may have been any
            self._deaths[path] = self._deaths.get(path, 0) + (len(photos) == 1)
        self.working_on([])

    def __contains__(self, path: str) -> bool:
        return path in self._deaths

    def check(self, path: str) -> None:
        """Raises DeadlyPhoto if the program has died often enough over this one."""
        if self._deaths.get(path, 0) >= MOST_DEATHS:
            raise DeadlyPhoto(
                f"the program died {self._deaths[path]} times while working on it (out of memory, a crash in "
                "a library, or somebody ended it); --retry tries it again"
            )

    def working_on(self, paths: Sequence[str]) -> None:
        """Note what is worked on now; nothing after the last photo."""
        self._held.note(current=list(paths), deaths=self._deaths)
        self._held.left_behind = {"deaths": self._deaths} if self._deaths else {}

    def survived(self, path: str) -> None:
        self._deaths.pop(path, None)
