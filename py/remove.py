#!/usr/bin/env python3
"""faces remove: see py/faces/cli.py, or --help."""

from entry import start

if __name__ == "__main__":
    start("remove")
