# SPDX-License-Identifier: Apache-2.0
"""The rowcall command in the background, for tests that disturb it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parts.command import rowcall, rowcall_path


def rows_done(run: Path) -> int:
    """Rows of a run that are in parts, or whose answers are in the ledger."""
    done = rowcall("status", run, "--json")
    if done.code != 0:
        return 0
    state = json.loads(done.out)
    rows: int = state["rows"] + state["answers_kept"]
    return rows


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Looks again and again, for a process that cannot tell us; fails after `seconds`."""
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: has not happened after {seconds} s")
        time.sleep(0.005)


class Started:
    """`rowcall WORDS...` in the background; `said()` is what it has said. Killed at the end of the block if need be."""

    def __init__(self, words: Sequence[str | Path], folder: Path, env: Mapping[str, str] | None = None, **popen: Any):
        self._output = folder / "output.txt"
        self._from = self._output.stat().st_size if self._output.exists() else 0
        with self._output.open("ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **popen}
            self.process = subprocess.Popen(
                [str(rowcall_path()), *map(str, words)],
                env={**os.environ, "HOME": str(folder), **(env or {})},
                **options,
            )

    def said(self) -> str:
        with self._output.open("rb") as file:
            file.seek(self._from)
            return file.read().decode("utf-8", "replace")

    def alive(self) -> bool:
        return self.process.poll() is None

    def wait_for_rows(self, run: Path, rows: int) -> None:
        """Until so many rows are done; the process must be alive then."""
        wait_until(lambda: rows_done(run) >= rows or not self.alive(), f"{rows} rows are done")
        if not self.alive():
            raise AssertionError(f"it has ended already:\n{self.said()}")

    def wait(self, seconds: float = 120) -> int:
        """Its exit code; a negative one is the signal that ended it."""
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
