# SPDX-License-Identifier: Apache-2.0
"""The same rows through the same API from the same Spark, side by side: ./dev spark-bench beside [--rows N] [--runs N].

    rowcall    rowcall.spark.enrich: one limit for the cluster
    requests   mapPartitions and requests, a call after the other, as in most examples
    aiohttp    mapInPandas and aiohttp, 64 calls at once in each task; aiolimiter holds each task to its share of the
               limit, which is what a function that runs in executors can do by itself

The API answers after 20 ms and refuses nothing; the limit is 5000 calls a second. Told are rows a second, processor
time of the executors a row, and the worst second as the API counted it. The other two retry nothing, journal nothing
and check no schema. requests gets a tenth of the rows, or it would take all day.
"""

from __future__ import annotations

import argparse
import datetime
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import spark_cluster

import parts

RATE = 5000
SLOTS = 4
SCHEMA = "id long, name string, city string, age int, spent double, score double, label string"


def by_rowcall(frame: Any, url: str) -> Any:
    import rowcall.spark

    response = {"score": "/score:double", "label": "/label:string"}
    return rowcall.spark.enrich(frame, url=url, rate=f"{RATE}/s", response=response, env_file=False, failures="drop")


def by_requests(frame: Any, url: str) -> Any:
    def call(rows: Iterator[Any]) -> Iterator[Any]:
        import requests

        with requests.Session() as session:
            for row in rows:
                answer = session.post(url, json=row.asDict(), timeout=30)
                answer.raise_for_status()
                found = answer.json()
                yield (*row, float(found["score"]), found["label"])

    return frame.rdd.mapPartitions(call).toDF(SCHEMA)


def by_aiohttp(frame: Any, url: str) -> Any:
    share = RATE / SLOTS

    def call(frames: Iterator[Any]) -> Iterator[Any]:
        import asyncio

        import aiohttp
        import aiolimiter

        loop = asyncio.new_event_loop()
        limiter, slots = aiolimiter.AsyncLimiter(share, 1), asyncio.Semaphore(64)

        async def open_session() -> Any:
            connector = aiohttp.TCPConnector(limit=64)
            return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30))

        async def one(session: Any, row: dict[str, Any]) -> dict[str, Any]:
            async with slots, limiter:
                async with session.post(url, json=row) as answer:
                    answer.raise_for_status()
                    found: dict[str, Any] = await answer.json()
                    return found

        async def all_of(session: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return await asyncio.gather(*(one(session, row) for row in rows))

        session = loop.run_until_complete(open_session())
        try:
            for batch in frames:
                found = loop.run_until_complete(all_of(session, batch.to_dict("records")))
                yield batch.assign(
                    score=[answer["score"] for answer in found], label=[answer["label"] for answer in found]
                )
        finally:
            loop.run_until_complete(session.close())
            loop.close()

    return frame.mapInPandas(call, SCHEMA)


CLIENTS: dict[str, Callable[[Any, str], Any]] = {
    "rowcall": by_rowcall,
    "requests": by_requests,
    "aiohttp": by_aiohttp,
}


def play(spark: Any, client: str, source: str, out: str, rows: int) -> tuple[spark_cluster.Took, dict[str, Any]]:
    """Reads, calls, writes, and checks that every row came back with its score."""
    with parts.MockApi(quiet=True, latency="20ms", stamp="kernel") as api:
        answered = CLIENTS[client](spark.read.parquet(source), api.url + "/process")
        took = spark_cluster.measure(rows, lambda: answered.write.mode("overwrite").parquet(out))
        stats = api.stats()
    written = spark.read.parquet(out).selectExpr("count(*)", "count(distinct id)", "count(score)").collect()[0]
    if tuple(written) != (rows, rows, rows):
        raise SystemExit(f"spark_beside: {client}: {rows} rows in; rows, different ones and scores out: {written}")
    return took, stats


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--client", action="append", choices=CLIENTS, help="only this one (may be repeated)")
    wanted = parser.parse_args()
    names = wanted.client or list(CLIENTS)
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory(prefix="rowcall-spark-") as name:
        folder = Path(name)
        spark = spark_cluster.make_session(2, SLOTS // 2)
        sizes = {client: wanted.rows // 10 if client == "requests" else wanted.rows for client in names}
        tables = {
            rows: spark_cluster.write_table(folder / f"in-{rows}", rows, SLOTS) for rows in {*sizes.values(), 400}
        }
        for client in names:
            play(spark, client, tables[400], str(folder / "out"), 400)  # Imports and first connections.
        for number in range(wanted.runs):
            for client in names:
                took, stats = play(spark, client, tables[sizes[client]], str(folder / "out"), sizes[client])
                worst = stats["worst_1s"]
                found[client].append((took.rows_per_s, took.cpu_us_per_row, worst))
                print(
                    f"run {number + 1}: {client:<9} {took.rows_per_s:8,.0f} rows/s {took.cpu_us_per_row:8.1f} us "
                    f"worst second {worst:,}",
                    flush=True,
                )
        spark.stop()
    print(f"\n{datetime.datetime.now():%Y-%m-%d %H:%M}; {platform.platform()}; medians of {wanted.runs} runs")
    print(
        f"| who | rows/s | executor CPU us a row | worst second at a limit of {RATE:,} |\n| --- | ---: | ---: | ---: |"
    )
    kept = True
    for client, runs in found.items():
        rows_per_s, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
        worst = max(run[2] for run in runs)
        over = ", **over**" if worst > RATE else ""
        print(f"| {client} | {rows_per_s:,.0f} | {cpu:.1f} | {worst:,}{over} |")
        kept = kept and (client != "rowcall" or worst <= RATE)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
