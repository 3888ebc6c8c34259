# SPDX-License-Identifier: Apache-2.0
"""Pictures of the live page and of a report for docs/images/, from a real run: ./dev screenshots.

An API that answers in 30 ms, fails now and then and is down for some seconds; 1280 and 390 pixels wide, light
and dark.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import parts  # noqa: E402 (found through the line above)

WIDTHS = {1280: 2100, 390: 3600}
ROWS, RATE = 24_000, 400


def shoot(url: str, name: str, folder: Path, out: Path) -> None:
    """One picture for each width and colour scheme."""
    for width, height in WIDTHS.items():
        for scheme in ("light", "dark"):
            picture = out / f"{name}-{width}-{scheme}.png"
            colours = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
            subprocess.run(
                [
                    *parts.chromium(folder / f"profile-{name}-{width}-{scheme}"),
                    colours,
                    f"--window-size={width},{height}",
                    f"--screenshot={picture}",
                    "--virtual-time-budget=2000",
                    url,
                ],
                check=True,
                capture_output=True,
                timeout=120,
            )
            print(f"{picture.name}: {picture.stat().st_size:,} bytes")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rowcall-pictures-") as name:
        folder = Path(name)
        table = folder / "customers.csv"
        table.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, ROWS + 1)))
        run = folder / "run"
        trouble = {"errors": "503:0.01,400:0.003", "outage": "20s+4s"}
        with parts.MockApi(latency="30ms", jitter="15ms", quiet=True, **trouble) as api:
            part = parts.Part(
                "rowcall",
                [
                    *(str(parts.rowcall_path()), "run", str(table), "--url", api.url + "/score", "--rate", f"{RATE}/s"),
                    *("--response", "score=/score:double", "--run-dir", str(run), "--dashboard", "127.0.0.1:0"),
                    *("--price-per-call", "0.0004", "--name", "customers"),
                ],
            )
            page = part.wait_for_line(r"Watch it at (http://\S+:\d+/)$").group(1)
            time.sleep(0.6 * ROWS / RATE)  # A picture of the middle of the run.
            shoot(page, "page", folder, out)
            while part.alive():
                time.sleep(0.2)
            part.stop()
        shoot((run / "report.html").as_uri(), "report", folder, out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
