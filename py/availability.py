#!/usr/bin/env python3
"""faces availability: see py/faces/cli.py, or --help."""

from faces.cli import main

if __name__ == "__main__":
    main(command="availability")
