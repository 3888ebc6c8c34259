# SPDX-License-Identifier: Apache-2.0
"""Running the rowcall command and keeping what it said."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from parts.process import ROOT, PartError


def rowcall_path() -> Path:
    """The command: $ROWCALL, else the one that ./dev build makes."""
    path = Path(os.environ.get("ROWCALL") or ROOT / "build" / "release" / "rowcall").absolute()
    if not path.exists():
        raise PartError(f"there is no command {path}; ./dev build makes it")
    return path


def python_package() -> Path:
    """The folder to import rowcall from: $ROWCALL_PYTHON, else the one that ./dev build makes."""
    return Path(os.environ.get("ROWCALL_PYTHON") or ROOT / "build" / "release" / "python").absolute()


@dataclasses.dataclass(frozen=True)
class Done:
    """A command that has ended. A negative code is the signal that ended it."""

    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n--- out\n{self.out}\n--- err\n{self.err}"


def rowcall(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 120,
    stdin: str | bytes = b"",
) -> Done:
    """Runs `rowcall ARGUMENTS` to its end. One that takes longer than `timeout` is killed, and the caller fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        [rowcall_path(), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin.encode() if isinstance(stdin, str) else stdin, timeout)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            said = (out + err).decode("utf-8", "replace")[-4000:]
            words = " ".join(map(str, arguments))
            raise PartError(f"rowcall {words} had not ended after {timeout} s; it printed:\n{said}") from None
        raise
    return Done(process.returncode, out.decode(), err.decode(), time.monotonic() - started)
