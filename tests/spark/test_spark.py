# SPDX-License-Identifier: Apache-2.0
"""rowcall.spark on a real Spark: one limit for all executors, typed columns, failures, repeated tasks, streaming."""

from __future__ import annotations

import collections
import threading
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs

import parts
import rowcall
import rowcall.spark
from rowcall._errors import SettingError

RESPONSE = {"score": "/score:int64!"}


def frame_of(spark: Any, rows: int, partitions: int) -> Any:
    return spark.range(0, rows, 1, partitions).selectExpr("id", "concat('row ', id) as name")


def test_two_executors_keep_one_limit_and_nothing_is_lost(spark: Any) -> None:
    # The mock API refuses and counts what comes too soon, by the kernel's own stamps.
    with parts.MockApi(limit="300/s", stamp="kernel") as api:
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


def test_the_driver_sees_all_executors_while_they_work(spark: Any) -> None:
    seen = []
    with parts.MockApi(limit="300/s", latency="20ms", stamp="kernel") as api:
        out = rowcall.spark.enrich(
            frame_of(spark, 1800, 4),
            url=api.url + "/process",
            rate="300/s",
            response={"score": "/score:double"},
            env_file=False,
        )
        metrics = rowcall.spark.metrics_of(out)
        done = threading.Thread(target=out.collect)
        done.start()
        while done.is_alive():
            seen.append(metrics.progress)
            done.join(0.2)
        arrivals = api.stats()["arrivals"]
    rows = [progress.rows for progress in seen]
    assert rows == sorted(rows)
    assert any(0 < count < 1800 for count in rows), "nothing was told before the end"
    assert max(progress.tasks_running for progress in seen) == 2, "both executors tell"
    # All together, and not one of them: nearly the whole limit.
    assert 200 <= max(progress.rate for progress in seen) <= 330
    assert metrics.progress.rows == metrics.progress.attempts == arrivals == 1800
    assert metrics.progress.tasks_running == 0
    report = metrics.report
    assert report.counts["ok"] == report.counts["rows"] == 1800
    assert report.share_of_limit is not None and 0.5 < report.share_of_limit <= 1.01
    assert report.rate_mean == pytest.approx(1800 / report.seconds)
    assert report.latency_ms["p50"] >= 20
    assert "of the limit" in str(report)


def test_a_journal_in_s3_answers_a_repeated_action(spark: Any, server: Any, tmp_path: Path) -> None:
    with parts.S3(tmp_path / "s3") as store, pytest.MonkeyPatch.context() as patch:
        for name, value in store.env.items():
            patch.setenv(name, value)
        store.make_bucket("journal")
        # Executors began before the store: what they need of it comes through a function of their own.
        reach(spark, store.env)
        out = rowcall.spark.enrich(
            frame_of(spark, 600, 2),
            url=server.url,
            rate="1000/s",
            response=RESPONSE,
            env_file=False,
            checkpoint="s3://journal/of-a-test",
        )
        assert out.count() == 600
        assert len(server.calls) == 600
        rows = out.collect()
        assert sorted((row.id, row.score) for row in rows) == [(i, 10 * i) for i in range(600)]
        assert len(server.calls) == 600, "the second action has its answers from the journal"
        assert rowcall.spark.metrics_of(out).counts["from_journal"] == 600
        kept = store.filesystem().get_file_info(fs.FileSelector("journal/of-a-test", recursive=True))
        assert any(info.path.endswith(".arrow") for info in kept)


def reach(spark: Any, environment: dict[str, str]) -> None:
    """Sets variables in the Python worker of every task slot; workers are used again."""

    def set_them(batches: Any) -> Any:
        import os
        import time

        os.environ.update(environment)
        time.sleep(0.5)  # so that no worker takes both tasks
        yield from batches

    spark.range(0, 2, 1, 2).mapInArrow(set_them, "id long").collect()
