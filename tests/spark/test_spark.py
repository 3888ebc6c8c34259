# SPDX-License-Identifier: Apache-2.0
"""rowcall.spark on a real Spark: one limit for all executors, typed columns, failures, repeated tasks, streaming."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import Any

import pytest

import parts
import rowcall
import rowcall.spark
from rowcall._errors import SettingError

RESPONSE = {"score": "/score:int64!"}


def frame_of(spark: Any, rows: int, partitions: int) -> Any:
    return spark.range(0, rows, 1, partitions).selectExpr("id", "concat('row ', id) as name")


def test_two_executors_keep_one_limit_and_nothing_is_lost(spark: Any) -> None:
    # The mock API refuses and counts what comes too soon, by the kernel's own stamps.
    with parts.MockApi(limit="300/s") as api:
        out = rowcall.spark.enrich(
            frame_of(spark, 1500, 4),
            url=api.url + "/process",
            rate="300/s",
            response={"score": "/score:double"},
            env_file=False,
        )
        rows = out.collect()
        stats = api.stats()
    assert sorted((row.id, row.name) for row in rows) == [(i, f"row {i}") for i in range(1500)]
    assert all(row.score is not None for row in rows)
    assert dict(out.dtypes)["score"] == "double"
    limit = stats["limits"][0]
    assert limit["over"] == 0, limit
    assert limit["worst"] <= 300
    metrics = rowcall.spark.metrics_of(out)
    assert metrics.counts["ok"] == metrics.counts["attempts"] == stats["arrivals"] == 1500
    assert metrics.counts["partitions"] == 4
    status = metrics.coordinator
    assert status["messages_in"] > 4
    assert status["overdrawn"] == 0
    lent = status["limits"][0]
    assert lent["lent"] + lent["quarantined"] + lent["free"] == lent["permits"] == 300


def test_rows_that_were_refused_say_why(spark: Any, server: Any) -> None:
    server.refused = {5, 17}
    out = rowcall.enrich(frame_of(spark, 20, 2), url=server.url, rate="300/s", response=RESPONSE, env_file=False)
    failed = {row.id: row for row in out.collect() if row.rowcall_error_class}
    assert sorted(failed) == [5, 17]
    assert failed[5].rowcall_status == 400
    assert failed[5].score is None


def test_a_task_that_fails_midway_repeats_little_with_a_checkpoint(spark: Any, server: Any, tmp_path: Path) -> None:
    marker = str(tmp_path / "failed once")
    out = rowcall.spark.enrich(
        frame_of(spark, 2000, 2),
        url=server.url,
        rate="1000/s",
        response=RESPONSE,
        env_file=False,
        checkpoint=str(tmp_path / "journal"),
    )

    def fail_once(batches: Any) -> Any:
        import os

        seen = 0
        for batch in batches:
            yield batch
            seen += batch.num_rows
            if seen >= 400 and not os.path.exists(marker):
                open(marker, "w").close()
                raise RuntimeError("failed on purpose")

    rows = out.mapInArrow(fail_once, out.schema).collect()
    assert sorted(row.id for row in rows) == list(range(2000))
    calls = collections.Counter(row for row, _ in server.calls)
    assert len(calls) == 2000
    repeated = sum(calls.values()) - 2000
    # In flight, and answered in batches of 200 that were not complete.
    assert repeated <= 700, repeated
    keys: dict[int, set[str | None]] = {}
    for row, key in server.calls:
        keys.setdefault(row, set()).add(key)
    assert all(len(found) == 1 for found in keys.values())


def test_streaming_in_for_each_batch(spark: Any, server: Any, tmp_path: Path) -> None:
    frame_of(spark, 100, 2).write.parquet(str(tmp_path / "in"))
    stream = spark.readStream.schema("id long, name string").parquet(str(tmp_path / "in"))

    def write(frame: Any, _batch: int) -> None:
        frame.write.mode("append").parquet(str(tmp_path / "out"))

    call = rowcall.spark.for_each_batch(write, url=server.url, rate="300/s", response=RESPONSE, env_file=False)
    query = stream.writeStream.foreachBatch(call).option("checkpointLocation", str(tmp_path / "cp"))
    query.trigger(availableNow=True).start().awaitTermination()
    assert spark.read.parquet(str(tmp_path / "out")).count() == 100
    assert len(server.calls) == 100


def test_wrong_settings_are_told_before_anything_runs(spark: Any, server: Any) -> None:
    frame = frame_of(spark, 10, 1)
    with pytest.raises(SettingError, match="failures"):
        rowcall.spark.enrich(frame, url=server.url, response=RESPONSE, failures="maybe")
    with pytest.raises(Exception, match="id"):
        rowcall.spark.enrich(frame, url=server.url, response={"id": "/score:int64"}, env_file=False)
    with pytest.raises(LookupError):
        rowcall.spark.metrics_of(frame)
    assert server.calls == []


def test_the_glue_job_runs_under_spark_as_it_is(spark: Any, server: Any, tmp_path: Path) -> None:
    import importlib.util

    frame_of(spark, 200, 2).write.parquet(str(tmp_path / "in"))
    script = Path(__file__).resolve().parents[2] / "deploy" / "glue" / "job.py"
    spec = importlib.util.spec_from_file_location("glue_job", script)
    assert spec is not None and spec.loader is not None
    job = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(job)
    job.main(
        [
            "job.py",
            *("--S3_BUCKET", f"file://{tmp_path}", "--S3_KEY", "in", "--OUTPUT_KEY", "out"),
            *("--API_ENDPOINT", server.url, "--RATE_LIMIT_CALLS", "400", "--RATE_LIMIT_PERIOD", "1"),
            *("--RESPONSE", "score=/score:int64", "--CHECKPOINT_KEY", "journal", "--JOB_NAME", "any"),
        ]
    )
    out = spark.read.parquet(str(tmp_path / "out"))
    assert out.count() == 200
    assert out.where("score = id * 10").count() == 200
