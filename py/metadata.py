#!/usr/bin/env python3
"""faces metadata: see py/faces/cli.py, or --help."""

from entry import start

if __name__ == "__main__":
    start("metadata")
