"""What the program says: progress, log, and a stdout that belongs to us alone."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from faces.errors import PartlyFailed, UsageError
from faces.files import storage_error
from faces.progress import Progress

#: Hubzilla's log levels (boot.php: NORMAL 0, TRACE 1, DEBUG 2, DATA 3, ALL 4; -1 is off) -> ours.
LOG_LEVELS = {
    -1: logging.CRITICAL,
    0: logging.WARNING,
    1: logging.INFO,
    2: logging.DEBUG,
    3: logging.DEBUG,
    4: logging.NOTSET,
}


@contextlib.contextmanager
def own_stdout() -> Iterator[TextIO]:
    """Our stdout; whatever libraries print there, from Python or C, goes to stderr instead.

    After the idea of OCRmyPDF's `_stdoutprotect`: stdout is a protocol.
    """
    try:
        descriptor = os.dup(1)
    except OSError:  # closed
        yield sys.stdout
        return
    ours = os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    sys.stdout.flush()
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield ours
    finally:
        with contextlib.suppress(BrokenPipeError):
            ours.flush()
        os.dup2(descriptor, 1)
        with contextlib.suppress(BrokenPipeError):
            ours.close()


@contextlib.contextmanager
def logging_to(path: Path, level: int, ours: bool) -> Iterator[None]:
    """The log of this run in `path`, overwritten; nowhere while another run writes there. Raises StorageError if it
    cannot be written. `ours`: the file lies in a folder that others write to, so a link in its place is not followed.
    """
    logger = logging.getLogger("faces")
    logger.setLevel(LOG_LEVELS[level] or 1)
    logger.propagate = False
    stream = _open_log(path, ours)
    handler: logging.Handler = logging.StreamHandler(stream) if stream else logging.NullHandler()
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk does not end a run
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if stream:
            with contextlib.suppress(OSError):
                stream.close()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # names of photos are nobody else's business


def _open_log(path: Path, ours: bool) -> TextIO | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if ours and path.is_symlink():
            path.unlink()
        stream = open(path, "a", encoding="utf-8", errors="backslashreplace", opener=_private)  # noqa: SIM115
    except (OSError, ValueError) as error:
        raise storage_error(path, error if isinstance(error, OSError) else OSError(str(error))) from error
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if stream.seekable():
            stream.truncate(0)
    except BlockingIOError:
        stream.close()
        return None
    except OSError:  # a terminal or a pipe has neither locks nor a length
        pass
    return stream


class _OneLine(logging.Formatter):
    """A file name with a line break must not forge a line of the log."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\\n").replace("\r", "\\r")


class Bar(Progress):
    """A progress bar with end time, on a terminal."""

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._bar: Any = None
        self._failed = 0

    def start(self, total: int) -> None:
        if total:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="photo", file=self._stream, dynamic_ncols=True, smoothing=0.1)

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None:
        if self._bar is None:
            return
        if error:
            self._failed += 1
            self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
        self._bar.update(1)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


class JsonLines(Progress):
    """One JSON object per photo on our stdout."""

    def __init__(self, out: TextIO):
        self._out, self._total, self._done = out, 0, 0

    def start(self, total: int) -> None:
        self._total = total

    def photo(self, path: str, faces: int, error: str, seconds: float) -> None:
        self._done += 1
        line = {"photo": path, "faces": faces, "error": error, "seconds": round(seconds, 3)}
        try:
            print(json.dumps({**line, "done": self._done, "total": self._total}), file=self._out, flush=True)
        except BrokenPipeError:  # the reader has gone: the photos are to be done all the same
            self._out = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115


def progress(as_json: bool, out: TextIO) -> Progress:
    """A bar on a terminal, JSON lines if asked for, nothing in a pipe."""
    if as_json:
        return JsonLines(out)
    return Bar(sys.stderr) if sys.stderr.isatty() else Progress()


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes. UsageError if nobody is there to ask."""
    if not sys.stdin.isatty():
        raise UsageError("nobody is there to ask: say --yes to remove without a question")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def tell(out: TextIO, as_json: bool, summary: Any, text: str, key: str = "summary") -> None:
    """What came of a run, in words or as a JSON object under `key`."""
    print(json.dumps({key: dataclasses.asdict(summary)}) if as_json else text, file=out)


def conclude(out: TextIO, as_json: bool, summary: Any, text: str, key: str = "summary") -> None:
    """The same of a run that came to its end. Raises PartlyFailed with its problems."""
    tell(out, as_json, summary, text, key)
    if summary.problems:
        raise PartlyFailed("\n".join(summary.problems))
