# SPDX-License-Identifier: Apache-2.0
"""A server process of ours: started, waited for, and stopped by its own id however the caller ends."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

_T = TypeVar("_T")

ROOT = Path(__file__).resolve().parents[2]

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class PartError(Exception):
    """A part did not start, or died; says which, and what it printed."""


def free_port() -> int:
    """A loopback port that nobody listens on now. Somebody else may take it: callers try again."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _die_with_parent() -> None:
    # The kernel ends the part when we are killed and cannot clean up.
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Part:
    """One process, in a session of its own, its output in a temporary file.

    Use it as a context manager, or call stop(); a forgotten one is stopped when the interpreter ends.
    """

    def __init__(self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        self.name = name
        # The process holds the file open as well; it has no name that would have to be removed.
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 (closed by stop)
        self.process = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        atexit.register(self.stop)

    @property
    def pid(self) -> int:
        return self.process.pid

    def output(self) -> str:
        """What the process has printed so far (the last 64 KB of it)."""
        if self._output.closed:
            return ""
        size = os.fstat(self._output.fileno()).st_size
        start = max(0, size - 65536)
        return os.pread(self._output.fileno(), size - start, start).decode("utf-8", "replace")

    def alive(self) -> bool:
        return self.process.poll() is None

    def _wait_until(self, what: str, happened: Callable[[], _T | None], seconds: float) -> _T:
        """Asks `happened` again and again until it returns something, and returns that."""
        until = time.monotonic() + seconds
        while True:
            alive = self.alive()
            if (found := happened()) is not None:
                return found
            if not alive:
                code = self.process.returncode
                raise PartError(f"{self.name} ended with code {code} before it {what}; it printed:\n{self.output()}")
            if time.monotonic() > until:
                raise PartError(f"{self.name} has not {what} after {seconds} s; it printed:\n{self.output()}")
            time.sleep(0.01)

    def wait_for_line(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Waits until a line of the output matches, and returns the match."""

        def find() -> re.Match[str] | None:
            # Only whole lines: the last one may still be growing.
            lines = (line for line in self.output().splitlines(keepends=True) if line.endswith("\n"))
            return next((match for line in lines if (match := re.search(pattern, line))), None)

        return self._wait_until(f"printed a line like {pattern!r}", find, seconds)

    def wait_for_port(self, port: int, seconds: float = 30) -> None:
        """Waits until the process accepts connections."""

        def knock() -> bool | None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                # Somebody else may answer there: then ours has died of a port already taken.
                return True if self.alive() else None
            return None

        self._wait_until(f"listened on port {port}", knock, seconds)

    def stop(self, seconds: float = 10) -> int:
        """Ends the process and its children: asks first, kills after `seconds`. Returns its exit code."""
        atexit.unregister(self.stop)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)  # Children it left behind are in its session.
        if not self._output.closed:
            self._output.close()
        return self.process.returncode

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_on_free_port(
    name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
) -> tuple[Part, int]:
    """Starts a server whose command holds "{port}" somewhere; tries again when another took the port."""
    for attempt in range(5):
        port = free_port()
        part = Part(name, [str(word).replace("{port}", str(port)) for word in command], env)
        try:
            part.wait_for_port(port)
            return part, port
        except PartError as error:
            part.stop()
            if attempt == 4 or "in use" not in str(error):
                raise
    raise AssertionError("unreachable")
