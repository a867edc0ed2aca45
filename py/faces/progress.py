"""Where a job tells how it goes."""

from __future__ import annotations


class Progress:
    """Told how a run goes. This one shows nothing; `console` has a bar and JSON lines."""

    def step(self, name: str) -> None:
        """What is done now: planning, detecting, recognizing, removing."""

    def start(self, total: int) -> None:
        """So many photos are to be done."""

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None:
        """One photo is done, or failed with `error`."""

    def close(self) -> None:
        """Nothing more will come."""
