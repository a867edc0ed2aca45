#!/usr/bin/env python3
"""faces recognize: see py/faces/cli.py, or --help."""

from entry import start

if __name__ == "__main__":
    start("recognize")
