"""Networks run by onnxruntime: the graph is made once for each file of weights (`graphs`), and kept.

It is kept in the user's cache folder ($XDG_CACHE_HOME or ~/.cache, /faces), beside the weights where that cannot be
written to, under the digest of the weights. A cache that is damaged is made anew; without any place the graph is made
for the run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from faces import children, cores, weights

#: Changes with what `graphs` makes of the same weights.
_VERSION = 2
#: Seconds for making a graph; it takes two.
_PATIENCE = 120


class NoNetwork(Exception):
    """The graph cannot be made or run here; the message says why. Whoever asked has another way."""


class Network:
    """The network in `source`, a file of weights. `kind` is one of `graphs`: dlib, yunet. Raises NoNetwork."""

    def __init__(self, kind: str, source: Path):
        self._kind, self._source, self._lock = kind, source, threading.Lock()
        self._session: Any = _open(kind, source)

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, Any]) -> list[Any]:
        """As a session of onnxruntime; several threads may at once."""
        with self._lock:
            if self._session is None:
                self._session = _open(self._kind, self._source)
            session = self._session
        return list(session.run(names, inputs))

    def rest(self) -> None:
        """Give its memory back until it is needed again; to get ready then takes a tenth of a second."""
        self._session = None


def _open(kind: str, source: Path) -> Any:
    """An onnxruntime session."""
    name = f"{kind}-{weights.digest(source)}-{_VERSION}.onnx"
    reasons = []
    for folder in _folders():
        path = folder / name
        try:
            if path.is_file():
                try:
                    return _session(path)
                except NoNetwork:  # damaged
                    path.unlink()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make(kind, source, path)
            return _session(path)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror or error}")
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / name
        try:
            _make(kind, source, path)
            return _session(path)
        except OSError as error:
            raise NoNetwork("; ".join([*reasons, str(error)])) from error


def _folders() -> Iterator[Path]:
    cache = os.environ.get("XDG_CACHE_HOME", "")
    with suppress(RuntimeError):  # a user without a home
        yield (Path(cache) if cache.startswith("/") else Path.home() / ".cache") / "faces"
    yield weights.folder().parent / "graphs"


def _make(kind: str, source: Path, path: Path) -> None:
    command = [sys.executable, "-m", "faces.graphs", kind, str(source), str(path)]
    try:
        done = subprocess.run(
            command,
            env=children.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise NoNetwork(f"making a graph of {source} took longer than {_PATIENCE} s") from error
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        if "Errno" in last:  # no room, or no right to write: another folder may do
            raise OSError(last)
        raise NoNetwork(last or f"making a graph of {source} ended with {done.returncode}")


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise NoNetwork(str(error)) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = cores.each(), 1
    # Threads that wait for the next photo by spinning would take the cores from those that decode.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Planning memory for each size of input takes 25 MB more than it saves time.
    options.enable_mem_pattern = False
    options.log_severity_level = 4  # what fails is said by whoever catches it
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's own classes
        raise NoNetwork(f"onnxruntime cannot open {path}: {error}") from error
