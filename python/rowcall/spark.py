# SPDX-License-Identifier: Apache-2.0
"""rowcall in Spark and AWS Glue: every row of a DataFrame is called, the whole cluster under one strict limit.

    import rowcall.spark
    enriched = rowcall.spark.enrich(frame, url="https://api.example.com/process", rate="5000/s",
                                    response={"score": "/score:double"}, checkpoint="s3://bucket/journal")
    enriched.write.parquet("s3://bucket/enriched")
    print(rowcall.spark.metrics_of(enriched))

docs/spark.md tells all. On the driver; what runs in executors is in _spark_worker.py.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import types as spark_types
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from rowcall import _engine
from rowcall._errors import SettingError
from rowcall._job import Job
from rowcall._keywords import Given, given_values
from rowcall._spark_metrics import ClusterReport, Metrics, Sums
from rowcall._spark_progress import Board, Listener, Progress
from rowcall._spark_worker import ERROR_COLUMNS, KEY_COLUMN, Plan, run_partition

logger = logging.getLogger("rowcall")

_FAILURES = ("columns", "drop", "fail")


def enrich(
    frame: Any,
    *,
    job: Job | None = None,
    settings: Mapping[str, Any] | None = None,
    env_file: str | os.PathLike[str] | bool | None = None,
    failures: str = "columns",
    checkpoint: str | None = None,
    **keywords: Any,
) -> Any:
    """A DataFrame with the answers' columns added to `frame`'s. Lazy: calls are made when it is written.

    Keywords and `settings` are those of rowcall.enrich and docs/settings.md; limits are those of the whole
    cluster. `failures`: "columns" (rows that were not answered stay, with `rowcall_error_class`,
    `rowcall_status`, `rowcall_attempts` and `rowcall_message`, which are null for answered ones), "drop" (they are
    only counted), or "fail" (the first one fails its task). `checkpoint`: a folder all executors reach (a path or
    s3://...), where answers are kept, so that a task that Spark repeats calls again only what was in flight.
    `coordinator` (with `coordinator_secret`): as in docs/several-machines.md, so that several drivers, or other
    runs, share a limit; without it one is started here.

    Spark runs the calls once for every action on the result, and twice when it is sorted: write it first, then
    read what was written.

    Raises SettingError when a setting is wrong, or a column of the result would have the name of another.
    """
    given = given_values(settings, keywords)
    if failures not in _FAILURES:
        raise SettingError(f'keyword failures: "{failures}"; expected "columns", "drop" or "fail"')
    job = _job_of(job, env_file, given)
    session = frame.sparkSession
    context = getattr(session, "sparkContext", None)
    if context is None:
        raise SettingError("the table: a Spark Connect DataFrame; expected one of a classic SparkSession")
    if str(session.conf.get("spark.speculation", "false")).lower() == "true":
        logger.warning("spark.speculation is on: Spark may call rows twice; a checkpoint or keys keep that harmless")
    job, own_keys = _prepared(job, frame)
    schema = _output_schema(job, frame, failures)
    own, address, secret = _coordinator_for(job, session)
    sums = context.accumulator({}, Sums())
    board = Board()
    told_to, token = _listener_for(board, session)
    plan = Plan(
        toml=job.to_toml(),
        coordinator=address,
        secret=secret,
        in_flight_max=_share_of_in_flight(job, context),
        environment=_environment_of(job),
        names=schema.names,
        types=to_arrow_schema(spark_types.StructType(schema.fields[len(frame.columns) :])),
        failures=failures,
        checkpoint=checkpoint or "",
        own_keys=own_keys,
        salt=hashlib.blake2b(job.to_toml().encode(), digest_size=8).hexdigest(),
        journal_batch=_journal_batch(job, context),
        told_to=told_to,
        token=token,
        run=board.run,
    )
    out = frame.mapInArrow(_function_of(plan, sums), schema)
    out._rowcall_metrics = Metrics(sums, own, board, _first_limit(job))
    return out


def metrics_of(frame: Any) -> Metrics:
    """The metrics of the very frame that `enrich` returned. Raises LookupError for any other."""
    metrics = getattr(frame, "_rowcall_metrics", None)
    if not isinstance(metrics, Metrics):
        raise LookupError("this frame did not come out of rowcall.spark.enrich; one made from it has no metrics")
    return metrics


def for_each_batch(write: Callable[[Any, int], None], **keywords: Any) -> Callable[[Any, int], None]:
    """For Structured Streaming: a function for `foreachBatch` that calls every row of a micro-batch and hands the
    answered frame to `write(frame, batch_id)`, which must write it once. Takes the keywords of `enrich`.

        stream.writeStream.foreachBatch(rowcall.spark.for_each_batch(write, url=..., rate=...)).start()
    """

    def call(frame: Any, batch_id: int) -> None:
        write(enrich(frame, **keywords), batch_id)

    return call


def close() -> None:
    """Ends the coordinators of this driver. Without it they end with the driver."""
    global _listener
    with _lock:
        if _listener is not None:
            _listener.close()
            _listener = None
        for coordinator, _ in _coordinators.values():
            coordinator.close()
        _coordinators.clear()


def _job_of(job: Job | None, env_file: str | os.PathLike[str] | bool | None, given: list[Given]) -> Job:
    if job is not None:
        return job._with(given)
    made = Job.__new__(Job)
    made._set_up(None, env_file, given, True)
    return made


# A function, and not an object: Spark looks at its arguments.
def _function_of(plan: Plan, sums: Any) -> Callable[[Any], Any]:
    def call(batches: Any) -> Any:
        return run_partition(plan, batches, sums.add)

    return call


def _prepared(job: Job, frame: Any) -> tuple[Job, bool]:
    """The job as executors run it. True when each row gets a key of its own, the same in every attempt."""
    more: list[tuple[str, Any, str]] = []
    if job.get("run.order") == "input":
        # Spark keeps no order of rows either.
        more.append(("run.order", "any", "rowcall.spark"))
    one_row = job.get("request.rows_per_call") == 1
    headers = {name.lower() for name in job.get("request.headers")}
    keys = job.get("request.idempotency") == "keys" and one_row and "idempotency-key" not in headers
    if keys:
        # The engine's own keys count rows, and a repeated task need not see them in the same order.
        more.append(("request.idempotency", "safe", "rowcall.spark"))
        more.append(("request.headers.Idempotency-Key", "{{" + KEY_COLUMN + "}}", "rowcall.spark"))
    if not job.get("request.body") and not job.get("request.columns"):
        more.append(("request.columns", list(frame.columns), "rowcall.spark"))
    return job._with(more), keys


def _output_schema(job: Job, frame: Any, failures: str) -> Any:
    """The frame's columns, the answers', and those of failures. The engine says what the answers' are."""
    empty = pa.RecordBatchReader.from_batches(_with_key(to_arrow_schema(frame.schema)), [])
    run = _engine.Run(job._job, empty, 0, "schema")
    try:
        found = pa.RecordBatchReader.from_stream(run).schema
    finally:
        run.close()
    answers = pa.schema([field for field in found if field.name not in (*frame.columns, KEY_COLUMN)])
    fields = [*frame.schema.fields, *from_arrow_schema(answers).fields]
    if failures == "columns":
        fields += from_arrow_schema(ERROR_COLUMNS).fields
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(
                f'column "{name}": it would be there twice; expected another name. Rename it in the frame, or set '
                "response.prefix."
            )
    return spark_types.StructType([spark_types.StructField(f.name, f.dataType, True, f.metadata) for f in fields])


def _with_key(schema: Any) -> Any:
    return schema.append(pa.field(KEY_COLUMN, pa.string()))


def _share_of_in_flight(job: Job, context: Any) -> int:
    """An engine lives in every task slot: what the user allows for all is split among them. 0: not set."""
    allowed = int(job.get("limits.in_flight_max"))
    slots = max(int(context.defaultParallelism), 1)
    return max(allowed // slots, 1) if allowed else 0


def _journal_batch(job: Job, context: Any) -> int:
    """Rows that are answered in a twentieth of a second in one task slot, at most 200."""
    limit = _first_limit(job)
    if limit is None:
        return 200
    slots = max(int(context.defaultParallelism), 1)
    return min(max(int(limit[0] / limit[1] / slots / 20), 1), 200)


def _environment_of(job: Job) -> dict[str, str]:
    """Secrets that the job names as env:NAME, as the driver knows them, for executors that do not."""
    names = set(re.findall(r'"env:([A-Za-z_][A-Za-z0-9_]*)"', job.to_toml()))
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


# ---- one coordinator for an API and its limits, in this driver

_lock = threading.Lock()
_listener: Listener | None = None
_coordinators: dict[tuple[str, ...], tuple[_engine.Coordinator, str]] = {}


def _coordinator_for(job: Job, session: Any) -> tuple[Any, str, str]:
    """(coordinator, its address, its secret). None and "" when the job has no limit, or names one itself."""
    rates = job.get("limits.rate")
    if not rates or rates == "unlimited" or job.get("limits.coordinator"):
        return None, "", ""
    url = urllib.parse.urlsplit(job.get("request.url"))
    key = (url.scheme, url.netloc, str(rates), job.get("limits.strict"), job.get("limits.guard_max"))
    host = session.conf.get("spark.driver.host", "127.0.0.1")
    listen_at = session.conf.get("spark.driver.bindAddress", host)
    with _lock:
        if key not in _coordinators:
            secret = secrets.token_hex(32)
            coordinator = _engine.Coordinator(job._job, listen_at, 0, secret, False)
            _coordinators[key] = (coordinator, secret)
            logger.info("coordinator of %s at %s", rates, coordinator.address)
        coordinator, secret = _coordinators[key]
    port = coordinator.address.rpartition(":")[2]
    shown = f"[{host}]" if ":" in host else host
    return coordinator, f"tcp://{shown}:{port}", secret


# ---- what tasks tell while they run


def _listener_for(board: Board, session: Any) -> tuple[tuple[str, int] | None, str]:
    """Where the tasks tell how far they are, and with which token. None when nobody can listen there."""
    global _listener
    host = session.conf.get("spark.driver.host", "127.0.0.1")
    with _lock:
        try:
            _listener = _listener or Listener(session.conf.get("spark.driver.bindAddress", host))
        except OSError as error:
            logger.warning("no progress of running tasks: %s", error)
            return None, ""
        _listener.add(board)
        return (host, _listener.port), _listener.token


def _first_limit(job: Job) -> tuple[int, float] | None:
    """The first limit, as calls and seconds."""
    rates = job.get("limits.rate")
    rate = rates if isinstance(rates, str) else (rates[0] if rates else "unlimited")
    found = re.fullmatch(r"(\d+)/(\d*(?:\.\d+)?)(ms|s|min|h|d|day)", str(rate))
    if found is None:
        return None
    unit = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "day": 86400.0}[found.group(3)]
    return int(found.group(1)), float(found.group(2) or 1) * unit


__all__ = ["ClusterReport", "Metrics", "Progress", "close", "enrich", "for_each_batch", "metrics_of"]
