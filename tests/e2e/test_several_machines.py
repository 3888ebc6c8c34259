# SPDX-License-Identifier: Apache-2.0
"""Several `rowcall run` under one limit: through `rowcall coordinator`, and through a Redis. Judged by the mock API."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import parts

RATE = "400/s"
SECRET = "a secret that only the test knows"
PASSWORD = "redis-password-of-the-test"


class Cluster:
    """Runs that share a limit. `env`: how they find who lends it."""

    def __init__(self, folder: Path, url: str, env: dict[str, str]) -> None:
        self._folder = folder
        self._url = url
        self.env = env
        self._runs: list[parts.Part] = []

    def run(self, name: str, rows: int, *flags: str) -> parts.Part:
        table = self._folder / f"{name}.csv"
        table.write_text("id\n" + "".join(f"{row}\n" for row in range(rows)))
        words: list[str | Path] = ["run", table, "--url", self._url + "/process", "--rate", RATE, "--quiet"]
        words += ["--no-env-file", "--run-dir", self._folder / name, "--response", "score=/score:double", *flags]
        run = parts.Part(name, [parts.rowcall_path(), *words], self.env)
        self._runs.append(run)
        return run

    def logs(self) -> str:
        """All that the runs have said and kept."""
        files = [path for run in self._runs for path in (self._folder / run.name).rglob("*") if path.is_file()]
        return "".join(run.output() for run in self._runs) + "".join(path.read_text("latin-1") for path in files)

    def stop(self) -> None:
        for run in self._runs:
            run.stop()


@pytest.fixture
def coordinator(tmp_path: Path) -> Iterator[Callable[..., parts.Part]]:
    """coordinator("--rate", ...): `rowcall coordinator`, with `address` where it says that it is."""
    started: list[parts.Part] = []

    def start(*flags: str) -> Any:
        command: list[str | Path] = [parts.rowcall_path(), "coordinator", "--no-env-file", *flags]
        part: Any = parts.Part("rowcall coordinator", command, {"RATE_COORDINATOR_SECRET": SECRET})
        started.append(part)
        part.address = part.wait_for_line(r"at (tcp://127\.0\.0\.1:\d+)$").group(1)
        return part

    yield start
    for part in started:
        part.stop()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[parts.Redis]:
    with parts.Redis(tmp_path / "redis", PASSWORD) as server:
        yield server


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def make(url: str, **env: str) -> Cluster:
        made.append(Cluster(tmp_path, url, env))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def audit(api: Any) -> dict[str, Any]:
    stats: dict[str, Any] = api.stats()
    limit: dict[str, Any] = stats["limits"][0]
    assert limit["over"] == 0, limit
    assert limit["worst"] <= limit["calls"], limit
    return stats


def wait_for_arrivals(api: Any, count: int) -> None:
    until = time.monotonic() + 120
    while api.stats()["arrivals"] < count:
        assert time.monotonic() < until, api.stats()
        time.sleep(0.1)


def cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("lender", ["coordinator", "redis"])
def test_three_runs_share_a_limit_and_one_is_killed(
    lender: str, mock_api: Any, cluster: Any, request: pytest.FixtureRequest
) -> None:
    api = mock_api(limit=RATE, stamp="kernel")
    if lender == "coordinator":
        lends = request.getfixturevalue("coordinator")("--rate", RATE, "--first")
        runs = cluster(api.url, RATE_COORDINATOR=lends.address, RATE_COORDINATOR_SECRET=SECRET)
    else:
        redis = request.getfixturevalue("redis")
        lends = redis.part
        runs = cluster(api.url, RATE_COORDINATOR=redis.url.replace("redis://", f"redis://:{PASSWORD}@"))
    started = time.monotonic()
    survivors = [runs.run("one", 8000), runs.run("two", 8000)]
    victim = runs.run("three", 100_000)
    wait_for_arrivals(api, 4000)
    victim.process.kill()
    for run in survivors:
        assert run.process.wait(120) == 0, run.output()
    stats = audit(api)
    assert stats["arrivals"] > 17_000  # the victim's as well
    cpu = cpu_seconds(lends.pid) / (time.monotonic() - started)
    print(f"{lender}: {cpu:.2%} of a core; {stats['limits'][0]}")
    assert cpu < 0.03
    assert stats["limits"][0]["share_used"] >= 0.9, stats["limits"][0]
    kept = runs.logs()
    assert SECRET not in kept
    assert PASSWORD not in kept


def test_a_redis_that_forgets_lets_no_call_too_many_through(mock_api: Any, cluster: Any, redis: parts.Redis) -> None:
    api = mock_api(limit=RATE, stamp="kernel")
    runs = cluster(api.url, RATE_COORDINATOR=redis.url, RATE_COORDINATOR_SECRET=PASSWORD)
    both = [runs.run("one", 3000), runs.run("two", 3000)]
    wait_for_arrivals(api, 1000)
    assert redis.ask("FLUSHALL") == "+OK\r\n"
    wait_for_arrivals(api, 3000)
    redis.restart()
    for run in both:
        assert run.process.wait(120) == 0, run.output()
    assert audit(api)["arrivals"] == 6000


def test_a_coordinator_that_begins_anew_waits_for_old_leases(mock_api: Any, cluster: Any, coordinator: Any) -> None:
    api = mock_api(limit=RATE, stamp="kernel")
    first = coordinator("--rate", RATE, "--first")
    port = first.address.rpartition(":")[2]
    runs = cluster(api.url, RATE_COORDINATOR=first.address, RATE_COORDINATOR_SECRET=SECRET)
    both = [runs.run("one", 2500), runs.run("two", 2500)]
    wait_for_arrivals(api, 1000)
    first.process.kill()
    first.process.wait(30)
    second = coordinator("--rate", RATE, "--port", port)
    assert "gives nothing for the first 4" in second.output()
    for run in both:
        assert run.process.wait(120) == 0, run.output()
    audit(api)
    second.process.terminate()
    assert second.process.wait(30) == 0
    assert "0 refused" in second.output()


def test_strangers_and_other_limits_are_told(
    rowcall: Any, mock_api: Any, coordinator: Any, redis: parts.Redis, tmp_path: Path
) -> None:
    api = mock_api()
    lender = coordinator("--rate", RATE, "--first")
    table = tmp_path / "t.csv"
    table.write_text("id\n1\n")
    words = ["run", table, "--url", api.url + "/process", "--no-env-file", "--quiet"]
    wrong = {"RATE_COORDINATOR_SECRET": "another secret, long enough"}
    done = rowcall(*words, "--rate", RATE, "--coordinator", lender.address, env=wrong)
    assert done.code != 0 and "secret" in done.err and "another secret" not in done.err, done
    right = {"RATE_COORDINATOR_SECRET": SECRET}
    done = rowcall(*words, "--rate", "500/s", "--coordinator", lender.address, "--fresh", env=right)
    assert done.code != 0 and "400 in 1" in done.err, done
    done = rowcall(*words, "--rate", RATE, "--coordinator", redis.url, "--fresh", env=wrong)
    assert done.code != 0 and "WRONGPASS" in done.err and "another secret" not in done.err, done
    done = rowcall(*words, "--rate", RATE, "--coordinator", f"redis://:{PASSWORD}@127.0.0.1:1/0", "--fresh")
    assert done.code == 2 and "RATE_COORDINATOR" in done.err and PASSWORD not in done.err, done
    done = rowcall(*words, "--rate", RATE, "--coordinator", lender.address, "--fresh")
    assert done.code == 2 and "coordinator_secret" in done.err, done
    assert api.stats()["arrivals"] == 0


def test_the_coordinator_says_what_is_wrong(rowcall: Any) -> None:
    done = rowcall("coordinator", "--no-env-file", env={"RATE_COORDINATOR_SECRET": SECRET})
    assert done.code == 2 and "--rate" in done.err, done
    done = rowcall("coordinator", "--no-env-file", "--rate", RATE)
    assert done.code == 2 and "RATE_COORDINATOR_SECRET" in done.err, done
    done = rowcall("coordinator", "--no-env-file", "--rate", RATE, env={"RATE_COORDINATOR_SECRET": "short"})
    assert done.code == 2 and "16 bytes" in done.err and '"short"' not in done.err, done
    done = rowcall("coordinator", "--no-env-file", "--rate", RATE, "--secret", "in the clear")
    assert done.code == 2 and "in the clear" not in done.err, done
