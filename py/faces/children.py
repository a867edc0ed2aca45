"""Processes of our own that we start."""

from __future__ import annotations

import os
from pathlib import Path


def environment() -> dict[str, str]:
    """Of a Python that finds this package, whether it is installed or not."""
    paths = [str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
