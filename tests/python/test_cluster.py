# SPDX-License-Identifier: Apache-2.0
"""Several processes under one limit: a coordinator here, workers in processes of their own, audited by the mock API."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pyarrow as pa
import pytest

import parts
import rowcall
from rowcall import _engine
from rowcall._job import Job

SECRET = "a secret that only the test knows"
SOURCE = {"source.path": "-", "source.format": "ndjson"}

WORKER = """
import sys
import pyarrow as pa
import rowcall
from rowcall import _engine
from rowcall._job import Job

url, rate, address, secret, first, rows = sys.argv[1:7]
first, rows = int(first), int(rows)
job = Job(url=url, rate=rate, env_file=False, response={"score": "/score:double"},
          settings={"source.path": "-", "source.format": "ndjson"})
table = pa.table({"id": pa.array(range(first, first + rows), pa.int64())})
run = _engine.Run(job._job, table, rows, f"worker {first}", address, secret)
while not run.collect(0.2):
    pass
if run.error():
    sys.exit(": ".join(run.error()))
print(run.collected().num_rows)
"""


class Cluster:
    def __init__(self, url: str, rate: str) -> None:
        self._url = url
        self._rate = rate
        self._job = Job(url=url, rate=rate, env_file=False, settings=SOURCE)
        self.coordinator = _engine.Coordinator(self._job._job, "127.0.0.1", 0, SECRET, False)

    def worker(self, first: int, rows: int, secret: str = SECRET) -> subprocess.Popen[str]:
        arguments = [self._url, self._rate, self.coordinator.address, secret, str(first), str(rows)]
        return subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments],
            env={**os.environ, "PYTHONPATH": str(parts.python_package())},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def audit(api: Any) -> dict[str, Any]:
    stats = api.stats()
    limit = stats["limits"][0]
    assert limit["over"] == 0, limit
    assert limit["worst"] <= limit["calls"], limit
    return stats


def test_three_processes_together_keep_the_limit(mock_api: Any) -> None:
    api = mock_api(limit="600/s", stamp="kernel")
    cluster = Cluster(api.url + "/process", "600/s")
    # Skewed: the largest goes on alone, with all permits.
    workers = [cluster.worker(0, 300), cluster.worker(10_000, 700), cluster.worker(20_000, 2000)]
    for worker, rows in zip(workers, (300, 700, 2000), strict=True):
        out, trouble = worker.communicate(timeout=120)
        assert worker.returncode == 0, trouble
        assert int(out) == rows
    stats = audit(api)
    assert stats["arrivals"] == 3000
    status = cluster.coordinator.status()
    assert status["overdrawn"] == 0
    limit = status["limits"][0]
    assert limit["lent"] + limit["quarantined"] + limit["free"] == limit["permits"] == 600
    cluster.coordinator.close()


def test_the_permits_of_a_killed_worker_come_back(mock_api: Any) -> None:
    api = mock_api(limit="400/s", stamp="kernel")
    cluster = Cluster(api.url + "/process", "400/s")
    victim = cluster.worker(0, 100_000)
    deadline = time.monotonic() + 60
    while cluster.coordinator.status()["limits"][0]["lent"] == 0 and time.monotonic() < deadline:
        time.sleep(0.05)
    other = cluster.worker(200_000, 1500)
    while api.stats()["arrivals"] < 600 and time.monotonic() < deadline:
        time.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    victim.communicate(timeout=30)
    out, trouble = other.communicate(timeout=120)
    assert other.returncode == 0, trouble
    assert int(out) == 1500
    audit(api)
    assert cluster.coordinator.status()["overdrawn"] == 0


def test_a_stranger_gets_nothing(mock_api: Any) -> None:
    api = mock_api(limit="400/s", stamp="kernel")
    cluster = Cluster(api.url + "/process", "400/s")
    stranger = cluster.worker(0, 10, "not the secret, but as long as it")
    _, trouble = stranger.communicate(timeout=60)
    assert stranger.returncode != 0
    assert "secret" in trouble
    assert "not the secret, but" not in trouble
    assert api.stats()["arrivals"] == 0


def test_a_coordinator_wants_a_limit_and_a_long_secret() -> None:
    job = Job(url="http://127.0.0.1:9/x", rate="10/s", env_file=False, settings=SOURCE)
    with pytest.raises(Exception, match="secret"):
        _engine.Coordinator(job._job, "127.0.0.1", 0, "short", False)
    free = Job(url="http://127.0.0.1:9/x", rate="unlimited", env_file=False, settings=SOURCE)
    with pytest.raises(Exception, match="limit"):
        _engine.Coordinator(free._job, "127.0.0.1", 0, SECRET, False)


def test_a_keyword_names_the_coordinator(mock_api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    api = mock_api(limit="400/s", stamp="kernel")
    cluster = Cluster(api.url + "/process", "400/s")
    monkeypatch.setenv("SECRET_OF_THE_TEST", SECRET)
    done = rowcall.enrich(
        pa.table({"id": pa.array(range(50), pa.int64())}),
        url=api.url + "/process",
        rate="400/s",
        response={"score": "/score:double"},
        env_file=False,
        coordinator=cluster.coordinator.address,
        coordinator_secret="env:SECRET_OF_THE_TEST",
    )
    assert done.num_rows == 50
    assert cluster.coordinator.status()["messages_in"] > 0
    cluster.coordinator.close()
