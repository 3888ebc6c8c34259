# SPDX-License-Identifier: Apache-2.0
"""Where a table is called: in this process, or by Spark."""

from __future__ import annotations

import json
import logging
import os
import sys
from typing import Any

from rowcall import _command
from rowcall._errors import SettingError, error_for
from rowcall._job import Job

logger = logging.getLogger("rowcall")


def files_of(table: Any) -> list[str] | None:
    """The paths that `table` names, or None when it is a table itself."""
    if isinstance(table, str | os.PathLike):
        return [os.fspath(table)]
    if isinstance(table, list | tuple) and table and all(isinstance(item, str | os.PathLike) for item in table):
        return [os.fspath(item) for item in table]
    return None


def is_spark(table: Any) -> bool:
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pyspark" for kind in type(table).__mro__
    )


def active_session() -> Any:
    """The Spark session of this process, or None. Imports nothing."""
    module = sys.modules.get("pyspark.sql")
    return None if module is None else module.SparkSession.getActiveSession()


def choose_engine(engine: str, table: Any, job: Job | None = None) -> Any:
    """Settles `engine=` for a table, and logs the choice and its reason. Raises SettingError.

    For files, whose `job` is given, returns (session, job as Spark gets it) when Spark carries it out, else None.
    """
    if engine not in ("auto", "local", "spark"):
        raise SettingError(f'keyword engine: "{engine}"; expected "auto", "local" or "spark"')
    if is_spark(table):
        if engine == "local":
            raise SettingError(
                'keyword engine: "local", and a Spark DataFrame; expected a table of this process. Write it to files '
                "and enrich these, or take frame.toArrow()."
            )
        logger.info("engine: spark, since the table is a Spark DataFrame")
        return None
    if job is not None:
        return _engine_for_files(engine, job)
    if engine == "spark":
        raise SettingError('keyword engine: "spark", and a table of this process; expected files or a Spark DataFrame')
    logger.info("engine: local, since %s", "the table is in this process" if engine == "auto" else "it was asked for")
    return None


def _engine_for_files(engine: str, job: Job) -> Any:
    session = active_session() if engine != "local" else None
    if session is None and engine != "spark":
        why = "there is no Spark session in this process" if engine == "auto" else "it was asked for"
        logger.info("engine: local, since %s", why)
        return None
    # The command knows how large files are, in S3 too, and what types are in them: one rule for both.
    with _command.job_file(job) as path:
        words = ["submit", path, "--no-env-file", "--engine", engine, "--explain", "--session-here"]
        code, lines, error = _command.run_words(words)
    if code != 0:
        raise error_for("setting" if code == 2 else "input", error)
    choice = json.loads(lines[-1])
    logger.info("engine: %s, since %s", choice["engine"], choice["reason"])
    if choice["engine"] == "local":
        return None
    if session is None:
        session = _new_session()
    return session, job._with([("source.types", choice["types"], "the table")])


def _new_session() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SettingError('keyword engine: "spark", and pyspark is not installed; pip install it') from error
    return SparkSession.builder.getOrCreate()
