# SPDX-License-Identifier: Apache-2.0
"""rowcall.enrich beside aiohttp + pandas, from a frame to a frame: python bench/python_enrich.py [--rows N] [--rate N].

Client and mock API have a core each. Every client is a process of its own, which makes a frame, calls the API for
each row, and tells what the call alone took: seconds, processor time of all its threads, and the most memory the
process ever had. Without a rate both clients run in turn; with one, rowcall alone, and the mock API says whether the
limit was kept.

    max    python bench/python_enrich.py --rows 100000 --runs 3
    rate   python bench/python_enrich.py --rows 1000000 --rate 5000
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
for place in ("tools", "bench", "build/release/python"):
    sys.path.insert(0, str(ROOT / place))


def make_frame(rows: int) -> Any:
    import pandas as pd

    numbers = range(rows)
    return pd.DataFrame(
        {
            "id": numbers,
            "name": [f"customer {i}" for i in numbers],
            "city": [("Berlin", "Paris", "Rome", "Oslo")[i % 4] for i in numbers],
            "age": [18 + i % 70 for i in numbers],
            "spent": [i % 1000 / 8 for i in numbers],
        }
    )


def by_rowcall(frame: Any, url: str, rate: int) -> Any:
    import rowcall

    limit = f"{rate}/s" if rate else "unlimited"
    response = {"score": "/score:double", "label": "/label:string"}
    return rowcall.enrich(frame, url=url, rate=limit, response=response, env_file=False, progress=False)


def by_aiohttp(frame: Any, url: str, rate: int) -> Any:
    import aiohttp
    import aiohttp_pandas
    import uvloop

    async def enrich() -> Any:
        connector = aiohttp.TCPConnector(limit=256)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
            caller = aiohttp_pandas.Caller(session, url, rate, 256)
            return await caller.enrich(frame)

    return uvloop.run(enrich())


CLIENTS = {"rowcall": by_rowcall, "aiohttp": by_aiohttp}


def client(name: str, url: str, rows: int, rate: int) -> None:
    """In the client's own process: prints what the call took."""
    frame = make_frame(rows)
    CLIENTS[name](frame.head(10), url, 0)  # imports and first connections are not the call's
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    out = CLIENTS[name](frame, url, rate)
    seconds, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    if len(out) != rows or out["score"].isna().any() or list(out["id"]) != list(frame["id"]):
        raise SystemExit(f"{name}: not every row came back with its score")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu_us_per_row": 1e6 * cpu / rows, "rss_mb": after.ru_maxrss / 1024}))


def measure(name: str, rows: int, rate: int) -> tuple[dict[str, float], dict[str, Any]]:
    import parts

    cores = (os.cpu_count() or 1) > 1
    pin = (lambda core: ["taskset", "-c", core]) if cores else (lambda _: [])
    with parts.MockApi(before=pin("1"), quiet=True, latency="20ms" if rate else None) as api:
        done = subprocess.run(
            [*pin("0"), sys.executable, __file__, "--client", name, api.url, str(rows), str(rate)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        return json.loads(done.stdout), api.stats()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=0, help="calls a second; 0: as fast as it goes, beside aiohttp")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--client", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        name, url, rows, rate = options.client
        client(name, url, int(rows), int(rate))
        return
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.runs):
        for name in ["rowcall"] if options.rate else CLIENTS:
            took, stats = measure(name, options.rows, options.rate)
            found.setdefault(name, []).append(took)
            print(
                f"{name:<8} {took['seconds']:8.2f} s {options.rows / took['seconds']:9,.0f} rows/s "
                f"{took['cpu_us_per_row']:7.1f} us CPU a row {took['rss_mb']:6.0f} MB"
                + (f"  worst second {stats['worst_1s']:,} of {options.rate:,}" if options.rate else ""),
                flush=True,
            )
    if "aiohttp" in found:
        ours, theirs = (
            statistics.median(one["cpu_us_per_row"] for one in found[name]) for name in ("rowcall", "aiohttp")
        )
        print(f"CPU a row: aiohttp takes {theirs / ours:.1f} times that of rowcall ({theirs:.1f} to {ours:.1f} us)")


if __name__ == "__main__":
    main()
