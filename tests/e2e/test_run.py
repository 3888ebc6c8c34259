# SPDX-License-Identifier: Apache-2.0
"""`rowcall run` and its relatives, as a user meets them."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import parts

ENDINGS = ("ok", "no_match", "failed", "unreadable", "skipped")


def write_csv(path: Path, rows: int) -> Path:
    path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(1, rows + 1)))
    return path


def summary_of(run: Path) -> dict:
    summary = json.loads((run / "summary.json").read_text())
    assert sum(summary[name] for name in ENDINGS) == summary["rows"], summary
    return summary


def test_flags_alone_are_a_job(rowcall, mock_api, tmp_path):
    api = mock_api(limit="5000/s", latency="5ms")
    table = write_csv(tmp_path / "customers.csv", 3000)
    done = rowcall(
        *("run", table, "--url", api.url + "/score", "--rate", "5000/s", "--to", tmp_path / "out.parquet"),
        *("--response", "score=/score:double", "--response", "label=/label:string", "--run-dir", tmp_path / "run"),
    )
    assert done.code == 0, done
    out = pq.read_table(tmp_path / "out.parquet")
    assert out.schema.names == ["id", "name", "score", "label"]
    assert out["id"].to_pylist() == list(range(1, 3001))
    assert out["score"].null_count == 0
    summary = summary_of(tmp_path / "run")
    assert (summary["rows"], summary["ok"], summary["attempts"]) == (3000, 3000, 3000)
    assert summary["rate_limit"] == ["5000/s"]
    assert summary["worst_window"][0]["calls"] <= 5000
    for name in ("duration_s", "cpu_s", "rss_max_bytes"):
        assert summary[name] > 0, name
    for name in ("job.toml", "calls.log", "logs/processor.log", "logs/api_client.log"):
        assert (tmp_path / "run" / name).exists(), name
    stats = api.stats()
    assert stats["limits"][0]["over"] == 0
    assert stats["rows_answered_twice"] == 0
    assert "3,000" in done.err and "kept" in done.err


def test_the_names_of_env_are_enough(rowcall, mock_api, s3, bucket, tmp_path):
    api = mock_api()
    write_csv(s3.folder / bucket / "in.csv", 250)
    (tmp_path / "cwd").mkdir()
    (tmp_path / "cwd" / ".env").write_text(
        f"S3_BUCKET={bucket}\nS3_KEY=in.csv\nAPI_ENDPOINT={api.url}/score\nBATCH_SIZE=100\nMAX_WORKERS=20\n"
        "RATE_LIMIT_CALLS=1000\nRATE_LIMIT_PERIOD=0.5\nCHUNK_SIZE=50\nLOG_LEVEL=debug\n"
    )
    done = rowcall("run")
    assert done.code == 0, done
    (run,) = (tmp_path / "cwd" / "runs").iterdir()
    assert summary_of(run)["ok"] == 250
    job = (run / "job.toml").read_text()
    assert "batch_size = 100" in job and "1000/500ms" in job
    assert pq.read_table(run / "output.parquet").num_rows == 250


def test_fresh_run_replaces_the_output_in_its_own_folder(rowcall, mock_api, tmp_path):
    api = mock_api()
    arguments = ["--url", api.url, "--run-dir", tmp_path / "run", "--quiet"]
    for rows, fresh in ((20, []), (30, ["--fresh"])):
        done = rowcall("run", write_csv(tmp_path / "in.csv", rows), *arguments, *fresh)
        assert done.code == 0, done
        assert pq.read_table(tmp_path / "run" / "output.parquet").num_rows == rows


def test_unlimited_and_sync(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv", 500)
    for mode in (["--rate", "unlimited"], ["--mode", "sync", "--workers", "3"]):
        run = tmp_path / ("run-" + mode[-1])
        done = rowcall("run", table, "--url", api.url, "--to", run / "out.csv", "--run-dir", run, *mode)
        assert done.code == 0, done
        assert summary_of(run)["ok"] == 500
    assert api.stats()["in_flight_max"] <= 128


def test_formats_and_folders(rowcall, mock_api, tmp_path):
    """What one format wrote, another run reads: folder of parts, glob, gzip, zstd, NDJSON, standard streams."""
    api = mock_api()
    write_csv(tmp_path / "in.csv", 1000)
    steps = [
        (["run", tmp_path / "in.csv", "--to", f"{tmp_path}/parts/", "--set", "sink.part_rows=300"], 4),
        (["run", f"{tmp_path}/parts/*.parquet", "--to", tmp_path / "b.csv.gz"], None),
        (["run", tmp_path / "b.csv.gz", "--to", tmp_path / "c.ndjson.zst"], None),
        (["run", tmp_path / "c.ndjson.zst", "--to", tmp_path / "d.parquet"], None),
    ]
    for number, (arguments, files) in enumerate(steps):
        done = rowcall(
            *(*arguments, "--url", api.url, "--rate", "unlimited", "--run-dir", tmp_path / f"run{number}"),
            *("--response", f"label{number}=/label"),
        )
        assert done.code == 0, done
        assert summary_of(tmp_path / f"run{number}")["ok"] == 1000
        if files:
            assert len(list((tmp_path / "parts").glob("*.parquet"))) == files
            assert (tmp_path / "parts" / "_SUCCESS").exists()
    assert pq.read_table(tmp_path / "d.parquet")["id"].to_pylist() == list(range(1, 1001))
    done = rowcall(
        *("run", "-", "--from-format", "csv", "--to", "-", "--to-format", "csv", "--url", api.url, "--quiet"),
        *("--response", "label=/label", "--run-dir", tmp_path / "stdin"),
        stdin=(tmp_path / "in.csv").read_bytes(),
    )
    assert done.code == 0, done
    assert csv.read_csv(pa.BufferReader(done.out.encode())).schema.names == ["id", "name", "label"]


def test_failed_rows_and_retry(rowcall, tmp_path):
    table = write_csv(tmp_path / "in.csv", 20)
    run = tmp_path / "run"
    arguments = ["run", table, "--to", tmp_path / "out.csv", "--run-dir", run, "--response", "score=/score:int64"]
    rules: list[dict] = [
        {"row": 7, "status": 422, "body": '{"error": "not today"}', "attempt": 1},
        {"body": '{"score": $id}'},
    ]
    with parts.ScriptedApi(rules) as api:
        done = rowcall(*arguments, "--url", api.url)
        assert done.code == 4, done
        summary = summary_of(run)
        assert (summary["ok"], summary["failed"]) == (19, 1)
        assert "retry" in summary["next_step"]
        done = rowcall("retry", run)
        assert done.code == 0, done
        keys = [seen.headers["Idempotency-Key"] for seen in api.seen if json.loads(seen.body)["id"] == 7]
        assert len(keys) == 2 and len(set(keys)) == 1
        assert len(api.seen) == 21
        again = rowcall("retry", run)
        assert again.code == 0 and "no failed rows" in again.err, again


def test_plan_sends_nothing_and_masks(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv", 2500)
    (tmp_path / "job.toml").write_text(
        f'name = "planned"\n[source]\npath = "{table}"\n[request]\nurl = "{api.url}/score"\n'
        '[auth]\ntype = "bearer"\ntoken = "env:TOKEN"\n[response.columns]\nscore = "/score:double"\n'
        '[limits]\nrate = ["50/s", "2000/min"]\n'
    )
    done = rowcall("plan", tmp_path / "job.toml", env={"TOKEN": "very-secret"})
    assert done.code == 0, done
    assert "very-secret" not in done.out + done.err
    assert "********" in done.out
    assert done.out.count("request ") >= 3
    assert '{"id":1,"name":"row 1"}' in done.out.replace(" :", ":")
    assert "2,500" in done.out
    assert api.stats()["arrivals"] == 0
    done = rowcall("plan", tmp_path / "job.toml", "--sample", "5", env={"TOKEN": "very-secret"})
    assert done.code == 0, done
    assert done.out.count("answered") == 5
    assert api.stats()["arrivals"] == 5


def test_health(rowcall, mock_api):
    api = mock_api()
    done = rowcall("health", "--url", api.url + "/score")
    assert done.code == 0 and "200" in done.out and "verdict" in done.out, done
    done = rowcall("health", "--url", f"http://127.0.0.1:{parts.free_port()}/")
    assert done.code == 5 and "not well" in done.out, done


def test_verify_rate(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv", 600)
    rowcall(
        "run", table, "--url", api.url, "--rate", "400/s", "--to", tmp_path / "o.csv", "--run-dir", tmp_path / "run"
    )
    done = rowcall("verify-rate", tmp_path / "run")
    assert done.code == 0 and "400" in done.out, done
    done = rowcall("verify-rate", tmp_path / "run", "--rate", "100/s")
    assert done.code == 5, done


def interrupted(arguments: list, number: int, wait_for: Path, cwd: Path) -> tuple[int, str]:
    """Starts the command, sends it a signal once `wait_for` has grown, and returns its exit code and errors."""
    process = subprocess.Popen(
        [parts.rowcall_path(), *map(str, arguments)], cwd=cwd, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    until = time.monotonic() + 30
    while not (wait_for.exists() and wait_for.stat().st_size > 3000) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stop_and_go_on(rowcall, mock_api, tmp_path, number):
    api = mock_api(latency="20ms")
    table = write_csv(tmp_path / "in.csv", 3000)
    arguments = [
        *("run", table, "--url", api.url, "--rate", "1000/s", "--to", tmp_path / "out.parquet", "--batch-size", "100"),
        *("--run-dir", tmp_path / "run", "--response", "score=/score:double"),
    ]
    code, err = interrupted(arguments, number, tmp_path / "run" / "calls.log", tmp_path)
    assert code == 130, err
    assert "go on" in err
    assert not (tmp_path / "out.parquet").exists()
    first = summary_of(tmp_path / "run")
    assert first["end"] == "stopped"
    done = rowcall(*arguments)
    assert done.code == 0, done
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["id"].to_pylist() == list(range(1, 3001))
    assert out["score"].null_count == 0
    assert api.stats()["rows_answered_twice"] == 0


def test_caps(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv", 1000)
    done = rowcall("run", table, "--url", api.url, "--max-calls", "100", "--to", tmp_path / "o.csv", "--run-dir", "r1")
    assert done.code == 3, done
    assert api.stats()["arrivals"] == 100
    rules = [{"status": 422, "body": "{}"}]
    with parts.ScriptedApi(rules) as refusing:
        done = rowcall(
            *("run", table, "--url", refusing.url, "--max-errors", "10", "--to", tmp_path / "p.csv", "--run-dir", "r2")
        )
        assert done.code == 3, done
        assert len(refusing.seen) < 300


def test_fatal_answers_stop_the_run(rowcall, tmp_path):
    table = write_csv(tmp_path / "in.csv", 1000)
    with parts.ScriptedApi([{"status": 401, "body": '{"error": "bad key"}'}]) as api:
        done = rowcall("run", table, "--url", api.url, "--rate", "200/s", "--to", tmp_path / "o.csv", "--run-dir", "r")
    assert done.code == 3, done
    assert "401" in done.err and "auth" in done.err
    assert len(api.seen) <= 50


def test_progress_in_a_pipe_is_lines(rowcall, mock_api, tmp_path):
    api = mock_api()
    table = write_csv(tmp_path / "in.csv", 700)
    done = rowcall("run", table, "--url", api.url, "--rate", "100/s", "--to", tmp_path / "o.csv", "--run-dir", "r")
    assert done.code == 0
    assert "\x1b" not in done.err
    assert re.search(r"rows.*\d+", done.err)
    quiet = rowcall("run", table, "--url", api.url, "--to", tmp_path / "q.csv", "--run-dir", "q", "--quiet")
    assert quiet.code == 0
    assert len(quiet.err.splitlines()) < len(done.err.splitlines())


def test_json_logs_hold_no_secret(rowcall, mock_api, tmp_path):
    api = mock_api(token="env:TOKEN")
    table = write_csv(tmp_path / "in.csv", 50)
    flags = [
        "--set",
        "auth.type=bearer",
        "--set",
        "auth.token=env:TOKEN",
        "--log-format",
        "json",
        "--log-level",
        "trace",
    ]
    run = tmp_path / "run"
    done = rowcall(
        *("run", table, "--url", api.url, "--to", tmp_path / "o.csv", "--run-dir", run, *flags),
        env={"TOKEN": os.environ["TOKEN"]},
    )
    assert done.code == 0, done
    for line in (run / "logs" / "api_client.log").read_text().splitlines():
        assert json.loads(line)["logger"]
    for file in run.rglob("*"):
        assert not file.is_file() or os.environ["TOKEN"].encode() not in file.read_bytes(), file


@pytest.fixture(autouse=True)
def _token(monkeypatch):
    monkeypatch.setenv("TOKEN", "a-token-nobody-should-see")


def test_httpbin_echoes_what_was_sent(rowcall, httpbin, tmp_path):
    table = write_csv(tmp_path / "in.csv", 30)
    done = rowcall(
        *("run", table, "--url", httpbin.url + "/anything/{{id}}", "--query", "q={{name}}", "--rate", "200/s"),
        *("--to", tmp_path / "out.csv", "--run-dir", tmp_path / "run", "--header", "X-Id=n{{id}}"),
        *("--response", "sent=/json/name", "--response", "q=/args/q", "--response", "header=/headers/X-Id"),
    )
    assert done.code == 0, done
    out = csv.read_csv(tmp_path / "out.csv").to_pylist()
    assert all(row["sent"] == row["q"] == row["name"] and row["header"] == f"n{row['id']}" for row in out)
    assert len(out) == 30
