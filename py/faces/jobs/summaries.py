"""What the two large jobs say that they did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Recognized:
    """What a recognition did. `guessed`: faces that have a guessed name now; `new`: guesses not there before; `groups`:
    of open faces that look like one person."""

    faces: int = 0
    named: int = 0
    guessed: int = 0
    new: int = 0
    edits: int = 0
    written: int = 0
    people: int = 0
    groups: int = 0
    failures: int = 0
    problems: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Detected:
    """What a detection did. `todo`: photos that were to be looked at; `skipped`: photos whose file is gone or not ours
    to read. `recognition` is None where another one held the lock."""

    photos: int = 0
    todo: int = 0
    done: int = 0
    faces: int = 0
    failed: int = 0
    moved: int = 0
    imported: int = 0
    waiting: int = 0
    skipped: int = 0
    removed: int = 0
    seconds: float = 0.0
    detectors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    recognition: Recognized | None = None

    #: Whether nothing was done because there was too much of it.
    postponed: bool = False

    @property
    def changed(self) -> bool:
        return bool(
            self.done
            or self.failed
            or self.removed
            or self.moved
            or self.imported
            or (self.recognition and self.recognition.written)
        )
