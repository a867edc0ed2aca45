"""The real program with the engines of `fakes` in it, for tests that need a process: same arguments, same exit codes.

FAKE_DETECTOR=raises|memory|nonsense|dies|slow makes the detector fail on photos with a blue square,
FAKE_EMBEDDER=dies the model. FAKE_ROW=dies kills the program between a file and its row of `attach`.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "py"), str(Path(__file__).resolve().parent)]

import faces.models
import fakes
from faces.cli import main
from faces.hubfile import HubFile

how = os.environ.get("FAKE_DETECTOR", "")
embedder = fakes.FailingEmbedder(os.environ["FAKE_EMBEDDER"]) if "FAKE_EMBEDDER" in os.environ else None
fake = fakes.models(fakes.Failing(how) if how else None, embedder)
faces.models.Models = lambda: fake  # type: ignore[assignment, misc]
faces.models.default_detectors = lambda: ("yunet",)

if os.environ.get("FAKE_ROW") == "dies":
    HubFile._follow = lambda self: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
