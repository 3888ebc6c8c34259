# SPDX-License-Identifier: Apache-2.0
"""Limits of every kind against a server that counts for itself: weights, quotas of the calendar, an unknown limit."""

from __future__ import annotations

import datetime
import json
import re
import signal
import time
from pathlib import Path

import parts


def table_of(folder: Path, rows: int) -> Path:
    path = folder / "rows.csv"
    path.write_text("id,tokens\n" + "".join(f"{i},{1 + i % 5}\n" for i in range(rows)))
    return path


def words(table: Path, api: parts.MockApi, folder: Path, *more: str) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--run-dir", str(folder / "run")),
        *("--response", "score=/score:double", "--to", str(folder / "out.csv"), "--no-env-file", *more),
    ]


def rates(*limits: str) -> str:
    return "limits.rate=" + json.dumps(list(limits))


def worst(api: parts.MockApi) -> int:
    return api.stats()["limits"][0]["worst"]


def test_a_call_of_weight_three_takes_three_permits(rowcall, mock_api, tmp_path):
    api = mock_api(latency="5ms", audit="300/s")
    done = rowcall(*words(table_of(tmp_path, 600), api, tmp_path, "--rate", "300/s", "--set", "limits.weight=3"))
    assert done.code == 0, done
    assert 90 <= worst(api) <= 100
    verdict = rowcall("verify-rate", tmp_path / "run")
    assert verdict.code == 0, verdict
    found = re.search(r"300 per second +(\d+) ", verdict.out)
    assert found and 270 <= int(found.group(1)) <= 300, verdict


def test_a_column_of_weights_beside_a_limit_in_calls(rowcall, mock_api, tmp_path):
    api = mock_api(latency="5ms", audit="200/s")
    done = rowcall(
        *words(table_of(tmp_path, 800), api, tmp_path, "--set", rates("200 calls/s", "300/s")),
        *("--set", "limits.weight_column=tokens"),
    )
    assert done.code == 0, done
    # Three on average: a hundred calls a second.
    assert worst(api) < 150
    verdict = rowcall("verify-rate", tmp_path / "run")
    assert verdict.code == 0, verdict
    assert "200 calls per second" in verdict.out


def test_a_row_without_a_weight_fails_and_no_other(rowcall, mock_api, tmp_path):
    table = tmp_path / "rows.csv"
    table.write_text("id,tokens\n1,5\n2,many\n3,\n4,2\n")
    api = mock_api()
    done = rowcall(*words(table, api, tmp_path, "--rate", "100/s", "--set", "limits.weight_column=tokens"))
    assert done.code == 4, done
    assert api.stats()["arrivals"] == 2


def in_twelve_hours() -> str:
    """A renewal far from now, whenever the test is run."""
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=12)).strftime("%H:%M")


def until_held(process: parts.Started, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.alive()
        if log.exists() and "quota of limits.rate is used up" in log.read_text():
            return
        time.sleep(0.05)
    raise AssertionError("the run was never held for its quota")


def test_a_days_quota_is_not_doubled_by_going_on(mock_api, rowcall, tmp_path):
    api = mock_api(latency="5ms")
    table = table_of(tmp_path, 500)
    command = words(table, api, tmp_path, "--set", rates("500/s", f"60/day resets {in_twelve_hours()} UTC"))
    for number in (signal.SIGINT, signal.SIGKILL, signal.SIGINT):
        with parts.Started(command, tmp_path) as process:
            until_held(process, tmp_path / "run" / "logs" / "processor.log")
            time.sleep(0.5)
            process.process.send_signal(number)
            process.wait(20)
        (tmp_path / "run" / "logs" / "processor.log").unlink()
        assert api.stats()["arrivals"] == 60
    verdict = rowcall("verify-rate", tmp_path / "run")
    assert verdict.code == 0, verdict
    assert "60 per day, renewed at" in verdict.out


def test_what_a_killed_run_may_have_sent_outlasts_the_next_session(mock_api, rowcall, tmp_path):
    """Killed at its first call, before anything is logged; then a session that ends in good order; then a third."""
    api = mock_api(latency="5ms", audit="250/4s")
    command = words(table_of(tmp_path, 100), api, tmp_path, "--set", rates("200/s", "250/4s"))
    unlogged = tmp_path / "run" / "unlogged_sends.txt"
    begun = 0.0
    for happened, number in ((lambda: api.stats()["arrivals"] > 0, signal.SIGKILL), (unlogged.exists, signal.SIGINT)):
        begun = time.monotonic()
        with parts.Started(command, tmp_path) as process:
            while not happened():
                assert process.alive() and time.monotonic() < begun + 30
                time.sleep(0.002)
            process.process.send_signal(number)
            process.wait(20)
    assert json.loads(rowcall("status", tmp_path / "run", "--json").out)["calls_under_way"] == 0
    assert int(unlogged.read_text().split()[3]) > 240, "1.2 s at full pace, and at least the one under way"
    done = rowcall(*command)
    assert done.code == 0, done
    assert time.monotonic() - begun > 4, "the period after the killed session"
    assert len(unlogged.read_text().splitlines()) == 1, "the second session ended in good order"


def test_a_quota_needs_the_call_log(rowcall, mock_api, tmp_path):
    api = mock_api()
    done = rowcall(
        *words(table_of(tmp_path, 5), api, tmp_path, "--set", rates("60/day resets 00:00 UTC")),
        *("--set", "run.call_log=false"),
    )
    assert done.code == 2, done
    assert "run.call_log" in done.err


def test_an_unknown_limit_is_found_and_told(rowcall, mock_api, tmp_path):
    api = mock_api(latency="10ms", limit="400/s", seed=3)
    done = rowcall(*words(table_of(tmp_path, 6000), api, tmp_path, "--rate", "auto"), timeout=90)
    assert done.code == 0, done
    found = re.search(r"the API refuses more than about (\d+)/s", done.err)
    assert found, done
    assert 360 <= int(found.group(1)) <= 410
    log = (tmp_path / "run" / "logs" / "processor.log").read_text()
    assert "the API refuses more than" in log
    stats = api.stats()
    # It took little more than the time the limit needs, and few calls were refused on the way.
    assert stats["arrivals"] - 6000 <= 0.05 * 6000, stats
