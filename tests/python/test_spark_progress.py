# SPDX-License-Identifier: Apache-2.0
"""What tasks tell the driver, and which of two attempts may call: without Spark, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from rowcall._spark_progress import Board, Listener, Teller, attempts_at, rate_of


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener("127.0.0.1")
    yield made
    made.close()


@pytest.fixture
def board(listener: Listener) -> Board:
    made = Board()
    listener.add(made)
    return made


def teller(listener: Listener, board: Board, task: str, token: str | None = None) -> Teller:
    return Teller(("127.0.0.1", listener.port), token or listener.token, board.run, task)


def eventually(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < until, "it has not happened after 10 s"
        time.sleep(0.01)


def numbers(rows: int, **more: object) -> dict[str, object]:
    return {"rows": rows, "failed": 0, "attempts": rows, "in_flight": 3, "held": "", **more}


def test_tasks_are_added_up_and_the_last_word_counts(listener: Listener, board: Board) -> None:
    one, other = teller(listener, board, "0-11"), teller(listener, board, "1-12")
    one.tell(False, **numbers(10))
    other.tell(False, **numbers(5, held="Retry-After"))
    one.tell(False, **numbers(30))
    eventually(lambda: board.progress().rows == 35)
    now = board.progress()
    assert (now.attempts, now.in_flight, now.tasks_running, now.held) == (35, 6, 2, "Retry-After")
    assert now.rate == 0.0, "nobody knows after a moment"
    one.tell(True, **numbers(40))
    other.tell(True, **numbers(5))
    eventually(lambda: board.progress().tasks_ended == 2)
    assert (board.progress().rows, board.progress().in_flight, board.progress().rate) == (45, 0, 0.0)


def test_the_rate_is_that_of_all_at_the_same_time() -> None:
    # 300 a second together: the first alone for three seconds, then each 150. They tell at different moments.
    one = [(t / 2, int(300 * min(t / 2, 3) + 150 * max(t / 2 - 3, 0))) for t in range(13)]
    other = [(3 + t / 2 + 0.2, int(150 * (t / 2 + 0.2))) for t in range(6)]
    other.insert(0, (2.7, 0))
    for now in (2.0, 3.0, 3.6, 4.0, 4.7, 5.0, 6.1):
        assert rate_of([one, other], now) == pytest.approx(300, rel=0.06), now
    assert rate_of([one], 1.4) == 0.0
    assert rate_of([], 10.0) == 0.0
    assert attempts_at(one, 0.25) == 75
    assert attempts_at(one, 100) == one[-1][1]


def test_the_board_tells_the_rate(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("rowcall._spark_progress.time.monotonic", lambda: clock[0])
    for step in range(40):
        clock[0] = 100 + step / 2
        board.note({"task": "0-11", "ended": False, **numbers(50 * (step + 1))})
    assert board.progress().rate == pytest.approx(100)
    board.note({"task": "0-11", "ended": True, **numbers(2000)})
    assert board.progress().rate == 0.0


def test_a_task_begun_again_is_not_counted_twice(listener: Listener, board: Board) -> None:
    first = teller(listener, board, "0-11")
    first.tell(False, **numbers(100))
    eventually(lambda: board.progress().rows == 100)
    first.close()  # killed
    again = teller(listener, board, "0-19")
    again.tell(False, **numbers(130, attempts=40))
    eventually(lambda: board.progress().rows == 130)
    assert board.progress().attempts == 140
    eventually(lambda: board.progress().tasks_running == 1)
    again.close()


def test_nobody_without_the_token_is_heard(listener: Listener, board: Board) -> None:
    stranger = teller(listener, board, "0-11", token="another")
    stranger.tell(False, **numbers(10))
    stranger.close()
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as raw:
        raw.sendall(b"x" * 100_000 + b"\n")
        raw.settimeout(10)
        # It closes before it has read all, so the kernel may say "reset".
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(10) == b""
    friend = teller(listener, board, "1-12")
    friend.tell(False, **numbers(1))
    eventually(lambda: board.progress().rows == 1)
    friend.close()


def test_a_partition_belongs_to_one_attempt_until_its_connection_ends(listener: Listener, board: Board) -> None:
    first, second = teller(listener, board, "7-11"), teller(listener, board, "7-19")
    assert first.may_call(7)
    assert first.may_call(7), "asking again changes nothing"
    assert not second.may_call(7)
    assert second.may_call(8), "another partition is free"
    first.close()  # as the kernel does when the process is killed
    eventually(lambda: second.may_call(7))
    second.close()


def test_without_a_driver_calls_are_made_as_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    lost = Teller(("127.0.0.1", port), "token", "run", "0-1")
    assert lost.may_call(0)
    lost.tell(True, **numbers(1))
