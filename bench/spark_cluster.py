# SPDX-License-Identifier: Apache-2.0
"""A real Spark with executors of their own for bench/spark_cost.py and bench/spark_beside.py, and what it costs.

Processor time is that of the executors alone: their JVMs, and the Python daemons and workers below them, as
/proc counts it (user and system, in hundredths of a second). The driver, the API and the coordinator are others.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "build" / "release" / "python"
sys.path[:0] = [str(ROOT / "tools"), str(PACKAGE)]

_TICKS = os.sysconf("SC_CLK_TCK")


def make_session(executors: int, slots: int, **settings: str) -> Any:
    """A SparkSession over `executors` processes with `slots` tasks at once each, their Python workers started."""
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local-cluster[{executors},{slots},1024]")
    for key, value in {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": str(PACKAGE),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.files.maxPartitionBytes": "1g",
        "spark.sql.files.openCostInBytes": "1g",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        **settings,
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.range(0, 16, 1, 4 * executors * slots).mapInArrow(lambda batches: batches, "id long").count()
    return session


def write_table(folder: Path, rows: int, files: int, skew: float = 0) -> str:
    """Customers in `files` Parquet files, one for each partition; the i-th has a share of 1 / i ^ skew."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    weights = [(i + 1) ** -skew for i in range(files)]
    start = 0
    folder.mkdir(parents=True)
    for i, weight in enumerate(weights):
        count = rows - start if i == files - 1 else int(rows * weight / sum(weights))
        ids = range(start, start + count)
        table = pa.table(
            {
                "id": pa.array(ids, pa.int64()),
                "name": [f"customer {n}" for n in ids],
                "city": [("Berlin", "Paris", "Rome", "Oslo")[n % 4] for n in ids],
                "age": pa.array([18 + n % 70 for n in ids], pa.int32()),
                "spent": [n % 1000 / 8 for n in ids],
            }
        )
        pq.write_table(table, folder / f"part-{i:03d}.parquet")
        start += count
    return str(folder)


@dataclasses.dataclass(frozen=True)
class _Process:
    parent: int
    ticks: int
    line: str


def _processes() -> dict[int, _Process]:
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            line = (place / "cmdline").read_bytes().decode("utf-8", "replace")
        except OSError:
            continue  # It has ended meanwhile.
        # utime, stime, and those of children that have ended and were waited for.
        found[int(place.name)] = _Process(int(fields[1]), sum(map(int, fields[11:15])), line)
    return found


def _below(pid: int, all_of_them: dict[int, _Process]) -> set[int]:
    found = {pid}
    while more := {p for p, process in all_of_them.items() if process.parent in found and p not in found}:
        found |= more
    return found


def executors_cpu_s() -> float:
    """Processor time of this driver's executors and of all below them, since they began."""
    processes = _processes()
    mine = _below(os.getpid(), processes)
    roots = [pid for pid in mine if "CoarseGrainedExecutorBackend" in processes[pid].line]
    counted = set().union(*(_below(pid, processes) for pid in roots)) if roots else set()
    return sum(processes[pid].ticks for pid in counted) / _TICKS


def process_cpu_s(pid: int) -> float:
    return _processes()[pid].ticks / _TICKS


@dataclasses.dataclass(frozen=True)
class Took:
    rows: int
    seconds: float
    cpu_s: float

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds

    @property
    def cpu_us_per_row(self) -> float:
        return 1e6 * self.cpu_s / self.rows


def measure(rows: int, act: Callable[[], Any]) -> Took:
    """What `act`, an action on `rows` rows, took the executors."""
    cpu, started = executors_cpu_s(), time.monotonic()
    act()
    seconds = time.monotonic() - started
    return Took(rows, seconds, executors_cpu_s() - cpu)


def to_nowhere(frame: Any) -> None:
    """Computes every row of a frame and writes none."""
    frame.write.format("noop").mode("overwrite").save()
