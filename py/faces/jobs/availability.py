"""The self-check: what works on this machine. Each detector, model and attribute is loaded and run in a child process
of its own, which may crash, hang or eat memory without taking the check down.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from faces.errors import WeightsMissing
from faces.guard import ram_percent

PACKAGES = ("deepface", "onnxruntime", "opencv", "mediapipe", "pyarrow", "fastparquet", "mysql-connector-python")
_DISTRIBUTIONS = {
    "opencv": ("opencv-contrib-python-headless", "opencv-contrib-python", "opencv-python-headless", "opencv-python")
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing tried: `kind` is detector, model or demography. `reason` is empty if it works."""

    kind: str
    name: str
    reason: str
    ram: float
    seconds: float


def versions() -> dict[str, str]:
    """What is installed, by name; "missing" where it is not. Nothing is imported."""
    found = {"Python": ".".join(map(str, sys.version_info[:3]))}
    for package in PACKAGES:
        found[package] = "missing"
        for distribution in _DISTRIBUTIONS.get(package, (package,)):
            try:
                found[package] = metadata.version(distribution)
                break
            except metadata.PackageNotFoundError:
                continue
    found["exiftool"] = _exiftool()
    return found


def _exiftool() -> str:
    executable = shutil.which("exiftool")
    if not executable:
        return "missing"
    try:
        answer = subprocess.run(
            [executable, "-config", "", "-ver"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return "broken"
    return answer.stdout.strip() or "broken"


def check(wanted: dict[str, tuple[str, ...]], ram: float, seconds: float) -> Iterator[Finding]:
    """Try each of `wanted` (kind -> names) in turn. A child is ended after `seconds`, or when more than `ram`
    percent of the machine's memory is used and the child has a share in it."""
    for kind, names in wanted.items():
        for name in names:
            start = time.monotonic()
            reason = _try_in_child(kind, name, ram, seconds)
            yield Finding(kind, name, reason, round(ram_percent(), 2), round(time.monotonic() - start, 2))


def _try_in_child(kind: str, name: str, ram: float, seconds: float) -> str:
    """ "" if it works, else why not and what to do."""
    package = str(Path(__file__).resolve().parents[2])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])}
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, "-m", "faces.jobs.availability", kind, name],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        ended = _watch(child, ram, seconds)
        output.seek(0)
        lines = output.read()[-20_000:].decode("utf-8", "replace").strip().splitlines()
    if ended:
        return ended
    try:
        answer = json.loads(lines[-1])
        return str(answer["reason"])
    except (IndexError, ValueError, KeyError, TypeError):
        why = f"signal {-child.returncode}" if child.returncode < 0 else f"exit code {child.returncode}"
        last = f": {lines[-1][:200]}" if lines else ""
        return f"it crashed when loaded ({why}){last}; reinstall its package, or use another one"


def _watch(child: subprocess.Popen[bytes], ram: float, seconds: float) -> str:
    """Wait for the child; "" if it ended by itself, else why it was ended."""
    import psutil

    end = time.monotonic() + seconds
    while child.poll() is None:
        reason = ""
        if time.monotonic() > end:
            reason = f"it took longer than {seconds:g} seconds; a slow download: try again, or give more with --timeout"
        elif ram_percent() > ram:
            try:
                share = psutil.Process(child.pid).memory_percent()
            except psutil.Error:
                share = 0.0
            if share > 5:
                reason = f"it needs more memory than is free (limit {ram:g} percent); use a smaller one, or more memory"
        if reason:
            child.kill()
            child.wait()
            return reason
        time.sleep(0.02)
    return ""


def probe(kind: str, name: str) -> str:
    """Load it and run it once on a picture without a face; "" if that works."""
    import numpy as np

    from faces.embedder import embed_checked
    from faces.errors import FacesError
    from faces.models import Models
    from faces.records import Box, Detection

    models = Models()
    blank = np.full((320, 240, 3), 128, np.uint8)
    face = Detection(Box(60, 80, 120, 120), 1.0)
    try:
        if kind == "detector":
            models.detector(name).detect(blank)
        elif kind == "model":
            embedder = models.embedder(name)
            embed_checked(embedder, [embedder.align(blank, face)])
        else:
            models.attribute(name).guess(blank, face)
    except WeightsMissing as error:
        return str(error).removeprefix(f"{kind} {name}: ")
    except FacesError as error:
        return str(error)
    return ""


if __name__ == "__main__":  # the child
    print(json.dumps({"reason": probe(sys.argv[1], sys.argv[2])}), flush=True)
    os._exit(0)  # libraries that crash while they are being torn down have no say in it
