"""exiftool (https://exiftool.org), driven by pyexiftool: one process for a run, whatever happens to it."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from faces.errors import PhotoError

#: After so many processes that died or hung no other one is started.
_MOST_FAILURES = 3
T = TypeVar("T")


class NoExifTool(PhotoError):
    """It is not installed, or fails again and again: there is no use in asking for other photos."""


class ExifTool:
    """The process starts with the first photo and ends with `close`. If it dies or takes too long over a photo, it is
    started anew for the next one."""

    #: For one photo: to read it, to write it.
    seconds, seconds_to_write = 20.0, 120.0

    def __init__(self, executable: str | None = None):
        self._executable = executable if executable is not None else shutil.which("exiftool") or ""
        self._tool: Any = None
        self._thread: ThreadPoolExecutor | None = None
        self._failures = 0

    @property
    def is_there(self) -> bool:
        return bool(self._executable)

    def close(self) -> None:
        """End the process, if one was started."""
        if self._tool is not None and not self._is_dead():
            with suppress(Exception):
                self._tool.terminate()
        self._tool = None
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None

    def read(self, path: Path, tags: Sequence[str]) -> Mapping[str, Any]:
        """Those of the tags that the file has, by their names without groups; structures as dicts and lists, numbers as
        the text that they are there.

        Raises NoExifTool, and PhotoError with the reason if this file cannot be read."""
        return self._call(lambda: self._read(path, tags), path, (), self.seconds)

    def write(self, path: Path, arguments: Sequence[str]) -> None:
        """Change a file of ours, in place: a copy. Raises as `read`, with the reason if it cannot be changed."""
        self._call(lambda: self._write(path, arguments), path, arguments, self.seconds_to_write)

    def _call(self, job: Callable[[], T], path: Path, arguments: Sequence[str], seconds: float) -> T:
        if not self._executable:
            raise NoExifTool("exiftool is not installed: apt install libimage-exiftool-perl")
        if self._failures >= _MOST_FAILURES:
            raise NoExifTool(f"exiftool died or hung {_MOST_FAILURES} times: it is not asked any more")
        # one argument a line: what follows would be arguments of their own
        if any(c in text for text in (str(path), *arguments) for c in "\n\r"):
            raise PhotoError("exiftool cannot be asked about a file with a line break in its name")
        if self._thread is None:
            # One thread for the life of the process: pyexiftool has the kernel end it with the thread that started it.
            self._thread = ThreadPoolExecutor(1)
        answer = self._thread.submit(job)
        end = time.monotonic() + seconds
        while True:
            try:
                return answer.result(0.05)
            except TimeoutError:
                is_dead = self._is_dead()
                if time.monotonic() > end or is_dead:
                    self._failures += 1
                    self._break_off()
                    self.close()
                    what = "died" if is_dead else f"took longer than {seconds:g} seconds"
                    raise PhotoError(f"exiftool {what}") from None
            except PhotoError:
                raise
            except Exception as error:  # exiftool missing, or refusing a file
                said = str(getattr(self._tool, "last_stderr", "")).strip().partition(" - /")[0] or error
                raise PhotoError(f"exiftool failed: {said or type(error).__name__}") from error

    def _process(self) -> Any:
        if self._tool is None:
            import exiftool

            arguments = ["-charset", "filename=utf8"]
            self._tool = exiftool.ExifToolHelper(
                executable=self._executable,
                config_file="",
                common_args=arguments,
                auto_start=False,
                check_execute=False,  # what is wrong with a file it says in the answer
            )
            # "0.50" and 0.5 are two texts to exiftool, when it is told which of several regions to take out
            self._tool.set_json_loads(json.loads, parse_float=str)
            umask = os.umask(0o077)  # copies of private photos that it makes are private, too
            try:
                self._tool.run()
            finally:
                os.umask(umask)
        return self._tool

    def _write(self, path: Path, arguments: Sequence[str]) -> None:
        said = str(self._process().execute("-overwrite_original", *arguments, str(path)))
        if "1 image files updated" not in said and "1 image files unchanged" not in said:
            reasons = [line for line in str(self._tool.last_stderr).splitlines() if line.startswith("Error")]
            reason = reasons[0].removeprefix("Error: ").partition(" - /")[0] if reasons else said.strip()
            raise PhotoError(f"exiftool cannot change it: {reason or 'it does not say why'}")

    def _read(self, path: Path, tags: Sequence[str]) -> Mapping[str, Any]:
        answer = self._process().execute_json("-struct", "-Error", *[f"-{tag}" for tag in tags], str(path))
        found = {key.rpartition(":")[2]: value for key, value in answer[0].items()}
        if error := found.pop("Error", ""):
            raise PhotoError(f"exiftool cannot read it: {error}")
        return found

    def _is_dead(self) -> bool:
        process = getattr(self._tool, "_process", None)
        return process is not None and process.poll() is not None

    def _break_off(self) -> None:
        """pyexiftool 0.5.6 reads for ever, and busily, from a process that has died. A descriptor that cannot be read,
        put in the place of its pipes, ends that with an OSError."""
        tool, self._tool = self._tool, None
        process = getattr(tool, "_process", None)
        if process is not None:
            process.kill()
            nothing = os.open(os.devnull, os.O_WRONLY)
            for pipe in (process.stdout, process.stderr):
                os.dup2(nothing, pipe.fileno())
            os.close(nothing)
