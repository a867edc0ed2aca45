#!/usr/bin/env python3
"""faces availability: see py/faces/cli.py, or --help."""

from entry import start

if __name__ == "__main__":
    start("availability")
