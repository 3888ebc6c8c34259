# SPDX-License-Identifier: Apache-2.0
"""What happens to a machine: full disks, stores that go away, folders that may not be written, signals, file limits.

Each run may end early, and says why; the same command then ends it, with the table of an undisturbed run.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import parts

ROWS = 4000


def write_csv(path: Path) -> Path:
    path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, ROWS + 1)))
    return path


def arguments(table: Path, api: parts.MockApi, run: Path, to: str | Path, *more: str | Path) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--rate", "2000/s", "--run-dir", str(run), "--to", str(to)),
        *("--response", "score=/score:double!", "--response", "label=/label:string", "--set", "sink.part_rows=500"),
        *("--quiet", *map(str, more)),
    ]


def start(words: list[str], tmp_path: Path, **options: Any) -> subprocess.Popen[bytes]:
    env = {**os.environ, "HOME": str(tmp_path), **options.pop("env", {})}
    log = (tmp_path / "output.txt").open("ab")
    with log:
        return subprocess.Popen(
            [parts.rowcall_path(), *words],
            **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "env": env, **options},
        )


def said(tmp_path: Path) -> str:
    return (tmp_path / "output.txt").read_text()


def rows_done(run: Path) -> int:
    done = parts.rowcall("status", run, "--json")
    if done.code != 0:
        return 0
    state = json.loads(done.out)
    return state["rows"] + state["answers_kept"]


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"{what} has not happened after {seconds} s"
        time.sleep(0.005)


def check_table(out: Any) -> None:
    assert out["id"].to_pylist() == list(range(1, ROWS + 1))
    assert out["score"].null_count == 0


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory, with room for `size`."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


@pytest.mark.parametrize("room", ["120k", "300k", "700k"])
def test_a_full_disk_stops_the_run_and_loses_nothing(rowcall, mock_api, tmp_path, room):
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    with small_disk(tmp_path / "disk", room) as disk:
        run = disk / "run"
        words = arguments(table, api, run, tmp_path / "out.parquet")
        full = rowcall(*words, timeout=60)
        assert full.code in (1, 3), full
        assert "no space left" in full.err.lower() or "disk" in full.err.lower(), full
        assert not (tmp_path / "out.parquet").exists()
        grown = subprocess.run(["mount", "-o", "remount,size=64m", disk], capture_output=True)
        assert grown.returncode == 0, grown
        done = rowcall(*words, timeout=120)
        assert done.code == 0, done
    check_table(pq.read_table(tmp_path / "out.parquet"))
    stats = api.stats()
    assert stats["rows_unique"] == ROWS
    # What was answered and could not be made durable any more.
    assert stats["rows_answered_twice"] < 1500, stats


def test_the_object_store_goes_away_for_a_while(mock_api, tmp_path):
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    with parts.S3(tmp_path / "s3") as store:
        store.make_bucket("bucket")
        words = arguments(table, api, tmp_path / "run", "s3://bucket/out/", "--set", "s3.attempts_max=2")
        process = start(words, tmp_path, env=store.env)
        wait_until(lambda: rows_done(tmp_path / "run") >= 700 or process.poll() is not None, "a part is there")
        assert process.poll() is None, said(tmp_path)
        store.stop()
        code = process.wait(120)
        assert code in (1, 3) and "s3://" in said(tmp_path), said(tmp_path)
    with parts.S3(tmp_path / "s3") as store:
        done = parts.rowcall(
            *words, "--s3-endpoint", store.endpoint, env={**store.env, "HOME": str(tmp_path)}, timeout=120
        )
        assert done.code == 0, str(done)
        files = sorted((tmp_path / "s3" / "bucket" / "out").glob("*.parquet"))
        check_table(pq.read_table(files[0]) if len(files) == 1 else _joined(files))
    assert api.stats()["rows_answered_twice"] < 1000


def _joined(files: list[Path]) -> Any:
    import pyarrow as pa

    return pa.concat_tables(pq.read_table(file) for file in files)


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
        done = rowcall(*arguments(table, api, run, tmp_path / "out.parquet"))
    finally:
        subprocess.run(["umount", "-l", run], check=False, capture_output=True)
    assert done.code in (1, 2), done
    assert str(run) in done.err, done
    assert api.stats()["arrivals"] == 0, "nothing is called that could not be remembered"


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_signals_that_ask_a_run_to_stop(mock_api, tmp_path, number):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    words = arguments(table, api, tmp_path / "run", tmp_path / "out.parquet")
    process = start(words, tmp_path)
    wait_until(lambda: rows_done(tmp_path / "run") > 300 or process.poll() is not None, "rows done")
    process.send_signal(number)
    assert process.wait(60) == 130, said(tmp_path)
    process = start(words, tmp_path)
    assert process.wait(60) == 0, said(tmp_path)
    check_table(pq.read_table(tmp_path / "out.parquet"))
    assert api.stats()["rows_answered_twice"] == 0


def test_nobody_reads_what_it_says(mock_api, tmp_path):
    api = mock_api(latency="10ms")
    table = write_csv(tmp_path / "in.csv")
    reader, writer = os.pipe()
    process = start(
        arguments(table, api, tmp_path / "run", tmp_path / "out.parquet")[:-1], tmp_path, stdout=writer, stderr=writer
    )
    os.close(writer)
    os.close(reader)  # SIGPIPE for whoever writes
    assert process.wait(60) == 0
    check_table(pq.read_table(tmp_path / "out.parquet"))


def test_few_file_descriptors(mock_api, tmp_path):
    api = mock_api(latency="100ms")
    table = write_csv(tmp_path / "in.csv")

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (110, 110))

    words = arguments(table, api, tmp_path / "run", tmp_path / "out.parquet")
    process = start(words, tmp_path, preexec_fn=few)
    assert process.wait(120) == 0, said(tmp_path)
    check_table(pq.read_table(tmp_path / "out.parquet"))
    assert api.stats()["in_flight_max"] < 110
    assert api.stats()["rows_answered_twice"] == 0


def test_the_run_directory_is_damaged_while_nobody_looks(rowcall, mock_api, tmp_path):
    api = mock_api(latency="30ms")
    table = write_csv(tmp_path / "in.csv")
    run = tmp_path / "run"
    words = arguments(table, api, run, tmp_path / "out.parquet")
    process = start(words, tmp_path)
    wait_until(lambda: rows_done(run) > 700 or process.poll() is not None, "rows done")
    process.kill()
    process.wait()
    (run / "ledger.db").write_bytes(b"this is no ledger")
    for tail in ("-wal", "-shm"):
        (run / f"ledger.db{tail}").unlink(missing_ok=True)
    refused = rowcall(*words)
    assert refused.code == 1 and "ledger.db" in refused.err and "--fresh" in refused.err, refused
    looked = parts.rowcall("status", run)
    assert looked.code == 1 and "damaged" in looked.err, looked
    done = rowcall(*words, "--fresh")
    assert done.code == 0, done
    check_table(pq.read_table(tmp_path / "out.parquet"))
