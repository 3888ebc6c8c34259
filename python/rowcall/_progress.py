# SPDX-License-Identifier: Apache-2.0
"""Progress and log lines while a run goes on. Everything here happens on the thread that waits for the run."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

from rowcall import _engine

logger = logging.getLogger("rowcall")

_EVERY_S = 0.2


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"


def _make_bar(wanted: bool | None, rows: int, name: str) -> Any:
    if wanted is None:
        wanted = sys.stderr is not None and (sys.stderr.isatty() or _in_notebook())
    if not wanted:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        logger.debug("no progress is shown: tqdm is not installed")
        return None
    return tqdm(total=rows if rows >= 0 else None, unit=" rows", desc=name, dynamic_ncols=True)


class Watch:
    """Shows the progress of a run with tqdm, and hands its log lines to logging.getLogger("rowcall")."""

    def __init__(self, run: _engine.Run, wanted: bool | None, rows: int, name: str) -> None:
        self._run = run
        self._bar = _make_bar(wanted, rows, name)
        self._next = 0.0
        self._ended = False

    def look(self) -> None:
        """Cheap; does something five times a second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_S
        self._show()

    def _show(self) -> None:
        for level, text in self._run.messages():
            logger.log(level, "%s", text)
        if self._bar is None or (state := self._run.progress()) is None:
            return
        _, ended, failed, _, in_flight, held = state
        self._bar.update(ended - self._bar.n)
        if held:
            self._bar.set_postfix_str(f"held: {held}", refresh=False)
        else:
            self._bar.set_postfix({"failed": failed, "in flight": in_flight}, refresh=False)

    def end(self) -> None:
        """Shows the last state, and takes nothing more. Harmless when called again."""
        if self._ended:
            return
        self._ended = True
        self._show()
        if self._bar is not None:
            self._bar.close()
