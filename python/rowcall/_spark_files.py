# SPDX-License-Identifier: Apache-2.0
"""A job whose table is files, carried out by Spark: read, called, written. docs/spark.md tells what is otherwise than
with the command."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import Any

from pyarrow import fs
from pyspark.sql import functions
from pyspark.sql.types import StringType, StructField, StructType

from rowcall import spark
from rowcall._command import run_directory
from rowcall._errors import SettingError
from rowcall._job import Job
from rowcall._journal import place_of
from rowcall._report import Counts
from rowcall._spark_metrics import Metrics
from rowcall._spark_worker import ERROR_COLUMNS

logger = logging.getLogger("rowcall")

_BROKEN = "rowcall_broken_record"
_SQL_TYPES = {
    "string": "string",
    "bool": "boolean",
    "int32": "int",
    "int64": "bigint",
    "float": "float",
    "double": "double",
    "date": "date",
    "timestamp": "timestamp",
}


class SparkOutput(str):
    """The path of the folder that was written, as text, with `metrics` of all executors and the `counts` of rows.
    Rows that were not answered are in the table, with `rowcall_error_class` and its sisters."""

    metrics: Metrics
    counts: Counts


def run_files(session: Any, job: Job, checkpoint: str | None = None, watch: bool = False) -> SparkOutput:
    """Carries the job out in `session`. `checkpoint` is beside the sink when it is None, and removed at the end.

    Raises SettingError for what Spark's readers and writers cannot do as the job says.
    """
    _refuse(job)
    sink = _sink_of(job)
    journal = checkpoint if checkpoint is not None else sink.rstrip("/") + ".journal"
    sink_format = _format_of(job, "sink", [sink], "parquet")
    _reach_s3(session, job)
    frame, broken = _read(session, job)
    called = spark.enrich(frame, job=job, env_file=False, checkpoint=journal)
    metrics = spark.metrics_of(called)
    whole = called if broken is None else called.unionByName(_as_failed(broken, called))
    writer = whole.write.mode("overwrite" if job.get("sink.overwrite") else "error").format(_SPARK_NAMES[sink_format])
    with metrics.watch() if watch else contextlib.nullcontext():
        writer.option("header", "true").save(_uri(sink, session))
    if checkpoint is None:
        _remove(journal)
    output = SparkOutput(sink)
    output.metrics = metrics
    output.counts = _counts(session, _uri(sink, session), sink_format, metrics)
    return output


_SPARK_NAMES = {"parquet": "parquet", "csv": "csv", "ndjson": "json"}


def _refuse(job: Job) -> None:
    """What would be done otherwise in silence is an error."""
    for key, default in (("source.rows_max", 0), ("source.null_values", [""]), ("source.column_names", [])):
        if job.get(key) not in (default, "" if default == [""] else default):
            raise SettingError(f"{key}: {job.get(key)!r}; expected its default, with Spark. Take engine = local.")
    if "-" in _paths(job):
        raise SettingError("source.path: standard input; expected files that all executors reach")


def _paths(job: Job) -> list[str]:
    paths = job.get("source.path")
    return [paths] if isinstance(paths, str) else list(paths)


def _sink_of(job: Job) -> str:
    path = job.get("sink.path") or str(run_directory(job) / "output.parquet")
    if path == "-":
        raise SettingError("sink.path: standard output; expected a folder that all executors reach")
    return str(path) if "://" in path else str(Path(path).absolute())


def _format_of(job: Job, room: str, paths: list[str], otherwise: str) -> str:
    given = job.get(f"{room}.format")
    if given == "auto":
        name = _a_file_of(paths[0]).lower()
        for packed in (".gz", ".zst"):
            name = name.removesuffix(packed)
        endings = {".parquet": "parquet", ".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
        given = next((found for ending, found in endings.items() if name.endswith(ending)), otherwise)
    if given not in _SPARK_NAMES:
        found = f'"{given}"' if given else f"not set, and {paths[0]} does not tell it"
        raise SettingError(f'{room}.format: {found}; expected "parquet", "csv" or "ndjson", with Spark')
    return str(given)


def _a_file_of(path: str) -> str:
    """The path, or a file in it when it is a folder of this machine."""
    if os.path.isdir(path):
        inside = sorted(name for name in os.listdir(path) if not name.startswith((".", "_")))
        return inside[0] if inside else path
    return path.rstrip("/")


def _reach_s3(session: Any, job: Job) -> None:
    """Another object store than AWS, for Spark's own S3 client; the journal has it from the environment."""
    endpoint = job.get("s3.endpoint") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        os.environ.setdefault("AWS_ENDPOINT_URL", endpoint)
        settings = session.sparkContext._jsc.hadoopConfiguration()
        settings.set("fs.s3a.endpoint", endpoint)
        settings.set("fs.s3a.path.style.access", "true")


def _uri(path: str, session: Any) -> str:
    """A path without a scheme is one of this machine, whatever Spark's own default is. s3:// is s3a:// where nobody
    else has taken it (Glue and EMR have)."""
    if "://" not in path:
        return "file://" + Path(path).absolute().as_posix()
    if path.startswith("s3://") and not session.sparkContext._jsc.hadoopConfiguration().get("fs.s3.impl"):
        return "s3a://" + path.removeprefix("s3://")
    return path


def _read(session: Any, job: Job) -> tuple[Any, Any]:
    """The rows that could be read, and those that could not (None: every row can)."""
    paths = _paths(job)
    kind = _format_of(job, "source", paths, "")
    places = [_uri(path, session) for path in paths]
    if kind == "parquet":
        return session.read.parquet(*places), None
    types: dict[str, str] = job.get("source.types")
    reader = session.read.option("mode", "PERMISSIVE").option("columnNameOfCorruptRecord", _BROKEN)
    if kind == "ndjson":
        text = ", ".join(f"`{name}` {_sql_type(word)}" for name, word in types.items())
        frame = reader.schema(f"{text}, `{_BROKEN}` string").json(places)
        broken = functions.col(_BROKEN).isNotNull()
    else:
        texts = StructType([StructField(name, StringType()) for name in (*types, _BROKEN)])
        for key in ("delimiter", "quote", "header"):
            value = job.get(f"source.{key}")
            reader = reader.option(
                "sep" if key == "delimiter" else key, str(value).lower() if key == "header" else value
            )
        # As RFC 4180 has it: a quote in quotes is written twice, and lines may break inside quotes.
        frame = reader.option("escape", job.get("source.quote")).option("multiLine", "true").schema(texts).csv(places)
        broken = functions.col(_BROKEN).isNotNull()
        for name, word in types.items():
            column, typed = functions.col(f"`{name}`"), functions.expr(f"try_cast(`{name}` as {_sql_type(word)})")
            broken = broken | (column.isNotNull() & typed.isNull())
    typed_columns = [
        functions.expr(f"try_cast(`{name}` as {_sql_type(word)}) as `{name}`") for name, word in types.items()
    ]
    return frame.where(~broken).select(*typed_columns), frame.where(broken)


def _sql_type(word: str) -> str:
    if word.startswith("decimal("):
        return word
    if word not in _SQL_TYPES:
        raise SettingError(f'source.types: "{word}", with Spark; expected one of {", ".join(_SQL_TYPES)}, decimal(p,s)')
    return _SQL_TYPES[word]


def _as_failed(broken: Any, called: Any) -> Any:
    """The rows that could not be read, in the columns of the answered: what fits, nulls, and why."""
    columns = []
    for field in called.schema.fields:
        text = field.dataType.simpleString()
        if field.name == "rowcall_error_class":
            column = functions.lit("unreadable")
        elif field.name == "rowcall_message":
            column = functions.lit("the record does not fit the columns and their types")
        elif field.name in broken.columns and field.name not in ERROR_COLUMNS.names:
            column = functions.expr(f"try_cast(`{field.name}` as {text})")
        else:
            column = functions.lit(None)
        columns.append(column.cast(field.dataType).alias(field.name))
    return broken.select(*columns)


def _counts(session: Any, written: str, kind: str, metrics: Metrics) -> Counts:
    """Rows by what was written, for Spark may have called some twice; calls by what was sent."""
    reader = session.read.option("header", "true").format(_SPARK_NAMES[kind])
    endings = reader.load(written).groupBy("rowcall_error_class").count().collect()
    by_class = {row["rowcall_error_class"]: int(row["count"]) for row in endings}
    found = metrics.counts
    unreadable, answered = by_class.pop("unreadable", 0), by_class.pop(None, 0)
    no_match = min(found.get("no_match", 0), answered)
    return Counts(
        rows=unreadable + answered + sum(by_class.values()),
        ok=answered - no_match,
        no_match=no_match,
        failed=sum(by_class.values()),
        unreadable=unreadable,
        skipped=0,
        **{name: found.get(name, 0) for name in ("calls", "attempts", "retries")},
    )


def _remove(journal: str) -> None:
    files, root = place_of(journal)
    if files.get_file_info(root).type == fs.FileType.Directory:
        files.delete_dir(root)
