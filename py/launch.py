"""Runs the worker detached from whoever starts it: launch.py STATE KEEP LOG PROGRAM ARGUMENT...

The addon's page starts it (php/Worker/Launcher.php), with a lock open as descriptor 3 that lasts as long as this does.
It returns at once; what goes on is in a process of its own that has nothing of the web server's: no session, no socket.

STATE: the beginning of the names of our files. STATE.again: somebody wants a run that begins later than now; then the
first KEEP words of the command are run once more. STATE.gate: a lock, held while that is looked for. STATE.outcome: the
exit code, the time, and the last of stderr. LOG: all of stderr is added to it.

Nothing but Python's own library, so that a missing package shows as what it is.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

LOCK = 3
#: The exit code of a run that found another one at work (docs/errors.md).
LOCKED = 3
_LAST = 4000


def main(state: str, keep: int, log: str, command: list[str]) -> None:
    again = Path(f"{state}.again")
    while True:
        code, errors = run(command)
        note(Path(log), Path(f"{state}.outcome"), code, errors, Path(command[1]).name if len(command) > 1 else "")
        with open(f"{state}.gate", "a+b") as gate:  # noqa: PTH123
            fcntl.flock(gate, fcntl.LOCK_EX)
            if not again.exists():
                os.close(LOCK)  # before somebody else passes the gate: he finds the lock free, or us still here
                return
            with suppress(OSError):
                again.unlink()
        command = command[:keep]


def run(command: list[str]) -> tuple[int, bytes]:
    """The exit code (128 + signal, as a shell has it) and stderr."""
    with tempfile.TemporaryFile() as errors:
        try:
            # The lock goes with it, too: it lasts should we be killed.
            code = subprocess.call(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, pass_fds=[LOCK]
            )
        except OSError as error:
            return 127 if isinstance(error, FileNotFoundError) else 126, str(error).encode()
        with suppress(OSError):
            errors.seek(0)
            return code if code >= 0 else 128 - code, errors.read()
        return code, b""


def note(log: Path, outcome: Path, code: int, errors: bytes, name: str) -> None:
    """How it ended, for the page, and what it said, for the admin. A full disk loses the log first."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    if code != LOCKED:
        text = f"{code}\n{now}\n".encode() + errors[-_LAST:]
        with suppress(OSError):
            part = outcome.with_name(f"{outcome.name}.part")
            part.write_bytes(text)
            part.replace(outcome)
    if errors:
        with suppress(OSError), log.open("ab") as file:
            file.write(f"{now} {name} ended with {code}\n".encode() + errors)


def detach() -> bool:
    """Twice a fork, so that the process is nobody's child and leads no session; True in the new one."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(LOCK + 1, 65536)
    return True


if __name__ == "__main__":
    os.fstat(LOCK)
    if detach():
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:])
