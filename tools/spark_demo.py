# SPDX-License-Identifier: Apache-2.0
"""A cluster under one limit: skewed partitions in a real Spark with separate executors, audited by the mock API.

    ./dev spark-demo                          200,000 rows at 5000/s
    ./dev spark-demo --trouble kill           an executor is killed with -9 in the middle
    ./dev spark-demo --trouble cut            the executors' connections to the coordinator are cut for 5 s
    ./dev spark-demo --trouble speculation    with spark.speculation on; several words: one after the other

Judged from outside: what the API counted, and the table that was written. Exit code 0 only when no window of a
second had more calls than allowed, every row is there once, and no more calls were repeated than were in flight or
answered in the last tenth of a second where a task died; and, without trouble, at least 95 % of the limit was used.
Executors have two host names: Spark begins a task a second time on another host only.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "build" / "release" / "python")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import parts  # noqa: E402

FOLDER = ROOT / "build" / "spark-demo"
FILES = 16
SKEW = 1.2
SHARE_MIN = 0.95
LATENCY_S = 0.025
SYNC_S = 0.1
HOSTS = ("127.0.0.2", "127.0.0.3")


def write_input(rows: int) -> None:
    """One file for each partition, the i-th with a share of 1 / i ^ SKEW."""
    weights = [(i + 1) ** -SKEW for i in range(FILES)]
    start = 0
    for i, weight in enumerate(weights):
        count = rows - start if i == FILES - 1 else int(rows * weight / sum(weights))
        ids = range(start, start + count)
        table = pa.table({"id": pa.array(ids, pa.int64()), "name": [f"customer {n}" for n in ids]})
        pq.write_table(table, FOLDER / "in" / f"part-{i:02d}.parquet")
        start += count


class Cluster:
    """Spark's own master and two workers with two cores each, as processes of ours on three loopback addresses."""

    def __init__(self) -> None:
        import pyspark

        self._home = Path(pyspark.__file__).parent
        self._parts: list[parts.Part] = []
        master = self._start("master.Master", "127.0.0.1", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        self.url = master.wait_for_line(r"(spark://127\.0\.0\.1:\d+)", 60).group(1)
        for host in HOSTS:
            folder = FOLDER / host
            words = ("--host", host, "--cores", "2", "--memory", "2g", "--webui-port", "0", "--work-dir", str(folder))
            self._start("worker.Worker", host, *words, self.url).wait_for_line("registered with master", 60)

    def _start(self, kind: str, host: str, *words: str) -> parts.Part:
        command: list[str | Path] = [self._home / "bin" / "spark-class", f"org.apache.spark.deploy.{kind}", *words]
        environment = {"SPARK_LOCAL_IP": host, "SPARK_HOME": str(self._home)}
        self._parts.append(parts.Part(kind, command, environment))
        return self._parts[-1]

    def stop(self) -> None:
        for part in reversed(self._parts):
            part.stop()


def make_session(master: str, trouble: str) -> Any:
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master).config("spark.driver.host", "127.0.0.1")
    for key, value in {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "1g",
        "spark.executorEnv.PYTHONPATH": str(ROOT / "build" / "release" / "python"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.files.maxPartitionBytes": "1g",
        "spark.sql.files.openCostInBytes": "1g",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        "spark.speculation": str(trouble == "speculation").lower(),
        "spark.speculation.multiplier": "1.1",
        "spark.speculation.quantile": "0.3",
        "spark.speculation.minTaskRuntime": "2s",
    }.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def with_rowcall(batches: Iterator[Any]) -> Iterator[Any]:
    import rowcall._spark_worker  # noqa: F401

    yield from batches


class Cut:
    """A proxy in front of the coordinator whose connections can be cut."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._links: list[socket.socket] = []
        self._open = True
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if not self._open:
                client.close()
                continue
            server = socket.create_connection(self._target)
            self._links += [client, server]
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self, seconds: float) -> None:
        self._open = False
        for link in self._links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        self._links.clear()
        time.sleep(seconds)
        self._open = True


def executors() -> list[int]:
    """JVMs of this driver's executors."""
    found = subprocess.run(["pgrep", "-f", "CoarseGrainedExecutorBackend"], capture_output=True, text=True, check=False)
    mine = []
    for pid in map(int, found.stdout.split()):
        with contextlib.suppress(OSError):
            if str(ROOT).encode() in Path(f"/proc/{pid}/environ").read_bytes():
                mine.append(pid)
    return mine


@contextlib.contextmanager
def trouble_of(kind: str, after: float, cut: Cut | None) -> Iterator[None]:
    def make() -> None:
        if kind == "kill" and (found := executors()):
            print(f"   kill -9 of executor {found[0]}")
            os.kill(found[0], signal.SIGKILL)
        if kind == "cut" and cut is not None:
            print("   the coordinator's connections are cut for 5 s")
            cut.cut(5)

    timer = threading.Timer(after, make)
    timer.start()
    yield
    timer.cancel()


def repeats_allowed(trouble: str, calls_per_s: float) -> int:
    """The two tasks of an executor that is killed: half of what is in flight, and of the answers of a tenth of a
    second; and as much again, since one task may have nearly all the permits. Nothing else repeats a call."""
    return round(calls_per_s * (LATENCY_S + SYNC_S)) if trouble == "kill" else 0


def second_attempts(spark: Any) -> int:
    """How many tasks Spark began and did not see through: lost with their executor, or slower than their double."""
    store = spark.sparkContext._jsc.sc().statusStore()
    lost = 0
    for stage in range(100):
        try:
            data = store.lastStageAttempt(stage)
        except Exception:  # there are no more stages
            break
        lost += data.numFailedTasks() + data.numKilledTasks()
    return lost


def judge(stats: dict[str, Any], written: Any, rows: int, trouble: str) -> bool:
    limit = stats["limits"][0]
    sums = written.selectExpr("count(*)", "count(distinct id)", "count(rowcall_error_class)").collect()[0]
    count, distinct, failed = sums
    calm = trouble == "none"
    repeated = stats["arrivals"] - rows
    allowed = repeats_allowed(trouble, limit["calls"] / limit["period_s"])
    share = f"pace: {limit['share_used']:.1%} of the limit used" + (f" (at least {SHARE_MIN:.0%})" if calm else "")
    over = f"worst window {limit['worst']:,}, {limit['over']:,} arrivals over it"
    checks = [
        (limit["over"] == 0 and limit["worst"] <= limit["calls"], f"limit {limit['limit']}: {over}"),
        (count == distinct == rows, f"rows: {rows:,} in, {count:,} out, {distinct:,} different, {failed:,} failed"),
        (not calm or limit["share_used"] >= SHARE_MIN, share),
        (repeated <= allowed, f"calls: {repeated:,} repeated (at most {allowed:,})"),
    ]
    for good, text in checks:
        print(f"  {'ok ' if good else 'BAD'}  {text}")
    return all(good for good, _ in checks)


def play(cluster: Cluster, trouble: str, rows: int, rate: str, every: float) -> bool:
    """One run from a table to a table, judged."""
    import rowcall.spark

    for name in ("out", "journal"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    spark = make_session(cluster.url, trouble)
    # Executors and their Python workers are there, with what they import, before the clock starts.
    spark.range(0, 16, 1, 8).mapInArrow(with_rowcall, "id long").count()
    # The kernel's stamps: when a call arrived, not when a server that shares the cores came round to read it.
    with parts.MockApi(limit=rate, latency="20ms", jitter="5ms", stamp="kernel") as api:
        frame = spark.read.parquet(str(FOLDER / "in"))
        options: dict[str, Any] = {"checkpoint": str(FOLDER / "journal")} if trouble != "none" else {}
        cut = None
        own = None
        if trouble == "cut":
            # A coordinator of our own, which executors reach through a proxy.
            secret = secrets.token_hex(32)
            settings = {"source.path": "-", "source.format": "csv"}
            job = rowcall.Job(url=api.url + "/process", rate=rate, env_file=False, settings=settings)
            own = rowcall._engine.Coordinator(job._job, "127.0.0.1", 0, secret, False)
            cut = Cut(("127.0.0.1", int(own.address.rpartition(":")[2])))
            os.environ["RATE_COORDINATOR_SECRET"] = secret
            options["coordinator"] = f"tcp://127.0.0.1:{cut.port}"
            options["coordinator_secret"] = "env:RATE_COORDINATOR_SECRET"
        url = api.url + "/process"
        response = {"score": "/score:double"}
        out = rowcall.spark.enrich(frame, url=url, rate=rate, response=response, env_file=False, **options)
        metrics = rowcall.spark.metrics_of(out)
        started = time.monotonic()

        def say(progress: Any) -> None:
            print(f"   {time.monotonic() - started:4.0f} s: {progress}", flush=True)

        with trouble_of(trouble, 10, cut), metrics.watch(every, say):
            out.write.mode("overwrite").parquet(str(FOLDER / "out"))
        took = time.monotonic() - started
        stats = api.stats()
    good = judge(stats, spark.read.parquet(str(FOLDER / "out")), rows, trouble)
    status = own.status() if own is not None else metrics.coordinator
    messages = (status["messages_in"] + status["messages_out"]) / took
    print(f"  {took:.1f} s\n{metrics.report}\n  coordinator: {messages:.0f} messages a second; {json.dumps(status)}")
    if trouble in ("kill", "speculation"):
        begun = second_attempts(spark)
        print(f"  {begun} tasks were begun a second time")
        good = good and begun > 0
    rowcall.spark.close()
    spark.stop()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description="A cluster under one limit, audited.")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rate", default="5000/s")
    parser.add_argument("--trouble", nargs="+", choices=("none", "kill", "cut", "speculation"), default=["none"])
    parser.add_argument("--every", type=float, default=5, help="seconds between two lines of progress")
    wanted = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "in").mkdir(parents=True)
    write_input(wanted.rows)
    cluster = Cluster()
    good = True
    for trouble in wanted.trouble:
        print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} trouble: {trouble}", flush=True)
        good = play(cluster, trouble, wanted.rows, wanted.rate, wanted.every) and good
    cluster.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
