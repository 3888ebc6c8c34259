# SPDX-License-Identifier: Apache-2.0
"""Are the finish times that rowcall foretells right? Real runs against the mock API, on the real clock.

    python bench/forecast_runs.py [--runs N] [--at-once N] [--first-seed N] [--keep FOLDER]

Each run is made of its seed: a limit of 15 to 60 calls a second, a latency, a number of lines, some errors; up to
four changes of the API (slower, stricter, a burst of 503s, back to how it was), and up to two outages. The
forecasts are read from the run's metrics.ndjson at 5, 10, 25, 50, 75 and 90 % of its rows and held against the
time the rest then took. Beside them stand two baselines: the mean pace since the start, and that of the last
30 s; their 90 % intervals are the quantiles of their own errors on these very runs, which is more than they
could know. tests/sim/forecast_test.cc does the same to 330 simulated runs.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import math
import os
import random
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import parts  # noqa: E402 (found through the line above)

CHECKPOINTS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90)
SECOND = 1.0  # The time that was left is known to a line of metrics.ndjson, which is a second.


@dataclasses.dataclass(frozen=True)
class Scenario:
    seed: int
    rate: int
    rows: int
    lines: int
    latency: float
    jitter: float
    errors: str
    script: str
    outages: list[str]


@dataclasses.dataclass(frozen=True)
class Point:
    """What was known at one checkpoint of a run, and how it ended."""

    which: int
    low: float
    likely: float
    high: float
    least: float
    mean: float
    recent: float
    actual: float


def scenario_of(seed: int, nominal_s: float) -> Scenario:
    dice = random.Random(seed)

    def spread(least: float, most: float) -> float:
        return least * math.exp(dice.random() * math.log(most / least))

    rate = int(spread(15, 60))
    nominal = nominal_s * dice.uniform(0.75, 1.5)
    latency = spread(0.02, 0.4)
    jitter = latency * dice.uniform(0.1, 0.9)
    lines = max(1, round(rate * latency * spread(0.5, 4)))
    failing = f"503:{dice.uniform(0, 0.03):.4f}" if dice.random() < 0.5 else ""
    steps: list[str] = []
    for _ in range(dice.randrange(5)):
        at, kind = f"{dice.uniform(0, 1.4 * nominal):.1f}s", dice.random()
        if kind < 0.30:
            steps.append(f"{at} latency {latency * spread(0.5, 4) * 1000:.0f}ms")
        elif kind < 0.45:
            steps.append(f"{at} limit {max(2, int(rate * dice.uniform(0.4, 0.95)))}/s")
        elif kind < 0.60:
            steps.append(f"{at} errors 503:{dice.uniform(0.02, 0.25):.3f}")
        else:
            steps += [f"{at} limit none", f"{at} latency {latency * 1000:.0f}ms", f"{at} errors {failing or 'none'}"]
    many = dice.random()
    outages = [
        f"{dice.uniform(1, 1.2 * nominal):.1f}s+{spread(2, nominal / 3):.1f}s"
        for _ in range(0 if many < 0.55 else 1 if many < 0.85 else 2)
    ]
    return Scenario(seed, rate, int(rate * nominal), lines, latency, jitter, failing, "; ".join(steps), outages)


def play(scenario: Scenario, folder: Path) -> list[Point]:
    """Plays a run; no points when it did not come to its end."""
    folder.mkdir(parents=True)
    table = folder / "rows.csv"
    table.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(scenario.rows)))
    # A quiet machine is not to be had: real-time priority lets others wait, not the clock of this run.
    before = ["chrt", "-f", "50"] if shutil.which("chrt") and os.geteuid() == 0 else []
    how = {
        "latency": f"{scenario.latency * 1000:.0f}ms",
        "jitter": f"{scenario.jitter * 1000:.0f}ms",
        "errors": scenario.errors or None,
        "outage": scenario.outages,
        "script": scenario.script or None,
        "seed": scenario.seed,
    }
    run = folder / "run"
    with parts.MockApi(before=before, quiet=True, **how) as api:
        command = [
            *(*before, str(parts.rowcall_path()), "run", str(table), "--url", api.url + "/score"),
            *("--rate", f"{scenario.rate}/s", "--response", "score=/score:double", "--run-dir", str(run), "--quiet"),
            *("--set", f"limits.in_flight_max={scenario.lines}", "--to", str(folder / "out.csv")),
        ]
        with parts.Part("rowcall", command) as part:
            part.process.wait()
    summary = json.loads((run / "summary.json").read_text())
    if summary["end"] != "complete":
        return []
    seconds = [json.loads(line) for line in (run / "metrics.ndjson").read_text().splitlines()]
    return points_of(seconds, scenario.rows)


def ended(second: dict[str, Any]) -> int:
    counts = second["so_far"]
    return sum(counts[name] for name in ("ok", "no_match", "failed", "unreadable", "skipped"))


def points_of(seconds: list[dict[str, Any]], rows: int) -> list[Point]:
    start = seconds[0]["at_ms"] / 1000 - seconds[0]["length_s"]
    end = seconds[-1]["at_ms"] / 1000
    out: list[Point] = []
    for which, share in enumerate(CHECKPOINTS):
        index = next((i for i, second in enumerate(seconds) if ended(second) >= share * rows), None)
        if index is None or "left_s" not in seconds[index]:
            continue
        second = seconds[index]
        at, done = second["at_ms"] / 1000, ended(second)
        left = rows - done
        past = [s for s in seconds[: index + 1] if at - s["at_ms"] / 1000 <= 30]
        before = ended(past[0]) - sum_here(past[0])
        span = at - (past[0]["at_ms"] / 1000 - past[0]["length_s"])
        told = second["left_s"]
        out.append(
            Point(
                which,
                **{name: told[name] for name in ("low", "likely", "high", "least")},
                mean=left * (at - start) / done,
                recent=left * span / (done - before) if done > before else 0,
                actual=end - at,
            )
        )
    return out


def sum_here(second: dict[str, Any]) -> int:
    counts = second["here"]
    return sum(counts[name] for name in ("ok", "no_match", "failed", "unreadable", "skipped"))


def quantile(values: list[float], q: float) -> float:
    values = sorted(values)
    at = q * (len(values) - 1)
    below = int(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


Interval = Callable[[Point], tuple[float, float, float]]


def baseline(points: list[Point], estimate: Callable[[Point], float]) -> Interval:
    """An interval made of the quantiles of the estimate's own errors, on a scale on which short runs count less."""
    errors = [math.log((p.actual + 2) / (estimate(p) + 2)) for p in points if estimate(p) > 0]

    def interval(point: Point) -> tuple[float, float, float]:
        s = estimate(point) or point.mean
        low, high = (max(0.0, (s + 2) * math.exp(quantile(errors, q)) - 2) for q in (0.05, 0.95))
        return low, s, high

    return interval


def score(name: str, points: list[Point], interval: Interval) -> str:
    inside_at: list[list[bool]] = [[] for _ in CHECKPOINTS]
    widths, winklers, misses = [], [], []
    for point in points:
        low, likely, high = interval(point)
        inside_at[point.which].append(low - SECOND <= point.actual <= high + SECOND)
        widths.append((high - low) / max(likely, 0.1))
        a, b, x = (math.log(max(v, 0.1)) for v in (low, high, point.actual))
        winklers.append(b - a + 20 * max(0.0, a - x, x - b))
        misses.append(abs(point.actual - likely) / max(point.actual, 0.1))
    all_inside = [one for at in inside_at for one in at]
    shares = " ".join(f"{statistics.mean(at):.2f}" if at else "   -" for at in inside_at)
    return (
        f"{name:<14} coverage {statistics.mean(all_inside):.3f}  at {shares}  "
        f"median width/estimate {statistics.median(widths):.2f}  Winkler {statistics.mean(winklers):.3f}  "
        f"median miss {100 * statistics.median(misses):.1f} %"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, metavar="N")
    parser.add_argument("--at-once", type=int, default=5, metavar="N", help="runs beside each other")
    parser.add_argument("--first-seed", type=int, default=2000, metavar="N")
    parser.add_argument("--seconds", type=float, default=45, metavar="S", help="of a run without trouble, about")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="leave the run directories there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rowcall-forecast-") as name:
        folder = options.keep or Path(name)
        seeds = range(options.first_seed, options.first_seed + options.runs)
        points: list[Point] = []
        ended_runs = 0
        with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
            futures = {
                pool.submit(play, scenario_of(seed, options.seconds), folder / str(seed)): seed for seed in seeds
            }
            for future in concurrent.futures.as_completed(futures):
                of_run = future.result()
                ended_runs += bool(of_run)
                points += of_run
                what = f"{len(of_run)} checkpoints" if of_run else "did not end"
                print(f"seed {futures[future]}: {what}", flush=True)
    if not points:
        print("no run came to its end", file=sys.stderr)
        return 1
    too_soon = sum(p.actual + SECOND < p.least for p in points)
    print(
        f"\n{ended_runs} of {options.runs} runs ended; {len(points)} checkpoints (5, 10, 25, 50, 75, 90 % of the rows)"
    )
    print(score("rowcall", points, lambda p: (p.low, p.likely, p.high)))
    print(score("overall mean", points, baseline(points, lambda p: p.mean)))
    print(score("last 30 s", points, baseline(points, lambda p: p.recent)))
    print(f"ended sooner than the bound of the limit: {too_soon}")
    return 0 if not too_soon else 1


if __name__ == "__main__":
    sys.exit(main())
