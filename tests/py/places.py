"""Where things lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Photos and weights for our own runs; tests skip where it is absent.
SHARED = ROOT.parent / "shared"
