# SPDX-License-Identifier: Apache-2.0
"""What durability costs: CPU per row and rows a second with the ledger and without, side by side.

    ./dev build && .venv/bin/python bench/ledger_cost.py [--records N] [--turns N]

Runs of both kinds take turns against one mock API without a limit, so that what else the machine does meets both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import parts


def one_run(folder: Path, table: Path, api: parts.MockApi, rows: int, flags: list[str]) -> tuple[float, float]:
    """CPU in microseconds a row, and rows a second."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        done = parts.rowcall(
            *("run", table, "--url", api.url + "/score", "--rate", "unlimited", "--quiet"),
            *("--to", f"{run}/out.parquet", "--run-dir", run),
            *("--response", "score=/score:double!", "--response", "label=/label:string", *flags),
            timeout=600,
        )
        if done.code != 0:
            raise SystemExit(str(done))
        summary = json.loads((Path(run) / "summary.json").read_text())
    return summary["cpu_s"] / rows * 1e6, rows / summary["duration_s"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    kinds: dict[str, list[str]] = {"on": [], "off": ["--no-ledger"]}
    measured: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as name, parts.MockApi(latency="5ms", quiet=True) as api:
        folder = Path(name)
        table = folder / "in.csv"
        table.write_text("id,name\n" + "".join(f"{row},row {row}\n" for row in range(options.records)))
        for turn in range(options.turns):
            for kind in list(kinds) if turn % 2 == 0 else list(reversed(kinds)):
                measured[kind].append(one_run(folder, table, api, options.records, kinds[kind]))
    medians = {}
    for kind, runs in measured.items():
        medians[kind] = statistics.median(cpu for cpu, _ in runs)
        cpu = ", ".join(f"{cpu:.2f}" for cpu, _ in runs)
        rate = statistics.median(rate for _, rate in runs)
        print(f"ledger {kind:3}: CPU us/row {cpu}; median {medians[kind]:.2f}; median {rate:,.0f} rows/s")
    print(f"the ledger costs {medians['on'] - medians['off']:.2f} us of CPU a row")


if __name__ == "__main__":
    main()
