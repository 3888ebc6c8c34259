# SPDX-License-Identifier: Apache-2.0
"""What rowcall.spark does in an executor, without Spark: partitions, keys, journals, failures."""

from __future__ import annotations

import collections
import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import parts
from rowcall._job import Job
from rowcall._journal import Journal
from rowcall._spark_progress import Board, Listener
from rowcall._spark_worker import ERROR_COLUMNS, KEY_COLUMN, Plan, row_keys, run_partition

ANSWERS = pa.schema([("score", pa.int64())])


@pytest.fixture
def server() -> Iterator[parts.ScoringApi]:
    with parts.ScoringApi() as made:
        yield made


def plan_for(url: str, *, failures: str = "columns", checkpoint: str = "") -> Plan:
    job = Job(
        env_file=False,
        url=url,
        rate="2000/s",
        response={"score": "/score:int64"},
        settings={
            "request.idempotency": "safe",
            "request.headers": {"Idempotency-Key": "{{" + KEY_COLUMN + "}}"},
            "request.columns": ["id", "name"],
            "run.order": "any",
            "source.path": "-",
            "source.format": "ndjson",
        },
    )
    types = pa.schema([*ANSWERS, *(ERROR_COLUMNS if failures == "columns" else [])])
    return Plan(
        toml=job.to_toml(),
        coordinator="",
        secret="",
        in_flight_max=8,
        environment={},
        names=["id", "name", *types.names],
        types=types,
        failures=failures,
        checkpoint=checkpoint,
        own_keys=True,
        salt="salt",
    )


def batches_of(*sizes: int) -> list[Any]:
    out = []
    start = 0
    for size in sizes:
        ids = list(range(start, start + size))
        out.append(pa.RecordBatch.from_pydict({"id": pa.array(ids, pa.int64()), "name": [f"row {i}" for i in ids]}))
        start += size
    return out


def rows_of(plan: Plan, batches: list[Any], told: dict[str, int] | None = None) -> list[dict[str, Any]]:
    sums: collections.Counter[str] = collections.Counter()
    out = [row for batch in run_partition(plan, iter(batches), sums.update) for row in batch.to_pylist()]
    if told is not None:
        told.update(sums)
    return sorted(out, key=lambda row: row["id"])


def test_every_row_is_answered_in_the_declared_columns(server: parts.ScoringApi) -> None:
    told: dict[str, int] = {}
    rows = rows_of(plan_for(server.url), batches_of(30, 20), told)
    assert [row["score"] for row in rows] == [10 * i for i in range(50)]
    assert list(rows[0]) == ["id", "name", "score", *ERROR_COLUMNS.names]
    assert rows[0]["rowcall_error_class"] is None
    assert told["ok"] == told["attempts"] == 50
    assert told["partitions"] == 1


def test_an_empty_partition_calls_nobody(server: parts.ScoringApi) -> None:
    assert rows_of(plan_for(server.url), []) == []
    assert server.calls == []


def test_refused_rows_stay_with_the_reason_or_are_counted(server: parts.ScoringApi) -> None:
    server.refused = {3, 7}
    rows = rows_of(plan_for(server.url), batches_of(10))
    assert len(rows) == 10
    assert [row["id"] for row in rows if row["rowcall_error_class"]] == [3, 7]
    assert rows[3]["rowcall_status"] == 400
    assert rows[3]["score"] is None
    assert rows[3]["name"] == "row 3"
    told: dict[str, int] = {}
    assert len(rows_of(plan_for(server.url, failures="drop"), batches_of(10), told)) == 8
    assert told["failed"] == 2
    with pytest.raises(Exception, match="a row was not answered"):
        rows_of(plan_for(server.url, failures="fail"), batches_of(10))


def test_a_repeated_task_calls_only_what_its_journal_lacks(server: parts.ScoringApi, tmp_path: Path) -> None:
    plan = plan_for(server.url, checkpoint=str(tmp_path))
    stream = run_partition(plan, iter(batches_of(300, 300, 300)), lambda _: None)
    next(stream)
    stream.close()  # killed by Spark, after the first batch was seen
    kept = Journal(str(tmp_path), plan.salt, 0, "look").read().num_rows
    assert kept >= 200
    before = len(server.calls)
    told: dict[str, int] = {}
    # In another order, as after a shuffle.
    rows = rows_of(plan, list(reversed(batches_of(300, 300, 300))), told)
    assert [row["score"] for row in rows] == [10 * i for i in range(900)]
    assert told["from_journal"] == kept
    assert len(server.calls) - before == 900 - kept
    # Once more: everything is known.
    before = len(server.calls)
    assert len(rows_of(plan, batches_of(300, 300, 300))) == 900
    assert len(server.calls) == before


def test_a_second_attempt_waits_for_the_first_and_calls_nothing_again(server: parts.ScoringApi, tmp_path: Path) -> None:
    # Speculation: Spark begins a task once more while it runs.
    board, listener = Board(), Listener("127.0.0.1")
    listener.add(board)
    plan = plan_for(server.url, checkpoint=str(tmp_path))
    plan = dataclasses.replace(plan, told_to=("127.0.0.1", listener.port), token=listener.token, run=board.run)
    results: list[list[dict[str, Any]]] = []

    def attempt() -> None:
        results.append(rows_of(plan, batches_of(400, 400)))

    attempts = [threading.Thread(target=attempt) for _ in range(2)]
    for thread in attempts:
        thread.start()
    for thread in attempts:
        thread.join(60)
    listener.close()
    assert [len(rows) for rows in results] == [800, 800]
    assert results[0] == results[1]
    assert len(server.calls) == 800, "each row is called once"
    assert board.progress().rows == 800


def test_a_row_has_the_same_key_in_every_attempt_and_equal_rows_have_two(server: parts.ScoringApi) -> None:
    twice = batches_of(5) + batches_of(5)
    rows_of(plan_for(server.url), twice)
    keys = collections.Counter(key for _, key in server.calls)
    assert len(keys) == 10
    server.calls.clear()
    rows_of(plan_for(server.url), twice)
    assert collections.Counter(key for _, key in server.calls) == keys


def test_keys_tell_nulls_from_empty_texts_and_columns_apart() -> None:
    def key(**columns: Any) -> str:
        return row_keys(pa.RecordBatch.from_pydict(columns), "s", collections.Counter())[0].as_py()

    text = pa.string()
    different = [
        key(a=pa.array([None], text), b=pa.array(["x"])),
        key(a=pa.array([""]), b=pa.array(["x"])),
        key(a=pa.array(["x"]), b=pa.array([None], text)),
        key(a=pa.array([[1, 2]]), b=pa.array(["x"])),
        key(a=pa.array([b"\xff"]), b=pa.array(["x"])),
        key(a=pa.array([1.5]), b=pa.array(["x"])),
    ]
    assert len(set(different)) == len(different)


def test_a_journal_that_was_cut_short_is_no_answer(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), "job", 0, "one")
    journal.append(batches_of(3)[0])
    (tmp_path / "job" / "partition-00000" / "two-000001.arrow").write_bytes(b"ARROW1\0\0cut")
    (tmp_path / "job" / "partition-00000" / "two-000002.arrow.part").write_bytes(b"")
    assert Journal(str(tmp_path), "job", 0, "three").read().num_rows == 3
