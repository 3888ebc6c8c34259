# SPDX-License-Identifier: Apache-2.0
"""Pictures of the live page and of a report for docs/images/, from a real run: ./dev screenshots.

An API over TLS that answers in 30 ms, fails now and then, becomes slower after two minutes and is down for some
seconds; 1280 and 390 pixels wide, light and dark. The program ends with 1 when a page is wider than its window.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import parts  # noqa: E402 (found through the line above)

WIDTHS = (1280, 390)
ROWS, RATE = 76_000, 400
PAGE_AFTER = 165.0  # Seconds into the run: the page has seen the outage and the alarm.
SCRIPT = "60s outage 5s; 130s latency 55ms"


def shoot(browser: parts.Browser, url: str, name: str, out: Path, ready: str) -> bool:
    """One picture for each width and colour scheme. False when one is wider than its window."""
    good = True
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            with browser.page(width, dark=scheme == "dark") as page:
                page.open(url)
                page.wait_for(ready)
                wide = page.run("document.documentElement.scrollWidth")
                picture = out / f"{name}-{width}-{scheme}.png"
                picture.write_bytes(page.picture())
            print(f"{picture.name}: {picture.stat().st_size:,} bytes, {wide} pixels wide")
            good = good and wide <= width
    return good


def certificate(folder: Path) -> tuple[Path, Path]:
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "90", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images" / "watch")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rowcall-pictures-") as name, parts.Browser() as browser:
        folder = Path(name)
        table = folder / "customers.csv"
        table.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, ROWS + 1)))
        run = folder / "runs" / "customers"
        cert, key = certificate(folder)
        trouble: dict[str, Any] = {"errors": "503:0.01,400:0.003", "script": SCRIPT, "seed": 7}
        with parts.MockApi(latency="30ms", jitter="15ms", quiet=True, tls_cert=cert, tls_key=key, **trouble) as api:
            part = parts.Part(
                "rowcall",
                [
                    *("env", "-C", str(folder), str(parts.rowcall_path())),  # Short paths, which anybody may see.
                    *("run", "customers.csv", "--url", api.url + "/score", "--rate", f"{RATE}/s"),
                    *("--response", "score=/score:double", "--response", "label=/label:string"),
                    *("--run-dir", "runs/customers", "--to", "scored.parquet", "--dashboard", "127.0.0.1:0"),
                    *("--price-per-call", "0.0004"),
                    *("--name", "customers", "--set", f"request.ca_file={cert}"),
                    *("--set", "request.health_every=10s"),
                ],
            )
            started = time.monotonic()
            address = part.wait_for_line(r"Watch it at (http://\S+:\d+/)$").group(1)
            time.sleep(max(0, PAGE_AFTER - (time.monotonic() - started)))
            good = shoot(browser, address, "page", out, "document.body.hasAttribute('data-updated')")
            while part.alive():
                time.sleep(0.2)
            part.stop()
        good = shoot(browser, (run / "report.html").as_uri(), "report", out, "true") and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
