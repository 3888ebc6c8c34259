# SPDX-License-Identifier: Apache-2.0
"""Runs that are killed, and go on: nothing lost, nothing paid twice."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import parts

ROWS = 3000


def write_csv(path: Path, rows: int = ROWS) -> Path:
    refused = {row for row in range(1, rows + 1) if row % 50 == 0}
    path.write_text("id,refuse\n" + "".join(f"{i},{'true' if i in refused else 'false'}\n" for i in range(1, rows + 1)))
    return path


def arguments(
    table: Path, api: parts.MockApi, folder: Path, *more: str | Path, url: str = "/score", rate: str = "1500/s"
) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + url, "--rate", rate, "--run-dir", str(folder / "run")),
        *("--response", "score=/score:double!", "--to", f"{folder}/out.parquet", "--set", "sink.part_rows=700"),
        *("--set", "source.types={refuse='bool'}", "--quiet", *map(str, more)),
    ]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `rowcall ...` in the background; what still runs in the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "output.txt").open("ab") as log:
            running.append(
                subprocess.Popen(
                    [parts.rowcall_path(), *words],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "HOME": str(tmp_path)},
                )
            )
        return running[-1]

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def status(folder: Path) -> dict[str, Any]:
    done = parts.rowcall("status", folder / "run", "--json")
    assert done.code == 0, done
    return json.loads(done.out)


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"{what} has not happened after {seconds} s"
        time.sleep(0.005)


def rows_done(folder: Path) -> int:
    done = parts.rowcall("status", folder / "run", "--json")
    if done.code != 0:
        return 0
    said = json.loads(done.out)
    return said["rows"] + said["answers_kept"]


def killed_run(
    start: Any, table: Path, api: parts.MockApi, folder: Path, *more: str | Path, after: int = 900
) -> dict[str, Any]:
    process = start(*arguments(table, api, folder, *more))
    wait_until(lambda: rows_done(folder) >= after or process.poll() is not None, f"{after} rows done")
    assert process.poll() is None, (folder / "output.txt").read_text()
    process.send_signal(signal.SIGKILL)
    process.wait()
    return status(folder)


def test_a_killed_run_goes_on_and_pays_nothing_twice(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    said = killed_run(start, table, api, tmp_path)
    assert said["state"] == "not finished" and said["running"] is False
    assert said["sums_add_up"]
    assert "again" in said["next_step"]
    arrived = api.stats()["rows_unique"]
    done = rowcall(*arguments(table, api, tmp_path))
    assert done.code == 4, done
    assert re.search(r"Going on with .*rows are done.*answers are in the ledger.*will be repeated", done.err), done
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["id"].to_pylist() == [i for i in range(1, ROWS + 1) if i % 50 != 0]
    assert out["score"].null_count == 0
    stats = api.stats()
    assert stats["rows_unique"] == ROWS, "the same keys"
    # In flight and not yet synced: what had arrived and is not durable.
    assert stats["rows_answered_twice"] <= arrived - said["rows"] - said["answers_kept"]
    said = status(tmp_path)
    assert (said["state"], said["rows"], said["ok"], said["failed"]) == ("complete", ROWS, ROWS - 60, 60)
    assert said["answers_kept"] == 0 and sum(part["rows"] for part in said["parts"]) == ROWS - 60
    assert "retry" in said["next_step"]
    again = rowcall(*arguments(table, api, tmp_path))
    assert again.code == 4 and "nothing left to do" in again.err
    assert api.stats()["arrivals"] == stats["arrivals"]


def test_a_stop_keeps_every_answer(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms", errors="503:0.1")
    table = write_csv(tmp_path / "in.csv")
    process = start(*arguments(table, api, tmp_path))
    wait_until(lambda: rows_done(tmp_path) > 500, "rows done")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130, (tmp_path / "output.txt").read_text()
    assert status(tmp_path)["calls_under_way"] == 0
    done = rowcall(*arguments(table, api, tmp_path))
    assert done.code == 4, done
    assert pq.read_table(tmp_path / "out.parquet").num_rows == ROWS - 60
    assert api.stats()["rows_answered_twice"] == 0


def test_the_cap_on_errors_counts_over_all_sessions(rowcall, mock_api, tmp_path):
    api = mock_api(latency="5ms")
    table = write_csv(tmp_path / "in.csv")
    capped = arguments(table, api, tmp_path, "--max-errors", "10")
    first = rowcall(*capped)
    failed = status(tmp_path)["failed"]
    assert first.code == 3 and failed >= 10 and "earlier sessions" not in first.err, first
    second = rowcall(*capped)
    assert second.code == 3 and f"{failed} of them in earlier sessions" in second.err, second
    again = status(tmp_path)["failed"]
    assert failed < again < 60, "it stops at the next one"
    raised = rowcall(*arguments(table, api, tmp_path, "--max-errors", "100"))
    assert raised.code == 4 and status(tmp_path)["failed"] == 60, raised


def test_status_while_the_run_goes_on(mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    process = start(*arguments(table, api, tmp_path))
    wait_until(lambda: rows_done(tmp_path) > 100, "rows done")
    said = status(tmp_path)
    assert process.poll() is None
    assert said["running"] is True and said["state"] == "running" and said["next_step"] == ""
    text = parts.rowcall("status", tmp_path / "run")
    assert "running" in text.out and "the sums add up" in text.out, text
    second = parts.rowcall(*arguments(table, api, tmp_path))
    assert second.code == 2 and "another run is using this run directory" in second.err, second
    nothing = parts.rowcall("status", tmp_path / "nothing")
    assert nothing.code == 1 and "no run there" in nothing.err, nothing


def test_a_changed_job_or_source_is_noticed(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    killed_run(start, table, api, tmp_path, after=300)
    other = rowcall(*arguments(table, api, tmp_path, url="/score?v=2"))
    assert other.code == 1 and "request.url was" in other.err and "--accept-changes" in other.err, other
    shape = rowcall(*arguments(table, api, tmp_path, "--accept-changes", "--response", "label=/label:string"))
    assert shape.code == 1 and "response.columns" in shape.err and "--fresh" in shape.err, shape
    with table.open("a") as more:
        more.write(f"{ROWS + 1},false\n")
    grown = rowcall(*arguments(table, api, tmp_path))
    assert grown.code == 1 and "bytes and has" in grown.err and "in.csv" in grown.err, grown
    accepted = rowcall(*arguments(table, api, tmp_path, "--accept-changes", rate="2000/s"))
    assert accepted.code == 4 and "limits.rate was" in accepted.err, accepted
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist()[-1] == ROWS + 1
    fresh = rowcall(*arguments(table, api, tmp_path, "--fresh", "--overwrite", rate="unlimited"))
    assert fresh.code == 4 and "Going on" not in fresh.err, fresh
    assert api.stats()["rows_unique"] == 2 * (ROWS + 1), "a new run has keys of its own"


def test_calls_of_unknown_fate_are_not_repeated(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="200ms")
    table = write_csv(tmp_path / "in.csv")
    never = ("--set", "request.idempotency=never")
    said = killed_run(start, table, api, tmp_path, *never, after=300)
    assert said["calls_under_way"] > 0
    done = rowcall(*arguments(table, api, tmp_path, *never))
    assert done.code == 4, done
    assert api.stats()["rows_answered_twice"] == 0
    answered = set(pq.read_table(tmp_path / "out.parquet")["id"].to_pylist())
    failed = {}
    for file in (tmp_path / "run" / "failures").rglob("*.parquet"):
        for row in pq.read_table(file).to_pylist():
            failed[row["id"]] = row["error_class"]
    assert answered | set(failed) == set(range(1, ROWS + 1)) and not answered & set(failed)
    unknown = [row for row, kind in failed.items() if kind == "unknown_fate"]
    assert 0 < len(unknown) < 1500
    assert all(row % 50 == 0 for row, kind in failed.items() if kind != "unknown_fate")


def test_a_damaged_ledger_is_said_and_never_used(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    killed_run(start, table, api, tmp_path)
    database = tmp_path / "run" / "ledger.db"
    with sqlite3.connect(database) as ledger:
        ledger.execute("UPDATE answers SET data = data || x'00' WHERE id = (SELECT max(id) FROM answers)")
    ledger.close()
    refused = rowcall(*arguments(table, api, tmp_path))
    assert refused.code == 1 and "damaged" in refused.err and "--drop-damaged" in refused.err, refused
    done = rowcall(*arguments(table, api, tmp_path, "--drop-damaged"))
    assert done.code == 4 and "1 damaged" in done.err, done
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [i for i in range(1, ROWS + 1) if i % 50 != 0]


def test_a_flipped_bit_in_the_ledger(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    killed_run(start, table, api, tmp_path, after=1200)
    parts.rowcall("status", tmp_path / "run")
    database = tmp_path / "run" / "ledger.db"
    sqlite3.connect(database).execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    whole = bytearray(database.read_bytes())
    place = whole.rindex(b"run_id") if b"run_id" in whole else len(whole) // 2
    whole[place] ^= 1
    database.write_bytes(whole)
    refused = rowcall(*arguments(table, api, tmp_path))
    assert refused.code == 1 and "ledger.db" in refused.err, refused


def test_without_the_ledger_a_run_goes_on_part_by_part(rowcall, mock_api, start, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    off = ("--no-ledger",)
    process = start(*arguments(table, api, tmp_path, *off))
    wait_until(lambda: rows_done(tmp_path) >= 700, "a part is there")
    process.kill()
    process.wait()
    assert status(tmp_path)["answers_kept"] == 0
    done = rowcall(*arguments(table, api, tmp_path, *off))
    assert done.code == 4, done
    assert pq.read_table(tmp_path / "out.parquet").num_rows == ROWS - 60


def test_retries_take_up_what_is_failed_still(rowcall, tmp_path):
    table = tmp_path / "in.csv"
    table.write_text("id\n" + "".join(f"{i}\n" for i in range(1, 41)))
    run = tmp_path / "run"
    rules: list[dict[str, Any]] = [
        {"row": 7, "status": 422, "body": "{}", "attempt": 1},
        {"row": 9, "status": 409, "body": "{}", "attempt": 1},
        {"row": 9, "status": 422, "body": "{}", "attempt": 2},
        {"row": 11, "status": 422, "body": "{}", "attempt": 1},
        {"body": '{"score": $id}'},
    ]

    def calls_of(row: int) -> int:
        return sum(json.loads(seen.body)["id"] == row for seen in api.seen)

    with parts.ScriptedApi(rules) as api:
        words = ("--to", tmp_path / "out.parquet", "--run-dir", run, "--response", "score=/score:int64")
        done = rowcall("run", table, "--url", api.url, *words)
        assert done.code == 4, done
        failures = {row["id"]: row["error_class"] for row in pq.read_table(run / "failures").to_pylist()}
        assert set(failures) == {7, 9, 11}
        none = rowcall("retry", run, "--only", "transient")
        assert none.code == 0 and "no failed rows of class transient" in none.err, none
        kind = failures[9]
        first = rowcall("retry", run, "--only", kind)
        assert first.code == 4, first
        assert calls_of(9) == 2 and calls_of(7) == (2 if failures[7] == kind else 1)
        second = rowcall("retry", run)
        assert second.code == 0, second
        assert (calls_of(7), calls_of(9), calls_of(11)) == (2, 3, 2)
        third = rowcall("retry", run)
        assert third.code == 0 and "no failed rows" in third.err, third
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["id"].to_pylist() == list(range(1, 41)), "each in its place"
    assert out["score"].to_pylist() == list(range(1, 41))
    said = status(tmp_path)
    assert (said["rows"], said["ok"], said["failed"], said["sums_add_up"]) == (40, 40, 0, True)


@pytest.mark.parametrize("order", ["input", "any"])
def test_answers_of_a_retry_find_their_place_among_parts(rowcall, tmp_path, order):
    table = tmp_path / "in.csv"
    table.write_text("id,name\n" + "".join(f"{i},n\n" if i != 50 else "50,too,many\n" for i in range(1, 201)))
    run = tmp_path / "run"
    rules: list[dict[str, Any]] = [
        *({"row": i, "status": 422, "body": "{}", "attempt": 1} for i in range(7, 200, 7)),
        {"row": 14, "status": 422, "body": "{}"},  # for ever
        {"body": '{"score": $id}'},
    ]
    rest = [i for i in range(1, 201) if i not in (14, 50)]
    with parts.ScriptedApi(rules) as api:
        words = ("--to", f"{tmp_path}/out/", "--run-dir", run, "--response", "score=/score:int64", "--order", order)
        done = rowcall("run", table, "--url", api.url, *words, "--set", "sink.part_rows=30", "--batch-size", "10")
        assert done.code == 4, done
        assert rowcall("retry", run).code == 4
        calls = len(api.seen)
        (run / "retries" / "1" / "merged").unlink()  # as if killed just before it was noted
        assert rowcall("retry", run).code == 4
        assert len(api.seen) == calls + 1, "row 14 only"
    out = pq.read_table(tmp_path / "out")
    assert (out["id"].to_pylist() if order == "input" else sorted(out["id"].to_pylist())) == rest
    assert out["score"].to_pylist() == out["id"].to_pylist()
    said = status(tmp_path)
    assert (said["rows"], said["ok"], said["failed"], said["unreadable"]) == (200, 198, 1, 1)
    assert said["sums_add_up"] and sum(part["rows"] for part in said["parts"]) == 198
    failures = pq.read_table(run / "failures").to_pylist()
    assert sorted(row["row_id"] for row in failures) == [13, 49]
