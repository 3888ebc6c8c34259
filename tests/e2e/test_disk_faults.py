# SPDX-License-Identifier: Apache-2.0
"""Disks that are full or may not be written, each of the files of a run by itself, and ledgers that are damaged.

A run that cannot remember ends, says where and why, and goes on when there is room; one that cannot log goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts

ROWS = 4000


def write_csv(path: Path, rows: int = ROWS) -> Path:
    path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, rows + 1)))
    return path


def words(table: Path, api: parts.MockApi, run: Path, to: str | Path, *more: str) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--rate", "2000/s", "--run-dir", str(run), "--to", str(to)),
        *("--response", "score=/score:double!", "--response", "label=/label", "--set", "sink.part_rows=500"),
        *("--quiet", *more),
    ]


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory, with room for `size`."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def grow(disk: Path) -> None:
    grown = subprocess.run(["mount", "-o", "remount,size=64m", disk], capture_output=True)
    assert grown.returncode == 0, grown


def whole_table(out: Path) -> pa.Table:
    return pq.read_table(out) if out.is_file() else pa.concat_tables(map(pq.read_table, sorted(out.glob("*.parquet"))))


def check_table(out: Path, rows: int = ROWS) -> None:
    table = whole_table(out)
    assert table["id"].to_pylist() == list(range(1, rows + 1))
    assert table["score"].null_count == 0


def check_repeats(api: parts.MockApi, most: int) -> None:
    stats = api.stats()
    assert stats["rows_unique"] == ROWS
    assert stats["rows_answered_twice"] <= most, stats


@pytest.mark.parametrize("room", ["120k", "300k", "700k"])
def test_no_room_for_the_run_directory(rowcall, mock_api, tmp_path, room):
    """Whichever of its files comes first."""
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    with small_disk(tmp_path / "disk", room) as disk:
        command = words(table, api, disk / "run", tmp_path / "out.parquet")
        full = rowcall(*command, timeout=60)
        assert full.code == 1, full
        assert ("no space left" in full.err.lower() or "full" in full.err) and "again" in full.err, full
        assert not (tmp_path / "out.parquet").exists()
        grow(disk)
        done = rowcall(*command, timeout=120)
        assert done.code == 0, done
    check_table(tmp_path / "out.parquet")
    # What was answered and could not be made durable any more.
    check_repeats(api, 1500)


def begin(rowcall, command: list[str]) -> None:
    """A first session of a hundred calls: what a run clears when it begins anew is there, and stays, from then on."""
    begun = rowcall(*command, "--max-calls", "100", timeout=60)
    assert begun.code == 3, begun


def move_to(place: Path, *paths: Path) -> None:
    """The files and folders live in `place` from now on."""
    for path in paths:
        shutil.move(path, place / path.name)
        path.symlink_to(place / path.name)


def test_no_room_for_the_ledger(rowcall, mock_api, tmp_path):
    """All else that is in a run directory lives on a disk with room."""
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    run, roomy = tmp_path / "run", tmp_path / "roomy"
    roomy.mkdir()
    with small_disk(run, "180k"):
        command = words(table, api, run, tmp_path / "out.parquet")
        begin(rowcall, command)
        move_to(roomy, *(run / name for name in ("logs", "staging", "calls.log", "metrics.ndjson", "events.ndjson")))
        full = rowcall(*command, timeout=60)
        assert full.code == 1, full
        assert "ledger.db" in full.err and "no space left" in full.err and "again" in full.err, full
        assert not (tmp_path / "out.parquet").exists()
        grow(run)
        done = rowcall(*command, timeout=60)
        assert done.code == 0, done
    check_table(tmp_path / "out.parquet")
    # What was answered and could not be made durable any more.
    check_repeats(api, 1000)


@pytest.mark.parametrize("to", ["disk/out/", "disk/out.parquet", "disk/out.csv"])
def test_no_room_for_a_part(rowcall, mock_api, tmp_path, to):
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    with small_disk(tmp_path / "disk", "36k") as disk:
        command = words(table, api, tmp_path / "run", f"{tmp_path}/{to}")
        full = rowcall(*command, timeout=60)
        assert full.code == 1, full
        assert str(disk) in full.err and "No space left" in full.err and "again" in full.err, full
        # What is seen is whole: parts, or nothing.
        assert not (tmp_path / to).is_file()
        for part in disk.glob("out/*.parquet"):
            pq.read_table(part)
        assert list(disk.rglob("*.part")) == []
        answered = api.stats()["rows_answered"] if "rows_answered" in api.stats() else api.stats()["rows_unique"]
        grow(disk)
        done = rowcall(*command, timeout=60)
        assert done.code == 0, done
        if to.endswith("csv"):
            assert (tmp_path / to).read_text().count("\n") == ROWS + 1
        else:
            check_table(tmp_path / to)
    assert answered <= ROWS
    # Each answer was in the ledger.
    check_repeats(api, 0)


def test_no_room_for_the_failure_table(rowcall, mock_api, tmp_path):
    api = mock_api(latency="5ms")
    table = tmp_path / "in.csv"
    table.write_text("id,refuse\n" + "".join(f"{i},true\n" for i in range(1, ROWS + 1)))
    run = tmp_path / "run"
    command = words(table, api, run, tmp_path / "out.parquet", "--set", "source.types={refuse='bool'}")
    begin(rowcall, command)
    with small_disk(tmp_path / "disk", "40k") as disk:
        move_to(disk, run / "failures")
        full = rowcall(*command, timeout=60)
        assert full.code == 1, full
        assert str(run / "failures") in full.err and "No space left" in full.err and "again" in full.err, full
        grow(disk)
        done = rowcall(*command, timeout=60)
        assert done.code == 4, done
        assert sorted(pq.read_table(disk / "failures")["id"].to_pylist()) == list(range(1, ROWS + 1))
    check_repeats(api, 0)


def test_no_room_for_logs_costs_only_the_logs(rowcall, mock_api, tmp_path):
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    command = words(table, api, run, tmp_path / "out.parquet")
    begin(rowcall, command)
    with small_disk(tmp_path / "disk", "24k") as disk:
        move_to(disk, run / "logs")
        done = rowcall(*command, "--log-level", "trace", timeout=60)
        assert sum(file.stat().st_size for file in (disk / "logs").iterdir()) <= 24 << 10
    assert done.code == 0, done
    assert "log file cannot be written" in done.err, done
    assert done.err.count("log file cannot be written") == 1, "told once"
    check_table(tmp_path / "out.parquet")
    check_repeats(api, 0)


def test_no_room_for_the_call_log_and_metrics(rowcall, mock_api, tmp_path):
    """The run goes on; `verify-rate` will not vouch for calls it has no record of."""
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    command = words(table, api, run, tmp_path / "out.parquet")
    begin(rowcall, command)
    with small_disk(tmp_path / "disk", "24k") as disk:
        move_to(disk, *(run / name for name in ("calls.log", "metrics.ndjson", "events.ndjson")))
        done = rowcall(*command, timeout=60)
        assert done.code == 0, done
        judged = rowcall("verify-rate", run)
        assert judged.code == 5, judged
        assert "calls are missing" in judged.out and "not proved" in judged.out, judged
    check_table(tmp_path / "out.parquet")
    check_repeats(api, 0)


@pytest.mark.parametrize("what", ["ledger", "part", "log"])
def test_files_that_may_not_grow(mock_api, tmp_path, what):
    """`ulimit -f`: the signal of it must not kill the run, its error is told like a full disk."""
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    command = words(table, api, run, tmp_path / "out.parquet", "--log-level", "trace" if what == "log" else "info")
    limit = {"ledger": 60_000, "part": 100_000, "log": 150_000}[what]

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    with parts.Started(command, tmp_path, preexec_fn=few) as process:
        code = process.wait()
        assert code in (0, 1), f"{code}\n{process.said()}"
        if code == 1:
            assert "again" in process.said(), process.said()
    with parts.Started(command, tmp_path) as process:
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")


def test_a_run_directory_that_may_not_be_written(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    run.mkdir()
    if os.geteuid() == 0:
        # Permissions do not hold root back; a read-only file system does.
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", run], capture_output=True)
        if mounted.returncode != 0:
            pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode().strip()}")
    else:
        run.chmod(0o500)
    try:
        done = rowcall(*words(table, api, run, tmp_path / "out.parquet"))
    finally:
        subprocess.run(["umount", "-l", run], check=False, capture_output=True)
    assert done.code in (1, 2), done
    assert str(run) in done.err and "Give this user the right" in done.err, done
    assert api.stats()["arrivals"] == 0, "nothing is called that could not be remembered"


def test_a_ledger_that_is_none(rowcall, mock_api, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    command = words(table, api, run, tmp_path / "out.parquet")
    with parts.Started(command, tmp_path) as process:
        process.wait_for_rows(run, 700)
    (run / "ledger.db").write_bytes(b"this is no ledger")
    for tail in ("-wal", "-shm"):
        (run / f"ledger.db{tail}").unlink(missing_ok=True)
    refused = rowcall(*command)
    assert refused.code == 1 and "ledger.db" in refused.err and "--fresh" in refused.err, refused
    looked = rowcall("status", run)
    assert looked.code == 1 and "damaged" in looked.err, looked
    done = rowcall(*command, "--fresh")
    assert done.code == 0, done
    check_table(tmp_path / "out.parquet")


def test_a_flipped_bit_is_never_used_in_silence(rowcall, mock_api, tmp_path):
    """A bit anywhere in a ledger: it is found and said, or it stands where nothing is read from."""
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    out = tmp_path / "out"
    command = words(table, api, run, f"{out}/")
    with parts.Started(command, tmp_path) as process:
        process.wait_for_rows(run, 1700)
        process.kill()
    # Everything into the one file, as after a clean stop.
    with contextlib.closing(sqlite3.connect(run / "ledger.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (answers,) = database.execute("SELECT data FROM answers ORDER BY id DESC LIMIT 1").fetchone()
    kept = tmp_path / "kept"
    shutil.copytree(run, kept / "run")
    shutil.copytree(out, kept / "out")
    whole = (kept / "run" / "ledger.db").read_bytes()
    dice = random.Random(20)
    # What SQLite itself reads first, without which nothing can be used; answers that are in no part yet.
    places = [whole.index(b"CREATE TABLE") + 3, whole.index(answers[:32]) + 16]
    said = []
    for number in range(16):
        for folder in ("run", "out"):
            shutil.rmtree(tmp_path / folder)
            shutil.copytree(kept / folder, tmp_path / folder)
        damaged = bytearray(whole)
        at = places[number] if number < len(places) else dice.randrange(len(damaged))
        damaged[at] ^= 1 << dice.randrange(8)
        (run / "ledger.db").write_bytes(damaged)
        done = rowcall(*command)
        if done.code == 1:
            said.append(number)
            if "--drop-damaged" in done.err:
                done = rowcall(*command, "--drop-damaged")
            else:
                assert "ledger.db: it is damaged" in done.err and "remove it" in done.err, (number, done)
                (run / "ledger.db").unlink()
                done = rowcall(*command)
                assert "of this job with" in done.err, (number, done)
        assert done.code == 0, (number, at, done)
        check_table(out)
        status = json.loads(rowcall("status", run, "--json").out)
        assert (status["rows"], status["ok"], status["sums_add_up"]) == (ROWS, ROWS, True), (number, at, status)
    assert set(range(len(places))) <= set(said)
