# SPDX-License-Identifier: Apache-2.0
"""Tables in files: the package runs the command, and has its manners."""

from __future__ import annotations

import os
import shutil
import signal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts
import rowcall

RESPONSE = {"score": "/score:double"}


@pytest.fixture(autouse=True)
def command(monkeypatch):
    """The command that was built, unless the installed wheel is tested, which has its own."""
    if not os.environ.get("ROWCALL_INSTALLED"):
        monkeypatch.setenv("ROWCALL", str(parts.rowcall_path()))


@pytest.fixture
def customers(tmp_path):
    rows = 500
    table = pa.table({"id": range(rows), "refuse": [i in (3, 400) for i in range(rows)]})
    path = tmp_path / "customers.parquet"
    pq.write_table(table, path)
    return path


def settings(api) -> dict:
    return {"url": api.url, "rate": "unlimited", "response": RESPONSE, "progress": False}


def test_a_path_in_a_path_out(api, customers, tmp_path, monkeypatch):
    # What the environment says is in the job already, below the keywords.
    monkeypatch.setenv("MAX_WORKERS", "3")
    monkeypatch.setenv("RATE_LIMIT_CALLS", "1")
    out = rowcall.enrich(customers, to=tmp_path / "out.parquet", **settings(api))
    assert out == str(tmp_path / "out.parquet")
    written = pq.read_table(out)
    assert written.column("id").to_pylist() == [i for i in range(500) if i not in (3, 400)]
    assert (out.counts.ok, out.counts.failed) == (498, 2)
    assert out.report.end == "complete"
    assert rowcall.run_of(out).counts == out.counts
    assert pq.read_table(out.failures).column("row_id").to_pylist() == [3, 400]
    again = rowcall.retry("runs/customers")
    assert again.counts.failed == 2, "they are refused again"
    assert rowcall.verify_rate("runs/customers")


def test_a_list_of_paths_from_a_job_file(api, customers, tmp_path):
    (tmp_path / "ours.toml").write_text(
        f'[request]\nurl = "{api.url}"\n[response.columns]\nscore = "/score:double"\n[limits]\nrate = "unlimited"\n'
    )
    other = shutil.copy(customers, tmp_path / "other.parquet")
    out = rowcall.enrich([customers, other], job=rowcall.Job.from_file("ours.toml", name="twice"), progress=False)
    assert out == "runs/twice/output.parquet"
    assert out.counts.rows == 1000


def test_errors_are_those_of_the_command(api, tmp_path):
    with pytest.raises(rowcall.RowcallError, match=r"gone\.csv: no such file"):
        rowcall.enrich("gone.csv", **settings(api))
    with pytest.raises(rowcall.SettingError, match="keyword rate"):
        rowcall.enrich("gone.csv", **{**settings(api), "rate": "fast"})
    with pytest.raises(rowcall.SettingError, match="hook"):
        rowcall.enrich("gone.csv", request=lambda batch: batch, **settings(api))


def test_a_cap_stops_a_run_that_goes_on(api, customers):
    with pytest.raises(rowcall.StoppedError, match="max_calls") as caught:
        rowcall.enrich(customers, max_calls=100, name="capped", **settings(api))
    assert caught.value.partial.report.end == "stopped"


def test_plan_and_health(api, customers):
    text = rowcall.plan(customers, url=api.url, rate="50/s", response=RESPONSE).text
    assert "request 1" in text
    assert "50/s" in text
    health = rowcall.health(url=api.url, response=RESPONSE)
    assert health
    assert health.details["verdict"] == "well"
    assert "200" in health.details["status"]
    assert not rowcall.health(url="http://127.0.0.1:9", response=RESPONSE)


def test_interrupt(script):
    running = script(
        """
    import threading, time
    import pyarrow as pa, pyarrow.parquet as pq
    import parts, rowcall

    api = parts.MockApi(latency="20ms", quiet=True)
    pq.write_table(pa.table({"id": range(1_000_000)}), "many.parquet")

    def watch():
        while api.stats()["arrivals"] < 300:
            time.sleep(0.01)
        print("calling", flush=True)

    threading.Thread(target=watch, daemon=True).start()
    try:
        rowcall.enrich("many.parquet", url=api.url, rate="2000/s", response={"score": "/score:double"}, progress=False)
    except KeyboardInterrupt as interrupt:
        print(interrupt.partial.report.end, flush=True)
    """
    )
    assert running.line() == "calling"
    running.send(signal.SIGINT)
    assert running.line() == "stopped"
    assert running.end()[0] == 0
