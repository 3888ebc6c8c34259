# SPDX-License-Identifier: Apache-2.0
"""Does a run grow with the table? Ten million rows, without a limit, and what each further million of them costs.

    ./dev build && .venv/bin/python bench/growth.py [--millions 10]

Memory, open files and threads are from the run's own metrics.ndjson (one line a second); the sizes of ledger and logs
are looked at from outside while it runs. A run of 24 hours at 100/s has 8.6 million rows: what does not grow over ten
million does not grow in a day. What holds for time instead of rows (the stall of ten minutes) is bench/stall.py's.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import parts

MILLION = 1_000_000


def size_of(*paths: Path) -> int:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except OSError:
            continue  # rotated away while we look
    return total


class Sizes:
    """What the files of a run take, twice a second, with the time."""

    def __init__(self, run: Path) -> None:
        self.samples: list[tuple[float, int, int]] = []
        self._run = run
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            ledger = size_of(*self._run.glob("ledger.db*"))
            logs = size_of(*self._run.glob("logs/*"))
            self.samples.append((time.time() * 1000, ledger, logs))

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def slope(points: list[tuple[float, float]]) -> float:
    """By how much the second grows for each one of the first, by least squares."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def per_million(lines: list[dict[str, Any]], of: Callable[[dict[str, Any]], float], million: int) -> float:
    """The most that `of` was while the rows of a million were answered."""
    within = [of(line) for line in lines if line["so_far"]["ok"] // MILLION == million]
    return max(within) if within else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=int, default=10)
    options = parser.parse_args()
    rows = options.millions * MILLION
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, run = folder / "in.csv", folder / "run"
        with table.open("w") as out:
            out.write("id\n")
            for million in range(options.millions):
                out.write("".join(f"{row}\n" for row in range(million * MILLION, (million + 1) * MILLION)))
        with parts.MockApi(quiet=True) as api:
            words = [
                *("run", table, "--url", api.url + "/score", "--rate", "unlimited", "--to", f"{folder}/out/"),
                *("--run-dir", run, "--response", "score=/score:double!", "--quiet"),
            ]
            with parts.Started(words, folder) as process:
                sizes = Sizes(run)
                code = process.wait(3600)
                sizes.stop()
        if code != 0:
            raise SystemExit(process.said())
        lines = [json.loads(line) for line in (run / "metrics.ndjson").read_text().splitlines()]
        summary = json.loads((run / "summary.json").read_text())
        call_log = (run / "calls.log").stat().st_size
        metrics = (run / "metrics.ndjson").stat().st_size
    if summary["ok"] != rows:
        raise SystemExit(f"only {summary['ok']} of {rows} rows")
    for line in lines:
        last = [sample for sample in sizes.samples if sample[0] <= line["at_ms"]] or sizes.samples[:1]
        line["ledger"], line["logs"] = last[-1][1], last[-1][2]
    kinds: dict[str, tuple[str, float, Callable[[dict[str, Any]], float]]] = {
        "memory": ("MiB", 1 << 20, lambda line: line["rss_bytes"]),
        "open files": ("", 1, lambda line: line["open_files"]),
        "threads": ("", 1, lambda line: line["threads"]),
        "ledger": ("KiB", 1 << 10, lambda line: line["ledger"]),
        "logs": ("KiB", 1 << 10, lambda line: line["logs"]),
    }
    print(f"{rows:,} rows in {summary['duration_s']:.0f} s, {summary['cpu_s'] / rows * 1e6:.1f} us of CPU a row")
    print("million " + "".join(f"{f'{kind} {unit}'.strip():>14}" for kind, (unit, _, _) in kinds.items()))
    series: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    for million in range(options.millions):
        cells = ""
        for kind, (_, unit, of) in kinds.items():
            most = per_million(lines, of, million) / unit
            series[kind].append((million, most))
            cells += f"{most:14.1f}"
        print(f"{million + 1:7} {cells}")
    # The first million is that in which buffers, pools and the window are filled.
    growth = "".join(f"{slope(points[1:]):14.3f}" for points in series.values())
    print(f"growth  {growth}   a million, from the second on")
    print(
        f"by design: calls.log {call_log / rows:.1f} bytes a call, metrics.ndjson {metrics / len(lines):.0f} a second"
    )


if __name__ == "__main__":
    main()
