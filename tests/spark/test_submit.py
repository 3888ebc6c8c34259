# SPDX-License-Identifier: Apache-2.0
"""Programs that Spark runs as a user would start them: the Glue job under spark-submit, and `rowcall submit`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts
import rowcall
from rowcall._engines import choose_engine
from rowcall._errors import SettingError

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = str(ROOT / "build" / "release" / "python")
SUBMIT = Path(sys.executable).parent / "spark-submit"


def environment(tmp_path: Path) -> dict[str, str]:
    """As on a machine with Spark: its programs on PATH, nothing of the tests' own session."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYSPARK_"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str(SUBMIT.parent), kept.get("PATH", "")]),
        "PYTHONPATH": PACKAGE,
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def run(words: list[str | Path], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def write_rows(path: Path, rows: int, files: int = 1) -> None:
    path.mkdir()
    for i in range(files):
        ids = list(range(i * rows // files, (i + 1) * rows // files))
        table = pa.table({"id": pa.array(ids, pa.int64()), "name": [f"row {n}" for n in ids]})
        pq.write_table(table, path / f"part-{i}.parquet")


def glue_arguments(folder: Path, url: str) -> list[str]:
    return [
        *("--S3_BUCKET", f"file://{folder}", "--S3_KEY", "in", "--OUTPUT_KEY", "out"),
        *("--API_ENDPOINT", url, "--RATE_LIMIT_CALLS", "400", "--RATE_LIMIT_PERIOD", "1"),
        *("--RESPONSE", "score=/score:int64", "--CHECKPOINT_KEY", "journal", "--JOB_NAME", "any"),
    ]


@pytest.mark.parametrize("master", ["local[2]", "local-cluster[2,1,1024]"])
def test_the_glue_job_runs_unchanged_under_spark_submit(server: Any, tmp_path: Path, master: str) -> None:
    # With Amazon's own getResolvedOptions, so the arguments are read as Glue reads them.
    pytest.importorskip("awsglue.utils", reason="awsgluedataplanepython is not installed")
    write_rows(tmp_path / "in", 200, 2)
    job = ROOT / "deploy" / "glue" / "job.py"
    words: list[str | Path] = [SUBMIT, "--master", master, "--conf", "spark.ui.enabled=false", job]
    done = run([*words, *glue_arguments(tmp_path, server.url)], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = pq.read_table(tmp_path / "out").sort_by("id").to_pylist()
    assert [(row["id"], row["score"]) for row in rows] == [(i, 10 * i) for i in range(200)]
    assert len(server.calls) == 200
    assert '"rowcall": {"rows": 200, "failed": 0' in done.stdout + done.stderr, "the line that the alarms read"
    missing = run([*words, "--S3_BUCKET", "x"], tmp_path)
    assert missing.returncode != 0
    assert "S3_KEY" in missing.stdout + missing.stderr, "Glue's own message for an argument that is not there"


def test_the_glue_job_knows_its_arguments_without_awsglue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    spec = importlib.util.spec_from_file_location("glue_job", ROOT / "deploy" / "glue" / "job.py")
    assert spec is not None and spec.loader is not None
    job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(job)
    words = ["job.py", *glue_arguments(tmp_path, "http://127.0.0.1:1/")]
    by_glue = job.arguments(words)
    monkeypatch.setitem(sys.modules, "awsglue.utils", None)
    assert job.arguments(words) == by_glue
    assert by_glue["RATE_LIMIT_CALLS"] == "400"
    assert by_glue["FORMAT"] == "parquet"


def test_the_template_passes_its_validator() -> None:
    lint = Path(sys.executable).parent / "cfn-lint"
    template = ROOT / "deploy" / "glue" / "template.yaml"
    done = subprocess.run([lint, template], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def write_job(folder: Path, url: str, source: str, sink: str) -> Path:
    job = folder / "scores.toml"
    job.write_text(
        f"""
[source]
path = "{source}"
[request]
url = "{url}"
[response.columns]
score = "/score:int64"
[limits]
rate = "400/s"
[sink]
path = "{sink}"
"""
    )
    return job


def test_submit_hands_a_job_to_spark_and_ends_with_its_code(server: Any, tmp_path: Path) -> None:
    # zip stays text, and the row whose id is no number is accounted for: as with the command.
    lines = [f'{i},0{i:04},"a, {i}"' for i in range(100)]
    (tmp_path / "in.csv").write_text("id,zip,name\n" + "\n".join([*lines, "x,00501,bad"]) + "\n")
    server.refused = {7}
    job = write_job(tmp_path, server.url, "in.csv", "out.parquet")
    job.write_text(job.read_text() + '[source.types]\nid = "int64"\n')
    words: list[str | Path] = [parts.rowcall_path(), "submit", job, "--engine", "spark", "--no-env-file"]
    done = run([*words, "--", "--master", "local[2]", "--conf", "spark.ui.enabled=false"], tmp_path)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "engine: spark, since it was asked for" in done.stderr
    assert "101 rows: 99 ok, 0 no match, 1 failed, 1 unreadable" in done.stdout
    rows = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(rows) == 101
    by_name = {row["name"]: row for row in rows}
    assert by_name["a, 3"]["score"] == 30
    assert by_name["a, 3"]["zip"] == "00003"
    assert by_name["a, 7"]["rowcall_status"] == 400
    assert by_name["bad"]["rowcall_error_class"] == "unreadable"
    assert by_name["bad"]["zip"] == "00501"
    assert not (tmp_path / "out.parquet.journal").exists(), "the journal has served"


def test_submit_chooses_by_size_and_by_what_is_there(server: Any, tmp_path: Path) -> None:
    write_rows(tmp_path / "in", 50)
    job = write_job(tmp_path, server.url, "in", "out.parquet")
    words: list[str | Path] = [parts.rowcall_path(), "submit", job, "--no-env-file"]

    def chosen(*more: str) -> dict[str, Any]:
        done = run([*words, "--explain", *more], tmp_path)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    small = chosen()
    assert small["engine"] == "local"
    assert "up to 10.00 GB need no Spark" in small["reason"]
    large = chosen("--local-max", "100")
    assert large["engine"] == "spark"
    assert str(SUBMIT) in large["reason"]
    assert chosen("--local-max", "100", "--engine", "local")["engine"] == "local"
    done = run([*words, "--quiet"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "engine: local, since the table has" in done.stderr
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 50
    wrong = run([*words, "--local-max", "much"], tmp_path)
    assert wrong.returncode == 2
    assert "--local-max" in wrong.stderr


def test_auto_takes_the_session_for_large_files_only(
    spark: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROWCALL", str(parts.rowcall_path()))
    write_rows(tmp_path / "in", 60, 2)
    caplog.set_level("INFO", logger="rowcall")
    options: dict[str, Any] = {"url": server.url, "rate": "400/s", "response": {"score": "/score:int64"}}
    out = rowcall.enrich(tmp_path / "in", to="local.parquet", env_file=False, **options)
    assert "engine: local, since the table has" in caplog.text
    assert pq.read_table(out).num_rows == 60
    caplog.clear()
    out = rowcall.enrich(tmp_path / "in", to="spark.parquet", env_file=False, engine="spark", **options)
    assert "engine: spark, since it was asked for; it is a Spark session" in caplog.text
    rows = pq.read_table(out).sort_by("id").to_pylist()
    assert [(row["id"], row["score"]) for row in rows] == [(i, 10 * i) for i in range(60)]
    assert out.counts.rows == out.counts.ok == 60
    assert out.metrics.counts["attempts"] == 60
    # A file with a hole is as large as it says; what follows the first rows is not looked at.
    large = tmp_path / "large.csv"
    large.write_text("id,name,zip\n" + "1,row,00501\n" * 100_000)
    with large.open("rb+") as file:
        file.truncate((10 << 30) + 1)
    caplog.clear()
    job = rowcall.Job(source_path=[str(large)], env_file=False, to="never", **options)
    chosen = choose_engine("auto", None, job)
    assert chosen is not None and chosen[0] is spark
    assert "more than 10.00 GB, and there is a Spark session" in caplog.text
    # What Spark would make of "00501" by itself is a number.
    assert chosen[1].get("source.types") == {"id": "int64", "name": "string", "zip": "string"}
    assert choose_engine("local", None, job) is None


def test_what_spark_cannot_do_as_the_job_says_is_refused(
    spark: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROWCALL", str(parts.rowcall_path()))
    write_rows(tmp_path / "in", 5)
    options: dict[str, Any] = {"url": server.url, "response": {"score": "/score:int64"}, "env_file": False}
    with pytest.raises(SettingError, match=r"source\.rows_max"):
        rowcall.enrich(tmp_path / "in", engine="spark", to=str(tmp_path / "out"), rows_max=3, **options)
    with pytest.raises(SettingError, match="a table of this process"):
        rowcall.enrich(pa.table({"id": [1]}), engine="spark", **options)
    with pytest.raises(SettingError, match="checkpoint"):
        rowcall.enrich(pa.table({"id": [1]}), checkpoint="x", **options)
    assert server.calls == []
