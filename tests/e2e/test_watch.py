# SPDX-License-Identifier: Apache-2.0
"""Watching a run from outside: a real Prometheus, promtool, a real browser; and the report afterwards."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import shutil
import signal
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import parts


def needs(*programs: str) -> pytest.MarkDecorator:
    missing = [name for name in programs if shutil.which(name) is None]
    return pytest.mark.skipif(
        bool(missing), reason=f"not on this machine: {', '.join(missing)}; ./dev setup installs it"
    )


def write_csv(path: Path, rows: int) -> Path:
    path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, rows + 1)))
    return path


@contextlib.contextmanager
def running(
    tmp_path: Path, api: parts.MockApi, rows: int, *more: str, env: dict[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """A run of about rows/200 s that serves page and metrics: their addresses."""
    table = write_csv(tmp_path / "rows.csv", rows)
    command = [
        parts.rowcall_path(),
        "run",
        table,
        "--url",
        api.url + "/score",
        "--rate",
        "200/s",
        "--run-dir",
        tmp_path / "run",
    ]
    command += ["--response", "score=/score:double", "--dashboard", "127.0.0.1:0", "--metrics", "127.0.0.1:0", *more]
    part = parts.Part("rowcall", [str(word) for word in command], env)
    try:
        page = part.wait_for_line(r"Watch it at (http://\S+:\d+/)$")
        metrics = part.wait_for_line(r"Watch it at (http://\S+/metrics)$")
        yield {"page": page.group(1), "metrics": metrics.group(1)}
    finally:
        part.stop()


def fetched(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode()


def wait_until(what: str, look, seconds: float = 60):
    """What `look` returns once it is true; it may fail meanwhile."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if found := look():
                return found
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


@needs("prometheus", "promtool")
def test_metrics_pass_promtool_and_are_scraped(mock_api, tmp_path):
    with running(tmp_path, mock_api(latency="20ms"), 24_000) as at:
        text = wait_until("metrics", lambda: fetched(at["metrics"]))
        for name in ("rowcall_attempts_total", "rowcall_connect_seconds_sum", "rowcall_null_values_total"):
            assert name in text
        promtool = parts.program("promtool")
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=text, text=True, capture_output=True, check=False
        )
        assert checked.returncode == 0 and not checked.stderr.strip(), checked.stdout + checked.stderr
        target = at["metrics"].removeprefix("http://").removesuffix("/metrics")
        with parts.Prometheus(tmp_path / "prometheus", target) as prometheus:
            attempts = wait_until(
                "Prometheus has attempts",
                lambda: [float(s["value"][1]) for s in prometheus.query('rowcall_attempts_total{outcome="success"}')],
            )
            assert attempts[0] > 0
            assert prometheus.query("up")[0]["value"][1] == "1"


def test_the_page_asks_for_its_token(mock_api, tmp_path):
    env = {"PAGE_TOKEN": "let-me-in-42"}
    with running(tmp_path, mock_api(latency="20ms"), 24_000, "--watch-token", "env:PAGE_TOKEN", env=env) as at:
        with pytest.raises(urllib.error.HTTPError, match="401"):
            fetched(at["page"])
        assert "<h1>" in fetched(at["page"] + "?token=let-me-in-42")
        # Empty until the first second is over.
        text = wait_until("metrics", lambda: fetched(at["metrics"], Authorization="Bearer let-me-in-42"))
        assert "rowcall_rows_total" in text
    written = "".join(
        p.read_text(errors="replace") for p in (tmp_path / "run").rglob("*") if p.is_file() and p.suffix != ".parquet"
    )
    assert "let-me-in-42" not in written


def test_every_run_ends_with_a_report(rowcall, mock_api, tmp_path):
    api = mock_api(latency="5ms", errors="400:0.02")
    table = write_csv(tmp_path / "rows.csv", 2000)
    run = tmp_path / "run"
    done = rowcall(
        *("run", table, "--url", api.url + "/score", "--rate", "1000/s", "--run-dir", run, "--price-per-call", "0.01"),
        *("--response", "score=/score:double"),
    )
    assert done.code == 4, done
    assert "report.html" in done.err
    page = (run / "report.html").read_text()
    report = json.loads((run / "report.json").read_text())
    assert report["rows"] == 2000 and report["end"] == "complete"
    assert report["rate"]["limits"][0]["worst"] <= 1000 and report["rate"]["over"] is False
    assert sum(cause["rows"] for cause in report["causes"]) == report["failed"] > 0
    assert report["cost"] == pytest.approx(0.01 * report["attempts"])
    assert page.count("<svg") == 6 and not re.search(r"(src|href)=\"?http", page)
    for line in (run / "metrics.ndjson").read_text().splitlines():
        json.loads(line)


def recorded_latencies(log: Path) -> list[float]:
    """Milliseconds of the complete answers in a calls.log, ascending; docs/run-directory.md has the format."""
    data = log.read_bytes()[24:]
    records = struct.iter_unpack("<qQIHBB", data[: len(data) // 24 * 24])
    return sorted(us / 1000 for _, _, us, status, _, last in records if last < 0x80 and status and not last >> 3 & 15)


def test_quantiles_are_within_one_percent_of_the_recorded_latencies(rowcall, mock_api, tmp_path):
    api = mock_api(latency="8ms", jitter="7ms", errors="503:0.02", script="1s latency 40ms; 2s latency 3ms")
    table = write_csv(tmp_path / "rows.csv", 3000)
    run = tmp_path / "run"
    done = rowcall(
        *("run", table, "--url", api.url + "/score", "--rate", "1000/s", "--run-dir", run, "--quiet"),
        *("--response", "score=/score:double"),
    )
    assert done.code in (0, 4), done
    told = json.loads((run / "summary.json").read_text())["latency_ms"]
    recorded = recorded_latencies(run / "calls.log")
    assert len(recorded) >= 3000
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)):
        exact = recorded[int(q * (len(recorded) - 1))]
        # calls.log has whole microseconds, summary.json three places of a millisecond.
        assert abs(told[name] - exact) <= 0.01 * exact + 0.002, (name, told[name], exact)


def test_health_checks_are_calls_under_the_limit(rowcall, mock_api, certificate, tmp_path):
    cert, key = certificate
    api = mock_api(tls_cert=cert, tls_key=key, latency="5ms", audit="100/s")
    table = write_csv(tmp_path / "rows.csv", 300)
    run = tmp_path / "run"
    done = rowcall(
        *("run", table, "--url", api.url + "/score", "--rate", "100/s", "--run-dir", run, "--quiet"),
        *("--response", "score=/score:double", "--response", "nothing=/nowhere:string"),
        *("--set", f"request.ca_file={cert}", "--set", "request.health_every=200ms"),
    )
    assert done.code == 0, done
    summary = json.loads((run / "summary.json").read_text())
    checks = summary["attempts"] - 300
    assert 8 <= checks <= 20, summary
    assert summary["worst_window"][0]["calls"] <= 100
    seconds = [json.loads(line) for line in (run / "metrics.ndjson").read_text().splitlines()]
    report = json.loads((run / "report.json").read_text())
    assert report["rate"]["sends"] == summary["attempts"] and report["rate"]["over"] is False
    # Every phase of a call has a time, and what the answers lack is counted.
    assert {"connect", "tls", "wait", "read", "batch_read", "ledger_sync"} <= report["mean_ms"].keys()
    assert 4 < report["mean_ms"]["wait"] < 500
    assert sum(s["nulls"]["nothing"] for s in seconds) == sum(s["answered_rows"] for s in seconds) == 300
    assert sum(s["nulls"]["score"] for s in seconds) == 0
    page = (run / "report.html").read_text()
    assert "TLS handshake" in page and "Nulls in the answers" in page


def test_the_end_does_not_wait_for_a_health_check(rowcall, tmp_path):
    over = threading.Event()
    asked: list[str] = []

    class Api(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "12")
            self.end_headers()
            self.wfile.write(b'{"score": 1}')

        def do_GET(self) -> None:
            asked.append(self.path)
            over.wait(60)  # Never answers, as far as the run can tell.

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        table = write_csv(tmp_path / "rows.csv", 100)
        began = time.monotonic()
        done = rowcall(
            *("run", table, "--url", f"http://127.0.0.1:{server.server_port}/score", "--rate", "100/s", "--quiet"),
            *("--run-dir", tmp_path / "run", "--response", "score=/score:double", "--timeout", "50s"),
            *(
                "--set",
                "request.health_every=100ms",
                "--set",
                "request.health_url=" + f"http://127.0.0.1:{server.server_port}/up",
            ),
        )
        took = time.monotonic() - began
        over.set()
        server.shutdown()
    assert done.code == 0, done
    assert asked == ["/up"] and took < 30, took
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["ok"] == 100 and summary["attempts"] == 101


def test_a_health_url_elsewhere_is_refused(rowcall, mock_api, tmp_path):
    table = write_csv(tmp_path / "rows.csv", 10)
    done = rowcall(
        *("run", table, "--url", mock_api().url + "/score", "--run-dir", tmp_path / "run"),
        *("--set", "request.health_url=http://127.0.0.1:1/up", "--set", "request.health_every=1s"),
    )
    assert done.code == 2 and "request.health_url" in done.err and "rowcall health" in done.err, done


def test_without_telemetry_there_is_the_summary_alone(rowcall, mock_api, tmp_path):
    table = write_csv(tmp_path / "rows.csv", 50)
    run = tmp_path / "run"
    command = ["run", table, "--url", mock_api().url + "/score", "--run-dir", run, "--response", "score=/score:double"]
    command += ["--set", "run.telemetry=false"]
    refused = rowcall(*command, "--metrics", "127.0.0.1:0")
    assert refused.code == 2 and "run.telemetry" in refused.err, refused
    done = rowcall(*command)
    assert done.code == 0, done
    assert json.loads((run / "summary.json").read_text())["ok"] == 50
    for name in ("metrics.ndjson", "events.ndjson", "calls.log", "report.html", "logs"):
        assert not (run / name).exists(), name


def test_a_killed_run_has_a_report_too(rowcall, mock_api, tmp_path):
    table = write_csv(tmp_path / "rows.csv", 20_000)
    run = tmp_path / "run"
    command = [parts.rowcall_path(), "run", table, "--url", mock_api(latency="5ms").url + "/score", "--rate", "500/s"]
    command += ["--run-dir", run, "--response", "score=/score:double", "--quiet"]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL)
    try:
        wait_until("two seconds of metrics", lambda: (run / "metrics.ndjson").read_text().count("\n") >= 2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = rowcall("report", run)
    assert done.code == 0, done
    report = json.loads((run / "report.json").read_text())
    assert report["end"] == "not finished" and report["rows"] > 0
    assert "run the same command again" in (run / "report.html").read_text()
    compared = rowcall("compare", run, run)
    assert compared.code == 0 and "same" in compared.out
    assert rowcall("report", tmp_path).code != 0


def test_alarms_and_the_end_are_posted_to_the_webhook(rowcall, mock_api, tmp_path):
    posted: list[dict] = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        table = write_csv(tmp_path / "rows.csv", 100)
        done = rowcall(
            *("run", table, "--url", mock_api().url + "/score", "--response", "score=/score:double"),
            *("--run-dir", tmp_path / "run", "--webhook", "env:HOOK"),
            env={"HOOK": f"http://127.0.0.1:{server.server_port}/T0/secret-path"},
        )
        server.shutdown()
    assert done.code == 0, done
    assert [news["kind"] for news in posted] == ["end"]
    assert "complete" in posted[0]["text"]
    assert "secret-path" not in done.err


# Rows that the page says are done; 0 while it says nothing.
ROWS_SHOWN = "Number((document.body.innerText.match(/([0-9,]+) rows of/) ?? ['', '0'])[1].replace(',', ''))"


@needs("chromium")
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_real_browser(mock_api, tmp_path, width):
    with (
        running(tmp_path, mock_api(latency="20ms"), 24_000) as at,
        parts.Browser() as browser,
        browser.page(width) as page,
    ):
        page.open(at["page"])
        # The script replaces what the server had put in: updates arrive, and nothing is refused by the policy.
        page.wait_for("document.body.hasAttribute('data-updated')")
        page.wait_for("document.querySelectorAll('svg').length === 6")
        page.wait_for(f"{ROWS_SHOWN} > 0")
        before = page.run(ROWS_SHOWN)
        text = page.run("document.body.innerText")
        assert "calls per second" in text and "Where the time goes" in text
        page.wait_for(f"{ROWS_SHOWN} > {before}")
        assert page.run("document.documentElement.scrollWidth") <= width
