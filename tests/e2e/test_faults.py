# SPDX-License-Identifier: Apache-2.0
"""What happens to a process: signals, a terminal that goes away, readers that do, file limits, a clock that is set.

Each run may end early, and says why; the same command then ends it, with the table of an undisturbed run.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import pty
import resource
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import parts

ROWS = 4000


def write_csv(path: Path) -> Path:
    path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, ROWS + 1)))
    return path


def words(table: str | Path, api: parts.MockApi, folder: Path, *more: str | Path, to: str = "") -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--rate", "2000/s", "--run-dir", str(folder / "run")),
        *("--to", to or str(folder / "out.parquet"), "--response", "score=/score:double!"),
        *("--response", "label=/label:string", "--set", "sink.part_rows=500", *map(str, more)),
    ]


def check_table(out: Path) -> None:
    table = pq.read_table(out)
    assert table["id"].to_pylist() == list(range(1, ROWS + 1))
    assert table["score"].null_count == 0


def check_repeats(api: parts.MockApi, most: int = 0) -> None:
    stats = api.stats()
    assert stats["rows_unique"] == ROWS
    assert stats["rows_answered_twice"] <= most, stats


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_signals_that_ask_a_run_to_stop(mock_api, tmp_path, number):
    api = mock_api(latency="30ms")
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path, "--quiet")
    with parts.Started(command, tmp_path) as process:
        process.wait_for_rows(tmp_path / "run", 300)
        process.process.send_signal(number)
        assert process.wait() == 130, process.said()
        assert "again" in process.said(), process.said()
    assert not (tmp_path / "out.parquet").exists()
    with parts.Started(command, tmp_path) as process:
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    check_repeats(api)


@pytest.mark.parametrize("number", [signal.SIGPIPE, signal.SIGXFSZ])
def test_signals_that_mean_nothing_to_a_run(mock_api, tmp_path, number):
    api = mock_api(latency="30ms")
    with parts.Started(words(write_csv(tmp_path / "in.csv"), api, tmp_path, "--quiet"), tmp_path) as process:
        process.wait_for_rows(tmp_path / "run", 300)
        process.process.send_signal(number)
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    check_repeats(api)


def test_a_signal_that_was_ignored_from_the_start_stays_ignored(mock_api, tmp_path):
    """As under nohup."""
    api = mock_api(latency="30ms")
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path, "--quiet")
    with parts.Started(command, tmp_path, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) as process:
        process.wait_for_rows(tmp_path / "run", 300)
        process.process.send_signal(signal.SIGHUP)
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    check_repeats(api)


@pytest.mark.parametrize("nohup", [False, True])
def test_a_terminal_that_goes_away(mock_api, tmp_path, nohup):
    """With its live display in it. The kernel sends SIGHUP, and each further write fails."""
    api = mock_api(latency="30ms")
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path)
    master, slave = pty.openpty()

    def take_the_terminal() -> None:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        if nohup:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

    live = {"TERM": "xterm", "CI": ""}  # under CI and without TERM it says lines
    with parts.Started(
        command, tmp_path, live, stdin=slave, stdout=slave, stderr=slave, preexec_fn=take_the_terminal
    ) as process:
        os.close(slave)
        shown = b""
        while len(shown) < 300:
            shown += os.read(master, 4096)
        assert b"\x1b[" in shown, "the live display is in the terminal"
        parts.wait_until(lambda: parts.rows_done(tmp_path / "run") > 300, "rows are done")
        os.close(master)
        assert process.wait() == (0 if nohup else 130)
    with parts.Started([*command, "--quiet"], tmp_path) as process:
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    check_repeats(api)


def test_nobody_reads_what_it_says(mock_api, tmp_path):
    api = mock_api(latency="10ms")
    reader, writer = os.pipe()
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path)
    with parts.Started(command, tmp_path, stdout=writer, stderr=writer) as process:
        os.close(writer)
        os.close(reader)  # SIGPIPE for whoever writes
        assert process.wait() == 0
    check_table(tmp_path / "out.parquet")


def test_nobody_reads_the_table_any_more(mock_api, tmp_path):
    """`rowcall run --to - | head -1`: an error that says so, and no call for rows nobody wants."""
    api = mock_api(latency="10ms")
    reader, writer = os.pipe()
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path, "--to-format", "csv", "--quiet", to="-")
    with parts.Started(command, tmp_path, stdout=writer) as process:
        os.close(writer)
        assert os.read(reader, 10) == b"id,name,sc"
        os.close(reader)
        assert process.wait() == 1, process.said()
        assert "standard output" in process.said() and "Broken pipe" in process.said(), process.said()
    assert api.stats()["rows_unique"] < ROWS


def test_few_file_descriptors(mock_api, tmp_path):
    """Fewer than there could be connections: the run makes do with what it gets."""
    api = mock_api(latency="100ms")
    files = 110

    def few() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    with parts.Started(words(write_csv(tmp_path / "in.csv"), api, tmp_path), tmp_path, preexec_fn=few) as process:
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    assert api.stats()["in_flight_max"] < files
    check_repeats(api)


def test_too_few_file_descriptors(mock_api, tmp_path):
    """However few there are: either it works, or it says what to raise and loses nothing."""
    api = mock_api(latency="10ms")
    command = words(write_csv(tmp_path / "in.csv"), api, tmp_path, "--quiet")
    refused = 0
    for files in range(8, 40, 3):

        def few(files: int = files) -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        with parts.Started([*command, "--max-calls", "50"], tmp_path, preexec_fn=few) as process:
            code = process.wait()
            said = process.said()
        assert code in (1, 3, 127), f"{files} files: {code}\n{said}"
        if code == 1:
            assert "Too many open files" in said or "unable to open" in said, f"{files} files: {said}"
            assert "ulimit -n" in said, f"{files} files: {said}"
            refused += 1
    assert refused > 0
    with parts.Started(command, tmp_path) as process:
        assert process.wait() == 0, process.said()
    check_table(tmp_path / "out.parquet")
    check_repeats(api)


CLOCK_C = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static volatile long *offset;

__attribute__((constructor)) static void open_clock(void) {
  const char *name = getenv("SET_CLOCK");
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  void *page = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(long), PROT_READ, MAP_SHARED, file, 0);
  if (page != MAP_FAILED) offset = page;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int code = real(clock, now);
  if (code == 0 && offset && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *offset;
  return code;
}

int gettimeofday(struct timeval *now, void *zone) {
  (void)zone;
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *now) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (now) *now = exact.tv_sec;
  return exact.tv_sec;
}
"""


class SetClock:
    """A wall clock of the run's own, which can be set, by a library loaded before the C library.

    Its monotonic clock is the machine's, as after `date --set`. (libfaketime moves timers, too, which `date` does not.)
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        library = folder / "set_clock.so"
        subprocess.run(
            ["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(library), "-ldl"],
            input=CLOCK_C.encode(),
            check=True,
        )
        self.env = {"LD_PRELOAD": str(library), "SET_CLOCK": str(self._file)}

    def set(self, seconds: int) -> None:
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))


def wall_clock_jump_s(run: Path) -> float:
    """By how much more the wall clock moved in a run than time went by, from its start and from line to line."""
    lines = (run / "events.ndjson").read_text().splitlines()[:1] + (run / "metrics.ndjson").read_text().splitlines()
    at = [json.loads(line)["at_ms"] / 1000 for line in lines]
    return max((b - a for a, b in itertools.pairwise(at)), key=abs)


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_clock_that_is_set_by_an_hour(rowcall, mock_api, tmp_path, step):
    """No deadline fires, no pause lasts an hour, and the limit is kept."""
    api = mock_api(limit="1000/s", latency="20ms", errors="503:0.03,429:0.01", retry_after="1")
    clock = SetClock(tmp_path)
    command = words(
        *(write_csv(tmp_path / "in.csv"), api, tmp_path, "--quiet", "--rate", "1000/s"),
        *("--set", "retry.row_deadline=60s", "--timeout", "10s"),
    )
    began = time.monotonic()
    with parts.Started(command, tmp_path, clock.env) as process:
        process.wait_for_rows(tmp_path / "run", 1200)
        clock.set(step)
        assert process.wait() == 0, process.said()
    assert time.monotonic() - began < 60
    jump = wall_clock_jump_s(tmp_path / "run")
    assert abs(jump - step) < 60, f"the run saw its clock jump by {jump} s"
    check_table(tmp_path / "out.parquet")
    check_repeats(api)
    assert api.stats()["limits"][0]["over"] == 0, "strict at the server"
    judged = rowcall("verify-rate", tmp_path / "run")
    assert judged.code == 0, judged
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["duration_s"] < 60 and summary["failed"] == 0, summary


@pytest.mark.parametrize("step", [3600, -3600])
def test_a_clock_that_is_set_while_s3_is_written(mock_api, s3, bucket, tmp_path, step):
    """S3 refuses requests signed at another time than its own."""
    api = mock_api(latency="20ms")
    clock = SetClock(tmp_path)
    (s3.folder / bucket / "in.csv").write_bytes(write_csv(tmp_path / "in.csv").read_bytes())
    command = words(f"s3://{bucket}/in.csv", api, tmp_path, "--quiet", "--rate", "1000/s", to=f"s3://{bucket}/out/")
    with parts.Started(command, tmp_path, {**clock.env, **s3.env}) as process:
        process.wait_for_rows(tmp_path / "run", 700)
        clock.set(step)
        assert process.wait() == 0, process.said()
    check_table(s3.folder / bucket / "out")
    check_repeats(api)
    assert abs(wall_clock_jump_s(tmp_path / "run") - step) < 60
