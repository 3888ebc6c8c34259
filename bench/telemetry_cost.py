# SPDX-License-Identifier: Apache-2.0
"""What being watched costs: CPU per row with all telemetry on, and with none, side by side.

    ./dev build && .venv/bin/python bench/telemetry_cost.py [--records N] [--turns N]

"on" is everything at once: logs, metrics.ndjson, events, calls.log, report, the live page with a browser's stream of
updates open, and /metrics scraped every second. "off" is run.telemetry = false. Runs of both kinds take turns against
one mock API without a limit; CPU is that of the whole process, from its start to the end of the report. The ratio
is that of a turn's two runs, and the median of the turns is what counts.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "bench")]

from run import generate, mock, run_pinned  # noqa: E402

import parts  # noqa: E402 (found through the line above)

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclasses.dataclass
class Watched:
    """What those got who watched a run."""

    scrapes: int = 0
    event_bytes: int = 0


@contextlib.contextmanager
def watching(metrics_port: int, page_port: int) -> Iterator[Watched]:
    """A Prometheus and a browser, as far as the run can tell."""
    seen = Watched()
    over = threading.Event()

    def scrape() -> None:
        while not over.wait(1):
            with (
                contextlib.suppress(OSError),
                _DIRECT.open(f"http://127.0.0.1:{metrics_port}/metrics", timeout=5) as answer,
            ):
                seen.scrapes += b"rowcall_attempts_total" in answer.read()

    def follow() -> None:
        while not over.is_set():
            with (
                contextlib.suppress(OSError),
                _DIRECT.open(f"http://127.0.0.1:{page_port}/events", timeout=5) as stream,
            ):
                while got := stream.readline():
                    seen.event_bytes += len(got)
            time.sleep(0.05)

    threads = [threading.Thread(target=scrape, daemon=True), threading.Thread(target=follow, daemon=True)]
    for thread in threads:
        thread.start()
    yield seen
    over.set()
    for thread in threads:
        thread.join()


def one_run(folder: Path, table: Path, url: str, rows: int, on: bool) -> tuple[float, float, Watched]:
    """CPU in microseconds a row, rows a second, and what was seen of the run."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        command = [
            *(str(parts.rowcall_path()), "run", str(table), "--url", url + "/score", "--rate", "unlimited", "--quiet"),
            *("--to", f"{run}/out.parquet", "--run-dir", f"{run}/run"),
            *("--response", "score=/score:double", "--response", "label=/label:string"),
        ]
        if on:
            metrics_port, page_port = parts.free_port(), parts.free_port()
            command += ["--metrics", f"127.0.0.1:{metrics_port}", "--dashboard", f"127.0.0.1:{page_port}"]
            with watching(metrics_port, page_port) as seen:
                took = run_pinned(folder, command)
        else:
            seen = Watched()
            took = run_pinned(folder, [*command, "--set", "run.telemetry=false"])
        summary = json.loads((Path(run) / "run" / "summary.json").read_text())
    if summary["ok"] != rows:
        raise SystemExit(f"telemetry_cost: {rows} rows in, {summary['ok']} answered")
    if on and (seen.scrapes == 0 or seen.event_bytes == 0):
        raise SystemExit("telemetry_cost: nobody could watch the run; make it longer with --records")
    return 1e6 * took.cpu_s / rows, rows / took.seconds, seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    cpu: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="rowcall-telemetry-") as name, mock(0) as api:
        folder = Path(name)
        table = generate(folder, options.records)
        one_run(folder, table, api.url, options.records, on=False)  # Warms the page cache.
        for turn in range(options.turns):
            for on in (True, False) if turn % 2 == 0 else (False, True):
                us, rate, seen = one_run(folder, table, api.url, options.records, on)
                cpu[on].append(us)
                watched = f"; {seen.scrapes} scrapes, {seen.event_bytes:,} bytes of updates" if on else ""
                print(
                    f"turn {turn + 1}, telemetry {'on' if on else 'off':<3}: {us:6.2f} us of CPU a row, "
                    f"{rate:,.0f} rows/s{watched}",
                    flush=True,
                )
    ratios = [on / off for on, off in zip(cpu[True], cpu[False], strict=True)]
    print(
        f"\nmedian of {options.turns} turns of {options.records:,} rows: on {statistics.median(cpu[True]):.2f}, "
        f"off {statistics.median(cpu[False]):.2f} us of CPU a row; telemetry costs "
        f"{100 * (statistics.median(ratios) - 1):+.1f} % ({', '.join(f'{100 * (r - 1):+.1f}' for r in ratios)})"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
