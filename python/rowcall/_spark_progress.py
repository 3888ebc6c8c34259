# SPDX-License-Identifier: Apache-2.0
"""How far tasks have come, told to the driver while they run (Spark's own accumulators come when a task has ended), and
which of two attempts of a task may call.

A task connects to the driver and writes a line twice a second:

    HMAC-SHA256 of the rest, in hex, a blank, {"run": ..., "task": ..., "attempts": 812, ...}

Numbers are sums since the task began, so a line that is lost or comes twice does no harm; a line whose HMAC is not
of the driver's token is ignored. Nothing of the table is in them.

An attempt that has a journal first asks, with {"run": ..., "task": ..., "partition": 7}, and is answered "yes" or
"wait". Its partition is its own until its connection ends, as that of a killed process does at once, or nothing was
heard of it for a minute. Without a connection everybody may call, as without this file.
"""

from __future__ import annotations

import bisect
import contextlib
import dataclasses
import hmac
import json
import secrets
import socket
import socketserver
import threading
import time
from collections.abc import Collection
from typing import Any

TOLD_EVERY_S = 0.5
_RATE_OVER_LEAST_S = 1.0
_RATE_OVER_S = 5.0
_SILENCE_MAX_S = 60.0
_LINE_MAX = 4096


def _sealed(token: str, text: bytes) -> bytes:
    return hmac.new(token.encode(), text, "sha256").hexdigest().encode()


class Teller:
    """A task's end of it. Never raises, never waits for more than a second."""

    def __init__(self, address: tuple[str, int] | None, token: str, run: str, task: str) -> None:
        self._address = address
        self._token = token
        self._named = {"run": run, "task": task}
        self._socket: socket.socket | None = None

    def tell(self, ended: bool, **numbers: Any) -> None:
        if self._address is None:
            return
        text = json.dumps({**self._named, "ended": ended, **numbers}).encode()
        self._send(text)
        if ended or self._address is None:
            self.close()

    def may_call(self, partition: int) -> bool:
        """Whether no other attempt of this partition is at work."""
        if self._address is None:
            return True
        self._send(json.dumps({**self._named, "partition": partition}).encode())
        try:
            return self._socket is None or self._socket.recv(16) != b"wait\n"
        except OSError:
            self._address = None
            return True

    def _send(self, text: bytes) -> None:
        try:
            if self._socket is None and self._address is not None:
                self._socket = socket.create_connection(self._address, timeout=1)
            if self._socket is not None:
                self._socket.sendall(_sealed(self._token, text) + b" " + text + b"\n")
        except OSError:
            self._address = None

    def close(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
            self._socket = None


@dataclasses.dataclass(frozen=True)
class Progress:
    """All tasks of a call of `enrich`, as they last told: a second old at most."""

    rows: int
    """Rows that have their ending, from_journal included; failed ones too."""
    failed: int
    attempts: int
    in_flight: int
    tasks_running: int
    tasks_ended: int
    rate: float
    """Attempts a second over five seconds, up to half a second ago; 0.0 in the first second and a half."""
    held: str
    """Why calls are held, of one of the tasks that say so, or ""."""

    def __str__(self) -> str:
        held = f", held: {self.held}" if self.held else ""
        return (
            f"{self.rows:,} rows, {self.failed:,} failed, {self.rate:,.0f} calls a second, "
            f"{self.tasks_running} tasks running{held}"
        )


Told = list[tuple[float, int]]
"""When a task told, and how many attempts it had made: one line after the other."""


def attempts_at(told: Told, when: float) -> float:
    """Between two lines evenly; after the last one none."""
    after = bisect.bisect_right(told, when, key=lambda line: line[0])
    if after == 0:
        return told[0][1]
    if after == len(told):
        return told[-1][1]
    (begun, few), (ended, many) = told[after - 1], told[after]
    return few + (many - few) * (when - begun) / (ended - begun)


def rate_of(tasks: Collection[Told], now: float) -> float:
    """Attempts a second of all tasks. Each told at another moment: what all had made is asked for at the same two."""
    if not tasks:
        return 0.0
    until = now - TOLD_EVERY_S
    since = max(until - _RATE_OVER_S, min(told[0][0] for told in tasks))
    if until - since < _RATE_OVER_LEAST_S:
        return 0.0
    return sum(attempts_at(told, until) - attempts_at(told, since) for told in tasks) / (until - since)


class Board:
    """What the tasks of one call of `enrich` have told."""

    def __init__(self) -> None:
        self.run = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._tasks: dict[str, dict[str, Any]] = {}
        self._told: dict[str, Told] = {}  # of each task, as far as the rate needs it
        self._owners: dict[int, tuple[str, float]] = {}  # by partition: the task, and when it was heard of last

    def note(self, told: dict[str, Any]) -> None:
        now = time.monotonic()
        with self._lock:
            task = str(told["task"])
            self._tasks[task] = told
            for partition, (owner, _) in list(self._owners.items()):
                if owner == task:
                    self._owners[partition] = (task, now)
            lines = self._told.setdefault(task, [(now - TOLD_EVERY_S, 0)])
            lines.append((now, told["attempts"]))
            self._forget(now - _RATE_OVER_S - 2 * TOLD_EVERY_S)

    def _forget(self, before: float) -> None:
        for task, lines in list(self._told.items()):
            while len(lines) > 1 and lines[1][0] < before:
                lines.pop(0)
            if lines[-1][0] < before and self._tasks[task]["ended"]:
                del self._told[task]

    def claim(self, partition: int, task: str) -> bool:
        """Whether the task may call its partition: nobody else is at it."""
        now = time.monotonic()
        with self._lock:
            owner, heard = self._owners.get(partition, (task, now))
            if owner != task and now < heard + _SILENCE_MAX_S:
                return False
            self._owners[partition] = (task, now)
            return True

    def release(self, task: str) -> None:
        """Nothing more will be heard of the task."""
        with self._lock:
            if task in self._tasks:
                self._tasks[task]["ended"] = True
            for partition in [p for p, (owner, _) in self._owners.items() if owner == task]:
                del self._owners[partition]

    def progress(self) -> Progress:
        with self._lock:
            tasks = list(self._tasks.values())
            rate = rate_of(self._told.values(), time.monotonic())
        running = [task for task in tasks if not task["ended"]]
        # A task that was begun again takes over what its first attempt has answered.
        best: dict[str, dict[str, Any]] = {}
        for task in tasks:
            partition = str(task["task"]).partition("-")[0]
            if partition not in best or best[partition]["rows"] < task["rows"]:
                best[partition] = task
        return Progress(
            rows=sum(task["rows"] for task in best.values()),
            failed=sum(task["failed"] for task in best.values()),
            attempts=sum(task["attempts"] for task in tasks),
            in_flight=sum(task["in_flight"] for task in running),
            tasks_running=len(running),
            tasks_ended=len(tasks) - len(running),
            rate=rate if running else 0.0,
            held=next((task["held"] for task in running if task["held"]), ""),
        )


class _Handler(socketserver.StreamRequestHandler):
    server: _Server
    timeout = 120

    def handle(self) -> None:
        spoke: set[tuple[str, str]] = set()
        try:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                while line := self.rfile.readline(_LINE_MAX):
                    seal, _, text = line.rstrip(b"\n").partition(b" ")
                    if not hmac.compare_digest(seal, _sealed(self.server.token, text)):
                        return
                    told = json.loads(text)
                    spoke.add((told["run"], told["task"]))
                    self._hear(told)
        finally:
            for run, task in spoke:
                if (board := self.server.boards.get(run)) is not None:
                    board.release(task)

    def _hear(self, told: dict[str, Any]) -> None:
        board = self.server.boards.get(told["run"])
        if "partition" in told:
            free = board is None or board.claim(told["partition"], told["task"])
            self.wfile.write(b"yes\n" if free else b"wait\n")
        elif board is not None:
            board.note(told)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        self.token = secrets.token_hex(32)
        self.boards: dict[str, Board] = {}


class Listener:
    """The driver's end: one for all calls of `enrich`."""

    def __init__(self, host: str) -> None:
        self._server = _Server(host)
        self.port: int = self._server.server_address[1]
        self.token = self._server.token
        threading.Thread(target=self._server.serve_forever, name="rowcall-progress", daemon=True).start()

    def add(self, board: Board) -> None:
        boards = self._server.boards
        boards[board.run] = board
        while len(boards) > 1000:  # of a stream that calls enrich for ever
            del boards[next(iter(boards))]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
