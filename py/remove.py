#!/usr/bin/env python3
"""faces remove: see py/faces/cli.py, or --help."""

from faces.cli import main

if __name__ == "__main__":
    main(command="remove")
