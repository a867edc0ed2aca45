"""Runs the worker detached from whoever starts it: launch.py STATE KEEP LOG PROGRAM ARGUMENT...

The addon's page starts it (php/Worker/Launcher.php), with a lock open as descriptor 3 that lasts as long as this does.
It returns at once; what goes on is in a process of its own that has nothing of the web server's: no session, no socket.

STATE: the beginning of the names of our files. STATE.again: somebody wants a run that begins later than now; then the
first KEEP words of the command are run once more. STATE.gate: a lock, held while that is looked for. STATE.outcome: the
exit code, the time, and the last of stderr. LOG: all of stderr is added to it.

STATE.stop: somebody wants the program to end; in it, for how many more seconds it may go on. Then it gets SIGTERM, and
ten seconds later it is killed with what it started. What was asked for before that is not run any more. Who deletes the
file takes the request back, until SIGTERM is sent. We delete it when the program has ended.

Nothing but Python's own library, and nothing newer than Python 3.7, so that a missing package, or a Python that is too
old for the program, shows as what it is.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

LOCK = 3
#: The exit code of a run that found another one at work (docs/errors.md).
LOCKED = 3
#: Seconds from SIGTERM until the program is killed.
PATIENCE = 10
_LAST = 4000


def main(state: str, keep: int, log: str, command: list[str], since: float) -> None:
    """`since`: when we were started; what was asked for before was meant for another run."""
    again, stop = Path(f"{state}.again"), Path(f"{state}.stop")
    asked = written(stop)
    if asked and asked < since * 1e9 - 1e7:  # the clock of files is up to 10 ms late
        delete(stop)
    while True:
        code, errors = run(command, stop)
        note(Path(log), Path(f"{state}.outcome"), code, errors, Path(command[1]).name if len(command) > 1 else "")
        with open(f"{state}.gate", "a+b") as gate:  # noqa: PTH123
            fcntl.flock(gate, fcntl.LOCK_EX)
            if written(again) <= written(stop):
                delete(again)
            delete(stop)
            if not written(again):
                os.close(LOCK)  # before somebody else passes the gate: he finds the lock free, or us still here
                return
            delete(again)
        command = command[:keep]


def run(command: list[str], stop: Path) -> tuple[int, bytes]:
    """The exit code (128 + signal, as a shell has it) and stderr."""
    with tempfile.TemporaryFile() as errors:
        try:
            # The lock goes with it, too: it lasts should we be killed. A group of its own, to be killed as a whole.
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                pass_fds=[LOCK],
                start_new_session=True,
            )
        except OSError as error:
            return 127 if isinstance(error, FileNotFoundError) else 126, str(error).encode()
        code = wait(child, stop)
        code = code if code >= 0 else 128 - code
        with suppress(OSError):
            errors.seek(0)
            return code, errors.read()
        return code, b""


def wait(child: subprocess.Popen[bytes], stop: Path) -> int:
    """Until the program has ended; what subprocess says of it. About once a second STATE.stop is looked for."""
    seen = terminated = None  # when, by a clock that nobody sets
    while child.poll() is None:
        now = time.monotonic()
        if terminated is not None:
            if now - terminated >= PATIENCE:
                kill_group(child.pid)
        elif written(stop):
            seen = now if seen is None else seen
            if now - seen >= grace(stop):
                child.terminate()
                terminated = now
        else:
            seen = None
        with suppress(subprocess.TimeoutExpired):
            child.wait(1)
    if seen is not None or written(stop):
        kill_group(child.pid)  # what it left behind may hold the lock
    return child.returncode


def kill_group(group: int) -> None:
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def written(path: Path) -> int:
    """When a file was written, in nanoseconds since 1970; 0 if there is none. A folder or a link is none of ours."""
    try:
        found = path.lstat()
    except OSError:
        return 0
    return found.st_mtime_ns if stat.S_ISREG(found.st_mode) else 0


def grace(stop: Path) -> float:
    """So many seconds the program may go on; 0 if the file makes no sense."""
    try:
        with stop.open("rb") as file:
            seconds = float(file.read(64))
    except (OSError, ValueError):
        return 0
    return seconds if 0 <= seconds < 1e9 else 0


def delete(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


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
    started = time.time()
    os.fstat(LOCK)
    if detach():
        main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:], started)
