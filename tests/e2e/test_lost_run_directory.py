# SPDX-License-Identifier: Apache-2.0
"""The run directory is lost, and the parts at the sink say what is done: on disk and in S3."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts

ROWS = 3000
PART_ROWS = 400
REFUSED = {row for row in range(1, ROWS + 1) if row % 50 == 0}
UNREADABLE = {row for row in range(1, ROWS + 1) if row % 333 == 0}
ANSWERED = [row for row in range(1, ROWS + 1) if row not in REFUSED | UNREADABLE]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = (f"{i},too,many\n" if i in UNREADABLE else f"{i},{str(i in REFUSED).lower()}\n" for i in range(1, ROWS + 1))
    path = tmp_path / "in.csv"
    path.write_text("id,refuse\n" + "".join(rows))
    return path


@pytest.fixture(params=["disk", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, dict[str, str]]:
    """A folder of parts as the command writes it, as we look at it, and the way there."""
    if request.param == "disk":
        return f"{tmp_path}/out/", tmp_path / "out", {}
    store, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return f"s3://{bucket}/out/", store.folder / bucket / "out", store.env


def words(
    table: Path, api: parts.MockApi, target: str, folder: Path, *more: str | Path, rate: str = "2000/s"
) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--rate", rate, "--to", target, "--run-dir", str(folder)),
        *("--response", "score=/score:double!", "--response", "label=/label:string", "--batch-size", "50", "--quiet"),
        *("--set", f"sink.part_rows={PART_ROWS}", "--set", "source.types={refuse='bool',id='int64'}", *map(str, more)),
    ]


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Starts `rowcall ...`, kills it when something has happened."""
    running: list[subprocess.Popen[bytes]] = []

    def run(arguments: list[str], env: dict[str, str], happened: Callable[[], bool]) -> None:
        with (tmp_path / "output.txt").open("ab") as log:
            process = subprocess.Popen(
                [parts.rowcall_path(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(tmp_path), **env},
            )
        running.append(process)
        until = time.monotonic() + 60
        while not happened():
            assert process.poll() is None, (tmp_path / "output.txt").read_text()
            assert time.monotonic() < until, "nothing has happened"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()

    yield run
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()


def read_table(folder: Path) -> pa.Table:
    return pa.concat_tables(pq.read_table(file) for file in sorted(folder.glob("part-*.parquet")))


def notes(folder: Path) -> int:
    return len(list(folder.glob("_rowcall/part-*.json")))


def has_notes(folder: Path, count: int) -> bool:
    return notes(folder) >= count


def called_rows_noted(folder: Path) -> int:
    """Rows that were answered or have failed, as the notes say."""
    called = 0
    failed: set[int] = set()
    for file in sorted(folder.glob("_rowcall/part-*.json")):
        note = json.loads(file.read_text().splitlines()[0])
        called = note["so_far"]["ok"]
        for reason in note["unanswered"]:
            for first, end in (map(int, span.split("-")) for span in reason["rows"].split()):
                failed |= set(range(first, end)) if reason["error_class"] != "unreadable" else set()
    return called + len(failed)


def failures(run: Path) -> dict[int, str]:
    rows = [row for file in sorted((run / "failures").rglob("*.parquet")) for row in pq.read_table(file).to_pylist()]
    found = {row["row_id"] + 1: row["error_class"] for row in rows}
    assert len(found) == len(rows), "a row is in the failure table twice"
    return found


@pytest.mark.parametrize("order", ["input", "any"])
def test_a_new_machine_goes_on_from_the_parts(rowcall, mock_api, killed, table, place, tmp_path, order):
    target, out, env = place
    api = mock_api(latency="30ms", jitter="30ms")
    undisturbed = rowcall(*words(table, api, f"{tmp_path}/whole/", tmp_path / "whole-run"))
    assert undisturbed.code == 4, undisturbed
    whole = read_table(tmp_path / "whole")
    assert whole["id"].to_pylist() == ANSWERED

    api = mock_api(latency="30ms", jitter="30ms")
    repeats_allowed = 0
    for number in range(3):  # three machines die
        wanted = notes(out) + 2
        lost = tmp_path / f"lost-{number}"
        killed(words(table, api, target, lost, "--order", order), env, functools.partial(has_notes, out, wanted))
        shutil.rmtree(lost)
        time.sleep(0.2)  # the API carries out what it has received
        repeats_allowed += api.stats()["rows_unique"] - called_rows_noted(out)
    run = tmp_path / "run"
    found = notes(out)
    done = rowcall(*words(table, api, target, run, "--order", order), env=env)
    assert done.code == 4, done
    assert found >= 6 and f"Found in {target.rstrip('/')}: {found} parts of this job" in done.err, done
    assert "The failure table is made anew, without calls" in done.err, done

    there = read_table(out)
    if order == "any":
        there = there.sort_by("id")
    assert there.equals(whole)
    assert failures(run) == failures(tmp_path / "whole-run")
    stats = api.stats()
    assert stats["rows_answered_twice"] <= repeats_allowed, "only what was in no part that was noted"
    assert stats["rows_unique"] == ROWS - len(UNREADABLE), "the same keys"
    assert stats["idempotency"]["violations"] == 0
    status = rowcall("status", run, "--json")
    said = json.loads(status.out)
    assert (said["state"], said["rows"], said["ok"], said["sums_add_up"]) == ("complete", ROWS, len(ANSWERED), True)
    assert (out / "_SUCCESS").exists()


def test_a_changed_job_or_source_is_noticed(rowcall, mock_api, killed, table, place, tmp_path):
    target, out, env = place
    api = mock_api(latency="30ms")
    killed(words(table, api, target, tmp_path / "lost"), env, lambda: notes(out) >= 2)
    shutil.rmtree(tmp_path / "lost")
    before = sorted(path.name for path in out.glob("part-*"))
    other = [
        word.replace(api.url + "/score", api.url + "/score?v=2") for word in words(table, api, target, tmp_path / "run")
    ]
    refused = rowcall(*other, env=env)
    assert refused.code == 1 and "request.url was" in refused.err and "--accept-changes" in refused.err, refused
    shape = rowcall(*words(table, api, target, tmp_path / "run", "--response", "more=/label:string"), env=env)
    assert shape.code == 1 and "response.columns" in shape.err and "--fresh --overwrite" in shape.err, shape
    with table.open("a") as more:
        more.write(f"{ROWS + 1},false\n")
    grown = rowcall(*words(table, api, target, tmp_path / "run"), env=env)
    assert grown.code == 1 and "bytes and has" in grown.err, grown
    assert sorted(path.name for path in out.glob("part-*")) == before, "nothing was touched"
    accepted = rowcall(*words(table, api, target, tmp_path / "run", "--accept-changes"), env=env)
    assert accepted.code == 4 and "Accepted:" in accepted.err, accepted
    assert read_table(out)["id"].to_pylist() == [*ANSWERED, ROWS + 1]
    calls = api.stats()["rows_unique"]
    fresh = rowcall(*words(table, api, target, tmp_path / "other", "--fresh", "--overwrite"), env=env)
    assert fresh.code == 4 and "Found" not in fresh.err, fresh
    assert api.stats()["rows_unique"] == calls + ROWS + 1 - len(UNREADABLE), "keys of its own"


def test_a_complete_table_needs_no_calls(rowcall, mock_api, place, tmp_path):
    target, _, env = place
    table = tmp_path / "in.csv"
    table.write_text("id,refuse\n" + "".join(f"{row},false\n" for row in range(1, 1001)))
    api = mock_api()
    first = rowcall(*words(table, api, target, tmp_path / "lost"), env=env)
    assert first.code == 0, first
    shutil.rmtree(tmp_path / "lost")
    calls = api.stats()["arrivals"]
    again = rowcall(*words(table, api, target, tmp_path / "run"), env=env)
    assert again.code == 0 and "The table is complete" in again.err and "nothing left to do" in again.err, again
    assert api.stats()["arrivals"] == calls
    assert json.loads(rowcall("status", tmp_path / "run", "--json").out)["state"] == "complete"
    anew = rowcall(*words(table, api, target, tmp_path / "other", "--overwrite"), env=env)
    assert anew.code == 0 and api.stats()["arrivals"] == 2 * calls, "a whole table is replaced when that is asked for"


def test_the_failures_of_a_complete_table_can_be_retried(rowcall, tmp_path):
    table = tmp_path / "in.csv"
    table.write_text("id\n" + "".join(f"{i}\n" for i in range(1, 101)))
    rules: list[dict[str, Any]] = [
        *({"row": row, "status": 422, "body": "{}", "attempt": 1} for row in (7, 55, 99, 100)),
        {"body": '{"score": $id}'},
    ]
    with parts.ScriptedApi(rules) as api:
        command: tuple[str | Path, ...] = (
            "run",
            table,
            "--url",
            api.url,
            "--to",
            f"{tmp_path}/out/",
            "--response",
            "score=/score:int64",
        )
        command += ("--set", "sink.part_rows=20", "--batch-size", "10")
        assert rowcall(*command, "--run-dir", tmp_path / "lost").code == 4
        shutil.rmtree(tmp_path / "lost")
        calls = len(api.seen)
        found = rowcall(*command, "--run-dir", tmp_path / "run")
        assert found.code == 4 and "without calls: 4 failed" in found.err, found
        assert len(api.seen) == calls
        rows = pq.read_table(tmp_path / "run" / "failures").to_pylist()
        assert [(row["id"], row["status"], row["attempts"]) for row in rows] == [(i, 422, 1) for i in (7, 55, 99, 100)]
        retried = rowcall("retry", tmp_path / "run")
        assert retried.code == 0, retried
    assert read_table(tmp_path / "out")["id"].to_pylist() == list(range(1, 101))


def test_two_run_directories_do_not_write_one_folder(rowcall, mock_api, table, place, tmp_path):
    """The old machine is not dead, only slow. On disk it holds a lock; in S3 it finds out before it spoils anything."""
    api = mock_api(latency="30ms")
    target, out, env = place
    with (tmp_path / "old.txt").open("wb") as log:
        old = subprocess.Popen(
            [parts.rowcall_path(), *words(table, api, target, tmp_path / "old", rate="500/s")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **env},
        )
    until = time.monotonic() + 60
    while notes(out) < 1 and time.monotonic() < until:
        time.sleep(0.01)
    new = rowcall(*words(table, api, target, tmp_path / "new"), env=env)
    code = old.wait(60)
    if not env:
        assert new.code == 2 and "another run is writing this table" in new.err, new
        assert code == 4
        assert read_table(out)["id"].to_pylist() == ANSWERED
        return
    assert new.code == 4, new
    assert code == 1 and "another run directory has gone on with these parts" in (tmp_path / "old.txt").read_text()
    assert read_table(out)["id"].to_pylist() == ANSWERED
    again = rowcall(*words(table, api, target, tmp_path / "old"), env=env)
    assert again.code == 1 and "another run directory has gone on" in again.err, again
    assert read_table(out)["id"].to_pylist() == ANSWERED


def test_the_limit_holds_across_the_loss(rowcall, mock_api, killed, tmp_path):
    """Killed, robbed of its run directory, started again at once; and the new one killed and started again."""
    api = mock_api(latency="5ms", audit="250/4s")
    table = tmp_path / "in.csv"
    table.write_text("id,refuse\n" + "".join(f"{row},false\n" for row in range(1, 451)))
    limits = ("--set", "sink.part_rows=50", "--set", 'limits.rate=["400/s", "250/4s", "5000/h"]')
    target, out, run = f"{tmp_path}/out/", tmp_path / "out", tmp_path / "run"
    killed(words(table, api, target, tmp_path / "lost", *limits), {}, lambda: api.stats()["arrivals"] >= 220)
    shutil.rmtree(tmp_path / "lost")
    proved = called_rows_noted(out)
    log = run / "logs" / "processor.log"
    lost = "the run directory was lost: calls begin in "
    killed(words(table, api, target, run, *limits), {}, lambda: log.exists() and lost in log.read_text())
    told = (tmp_path / "output.txt").read_text()
    assert f"the {proved} calls that the parts prove count as sent" in told, told
    assert "run.dir" not in told, "where a run is kept is no change of its job"
    done = rowcall(*words(table, api, target, run, *limits))
    assert done.code == 0, done
    assert log.read_text().count(lost) == 2, "known in the new run directory, too"
    assert read_table(out)["id"].to_pylist() == list(range(1, 451))
    limit = api.stats()["limits"][0]
    assert 240 <= limit["worst"] <= limit["calls"] == 250, limit


def test_calls_that_may_not_be_repeated(rowcall, mock_api, killed, table, tmp_path):
    api = mock_api(latency="30ms")
    target, out = f"{tmp_path}/out/", tmp_path / "out"
    never = ("--set", "request.idempotency=never")
    killed(words(table, api, target, tmp_path / "lost", *never), {}, lambda: notes(out) >= 2)
    shutil.rmtree(tmp_path / "lost")
    refused = rowcall(*words(table, api, target, tmp_path / "run", *never))
    assert refused.code == 1 and "nobody knows which calls were made" in refused.err, refused
    accepted = rowcall(*words(table, api, target, tmp_path / "run", *never, "--accept-changes"))
    assert accepted.code == 4, accepted
    assert read_table(out)["id"].to_pylist() == ANSWERED
