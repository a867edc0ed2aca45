"""What the entry scripts do. They and this file are written so that Python 3.7 can read them: whoever starts them with
one that is too old for the program is told so, and not that there is an error in its syntax.
"""

import sys

LEAST = (3, 11)
#: errors.PackageMissing, which cannot be imported then.
PACKAGE_MISSING = 12


def start(command: str) -> None:
    """Run the command and end the process with its exit code."""
    if sys.version_info[:2] < LEAST:
        least, own = ".".join(map(str, LEAST)), ".".join(map(str, sys.version_info[:3]))
        print(
            f"faces: needs Python {least} or later, this is {own} ({sys.executable}): "
            f"make setup PYTHON=/path/of/python{least}, or name another one in the hub's settings",
            file=sys.stderr,
        )
        sys.exit(PACKAGE_MISSING)
    from faces.cli import main

    main(command=command)
