# SPDX-License-Identifier: Apache-2.0
"""An API that stalls for ten minutes, or answers nothing but 429 for as long: memory flat, nothing failed, all done.

    ./dev build && .venv/bin/python bench/stall.py [--kind stall|throttled] [--seconds 600]

The mock API answers for five seconds, then for that long leaves every call without an answer (or refuses it), then
answers again. The memory of the run is sampled every second. The exit code is 1 when a promise does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import pyarrow.parquet as pq

import parts

GOOD_S = 5
# What a run may take more at the end of the stall than at its beginning: no more than its allocator's noise.
RSS_GROWTH_MAX = 4 << 20


def sampled(pid: int) -> tuple[int, int]:
    """Resident memory in bytes, and open files."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return resident * 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def watch(process: parts.Started) -> list[tuple[float, int, int]]:
    """Seconds since the start, memory, files: one a second, until the process ends."""
    began = time.monotonic()
    samples = []
    while process.alive():
        try:
            samples.append((time.monotonic() - began, *sampled(process.process.pid)))
        except (OSError, StopIteration):
            break  # it has ended between two looks
        time.sleep(1)
    return samples


def wrong_with(run: Path, out: Path, rows: int, code: int, api: parts.MockApi) -> list[str]:
    """What the run did not keep of its promises."""
    if code != 0:
        return [f"exit code {code}"]
    wrong = []
    table = pq.read_table(out)
    if table["id"].to_pylist() != list(range(rows)) or table["score"].null_count > 0:
        wrong.append("the table is not whole")
    summary = json.loads((run / "summary.json").read_text())
    if (summary["ok"], summary["failed"], summary["skipped"]) != (rows, 0, 0):
        wrong.append(f"rows ok {summary['ok']}, failed {summary['failed']}, skipped {summary['skipped']}")
    stats = api.stats()
    if any(limit["over"] for limit in stats["limits"]):
        wrong.append(f"over the limit: {stats['limits']}")
    return wrong


def mib(bytes_: int) -> str:
    return f"{bytes_ / (1 << 20):.1f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=["stall", "throttled"], default="stall")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rate", type=int, default=200, help="calls a second")
    parser.add_argument("--timeout", default="30s", help="request.timeout")
    options = parser.parse_args()
    rows = options.rate * 2 * GOOD_S
    fault = "timeout:1" if options.kind == "stall" else "429:1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, run, out, script = (folder / part for part in ("in.csv", "run", "out.parquet", "script"))
        table.write_text("id,text\n" + "".join(f"{row},{'x' * 100}\n" for row in range(rows)))
        script.write_text(f"{GOOD_S}s errors {fault}\n{GOOD_S + options.seconds}s errors none\n")
        words = [
            *("run", table, "--url", "", "--rate", f"{options.rate}/s", "--to", out, "--run-dir", run, "--quiet"),
            *("--response", "score=/score:double!", "--timeout", options.timeout),
        ]
        with parts.MockApi(latency="20ms", audit=f"{options.rate}/s", script=script, quiet=True) as api:
            words[3] = api.url + "/score"
            with parts.Started(words, folder) as process:
                samples = watch(process)
                code = process.wait()
            wrong = wrong_with(run, out, rows, code, api)
            if wrong:
                print(process.said())
            stats = api.stats()
        summary = json.loads((run / "summary.json").read_text())
    # The first quarter of the stall fills the window of rows and the connections.
    begin, end = GOOD_S + options.seconds / 4, GOOD_S + options.seconds
    during = [sample for sample in samples if begin <= sample[0] <= end]
    first, last = during[0], during[-1]
    most = max(resident for _, resident, _ in during)
    outcomes = ", ".join(f"{count} {kind}" for kind, count in summary["outcomes"].items() if count)
    print(
        f"{options.kind} for {options.seconds} s, {rows} rows at {options.rate}/s: {summary['duration_s']:.0f} s in all"
    )
    print(f"attempts: {outcomes}; arrivals at the API: {stats['arrivals']}; CPU {summary['cpu_s']:.2f} s")
    print(
        f"memory: {mib(samples[0][1])} at the start, {mib(first[1])} at {first[0]:.0f} s,"
        f" {mib(last[1])} at {last[0]:.0f} s, at most {mib(most)} between ({len(during)} samples),"
        f" {mib(samples[-1][1])} at the end"
    )
    print(f"open files: {first[2]} at {first[0]:.0f} s, {last[2]} at {last[0]:.0f} s")
    if most - first[1] > RSS_GROWTH_MAX:
        wrong.append(f"memory grew by {mib(most - first[1])}")
    for line in wrong:
        print(f"WRONG: {line}")
    print("every row answered, none failed, memory flat" if not wrong else "promises broken")
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
