# SPDX-License-Identifier: Apache-2.0
"""What rowcall.spark costs a cluster: ./dev spark-bench cost [--rows N] [--runs N] [--slots N].

    executors      processor time of the executors a row, above that of Spark's own mapInArrow passing the same rows
                   through; as fast as it goes, and at 5000 rows a second: an executor that waits costs something, too
    coordinator    16 workers on skewed partitions at 5000 calls a second: processor time of the coordinator, which is
                   a process of its own here, and its messages both ways

Medians of --runs runs, the cases in turn. Exit code 1 when a figure misses what is asked of it.
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import platform
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import spark_cluster
from spark_cluster import Took, to_nowhere

import parts

RATE = 5000
ABOVE_MAX_US = 35.0
SHARE_MAX = 0.01
MESSAGES_MAX = 150.0
RESPONSE = {"score": "/score:double", "label": "/label:string"}


def enriched(frame: Any, url: str, rate: str, **options: Any) -> Any:
    import rowcall.spark

    return rowcall.spark.enrich(frame, url=url + "/process", rate=rate, response=RESPONSE, env_file=False, **options)


def passed_through(per_s: float | None, batches: Iterator[Any]) -> Iterator[Any]:
    begun, rows = time.monotonic(), 0
    for batch in batches:
        rows += batch.num_rows
        if per_s is not None:
            time.sleep(max(0.0, begun + rows / per_s - time.monotonic()))
        yield batch


def case_of(name: str, frame: Any, rows: int, slots: int) -> tuple[Took, dict[str, Any]]:
    limited = name.endswith("5000/s")
    if name.startswith("pass-through"):
        through = frame.mapInArrow(functools.partial(passed_through, RATE / slots if limited else None), frame.schema)
        return spark_cluster.measure(rows, lambda: to_nowhere(through)), {}
    with parts.MockApi(quiet=True, stamp="kernel", latency="20ms" if limited else None) as api:
        out = enriched(frame, api.url, f"{RATE}/s" if limited else "unlimited")
        took = spark_cluster.measure(rows, functools.partial(to_nowhere, out))
        stats = api.stats()
    if stats["arrivals"] != rows:
        raise SystemExit(f"spark_cost: {name}: {stats['arrivals']} calls for {rows} rows")
    return took, stats


# What is measured, and what it is compared with.
CASES = {
    "pass-through": "pass-through",
    "pass-through, 5000/s": "pass-through, 5000/s",
    "rowcall, unlimited": "pass-through",
    "rowcall, 5000/s": "pass-through, 5000/s",
}


def executors_part(folder: Path, rows: int, runs: int, slots: int) -> bool:
    executors = 1 if slots % 2 else 2
    spark = spark_cluster.make_session(executors, slots // executors)
    frame = spark.read.parquet(spark_cluster.write_table(folder / "even", rows, slots))
    small = spark.read.parquet(spark_cluster.write_table(folder / "small", 8000, slots))
    found: dict[str, list[Took]] = {name: [] for name in CASES}
    for _ in range(3):  # What is measured is compiled code, in executors that have begun.
        for name in CASES:
            case_of(name, small, 8000, slots)
    for number in range(runs):
        for name in CASES:
            took, stats = case_of(name, frame, rows, slots)
            found[name].append(took)
            worst = f"  worst second {stats['worst_1s']:,}" if stats else ""
            print(
                f"run {number + 1}: {name:<20} {took.rows_per_s:9,.0f} rows/s {took.cpu_us_per_row:7.2f} us{worst}",
                flush=True,
            )
    spark.stop()
    medians = {name: statistics.median(one.cpu_us_per_row for one in took) for name, took in found.items()}
    good = True
    for name, baseline in CASES.items():
        above = medians[name] - medians[baseline]
        held = above <= ABOVE_MAX_US
        good = good and held
        print(
            f"{'ok ' if held else 'BAD'} {name:<20} {medians[name]:7.2f} us of executor CPU a row, {above:6.2f} above"
        )
    return good


# A process of its own: so its processor time is nobody else's.
def coordinator_process(url: str, secret: str) -> None:
    import rowcall

    job = rowcall.Job(url=url, rate=f"{RATE}/s", env_file=False, settings={"source.path": "-", "source.format": "csv"})
    coordinator = rowcall._engine.Coordinator(job._job, "127.0.0.1", 0, secret, False)
    print(coordinator.address, flush=True)
    for _ in sys.stdin:
        print(json.dumps(coordinator.status()), flush=True)


class Coordinator:
    def __init__(self, url: str) -> None:
        self.secret = secrets.token_hex(32)
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--coordinator", url, self.secret],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = "tcp://" + self._line()
        os.environ["RATE_COORDINATOR_SECRET"] = self.secret

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip().removeprefix("tcp://")

    def look(self) -> tuple[float, float, dict[str, Any]]:
        """When, its processor time, its status."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        status = json.loads(self._line())
        return time.monotonic(), spark_cluster.process_cpu_s(self._process.pid), status

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


def coordinator_part(folder: Path, rows: int, runs: int) -> bool:
    workers = 16
    spark = spark_cluster.make_session(2, workers // 2)
    frame = spark.read.parquet(spark_cluster.write_table(folder / "skewed", rows, workers, 1.2))
    shares, rates, most = [], [], 0
    for number in range(runs):
        with parts.MockApi(limit=f"{RATE}/s", latency="20ms", stamp="kernel") as api:
            coordinator = Coordinator(api.url + "/process")
            out = enriched(
                frame,
                api.url,
                f"{RATE}/s",
                coordinator=coordinator.address,
                coordinator_secret="env:RATE_COORDINATOR_SECRET",
            )
            began, cpu_before, before = coordinator.look()
            took = spark_cluster.measure(rows, functools.partial(to_nowhere, out))
            ended, cpu_after, after = coordinator.look()
            coordinator.close()
            limit = api.stats()["limits"][0]
        seconds = ended - began
        messages = sum(after[name] - before[name] for name in ("messages_in", "messages_out")) / seconds
        share = (cpu_after - cpu_before) / seconds
        shares.append(share)
        rates.append(messages)
        most = max(most, limit["worst"])
        print(
            f"run {number + 1}: {workers} workers: {took.rows_per_s:,.0f} rows/s, coordinator {share:.2%} of a core, "
            f"{messages:.0f} messages a second, worst second {limit['worst']:,}, {limit['over']} over",
            flush=True,
        )
    spark.stop()
    share, messages = statistics.median(shares), statistics.median(rates)
    good = share < SHARE_MAX and messages <= MESSAGES_MAX and most <= RATE
    print(
        f"{'ok ' if good else 'BAD'} coordinator, {workers} workers: {share:.2%} of a core, {messages:.0f} messages a "
        f"second, worst second of all runs {most:,}"
    )
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slots", type=int, default=4, help="tasks at once, each an engine; of two executors if even")
    parser.add_argument("--part", choices=("executors", "coordinator"), help="only this part")
    parser.add_argument("--coordinator", nargs=2, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.coordinator:
        coordinator_process(*wanted.coordinator)
        return 0
    print(f"{datetime.datetime.now():%Y-%m-%d %H:%M}; {platform.platform()}; medians of {wanted.runs} runs")
    good = True
    with tempfile.TemporaryDirectory(prefix="rowcall-spark-") as name:
        if wanted.part != "coordinator":
            good = executors_part(Path(name), wanted.rows, wanted.runs, wanted.slots) and good
        if wanted.part != "executors":
            good = coordinator_part(Path(name), wanted.rows, wanted.runs) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
