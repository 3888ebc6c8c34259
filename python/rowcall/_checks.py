# SPDX-License-Identifier: Apache-2.0
"""What one asks before and after a run: plan, health, verify_rate, retry."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rowcall import _command, _engine
from rowcall._engines import files_of
from rowcall._enrich import enrich, wanted_of
from rowcall._errors import InputError, RowcallError, error_for
from rowcall._job import Job
from rowcall._keywords import plain
from rowcall._report import run_of
from rowcall._tables import input_of

_UNHEALTHY = 5


@dataclasses.dataclass(frozen=True)
class Plan:
    """What a run would do. Numbers are -1 where they are not known before the table is read; of a plan for files,
    `text` alone is known."""

    text: str
    """For people."""
    rows: int = -1
    calls: int = -1
    rows_per_call: int = 1
    limits: list[str] = dataclasses.field(default_factory=list)
    time_at_least_s: float = 0
    """What the limits alone take, in seconds; 0 without a limit."""
    in_flight_max: int = -1
    columns: str = ""
    """The table's, "name: type" a line."""
    added: str = ""
    """The answers'."""
    requests: list[str] = dataclasses.field(default_factory=list)
    """The first three as they would be sent, without secrets."""

    def __str__(self) -> str:
        return self.text


def plan(
    table: Any,
    *,
    job: Job | None = None,
    settings: Mapping[str, Any] | None = None,
    env_file: str | os.PathLike[str] | bool | None = None,
    **keywords: Any,
) -> Plan:
    """What `enrich` with the same arguments would do: columns, first requests, calls, time. Nothing is sent.

    For paths it is what `rowcall plan` prints. A table that can be read only once (a RecordBatchReader) is consumed.
    Raises what `enrich` raises before anything is sent.
    """
    files = files_of(table)
    wanted = wanted_of(job, settings, env_file, None, keywords, files)
    if files is not None:
        with _command.job_file(wanted.job) as path:
            code, lines, error = _command.run_words(["plan", path, "--no-env-file"])
        if code != 0:
            raise error_for("setting" if code == 2 else "input", error)
        return Plan("\n".join(lines))
    source = input_of(table)
    found = _engine.plan(wanted.job._job, wanted.stream(source), source.rows)
    return Plan(**found, text=_plan_text(found))


def _plan_text(found: dict[str, Any]) -> str:
    calls = "not known" if found["calls"] < 0 else f"{found['calls']:,}"
    each = "row" if found["rows_per_call"] == 1 else "rows"
    lines = [
        f"rows       {'not known' if found['rows'] < 0 else format(found['rows'], ',')}",
        f"calls      {calls}, {found['rows_per_call']} {each} each",
        f"limit      {' and '.join(found['limits']) or 'none'}",
        f"time       at least {found['time_at_least_s']:,.1f} s" if found["time_at_least_s"] else "",
        f"in flight  at most {found['in_flight_max']}",
        f"columns\n{_indented(found['columns'])}",
        f"added\n{_indented(found['added'])}",
        *(f"request {number}\n{_indented(text)}" for number, text in enumerate(found["requests"], start=1)),
    ]
    return "\n".join(line for line in lines if line)


def _indented(text: str) -> str:
    return "\n".join("  " + line for line in text.rstrip("\n").split("\n"))


@dataclasses.dataclass(frozen=True)
class Health:
    """How the API's health URL answered. True when it is well."""

    well: bool
    details: dict[str, str]
    """What `rowcall health` prints, by name: asked, address, status, latency, TLS, certificate, body, verdict."""

    def __bool__(self) -> bool:
        return self.well

    def __str__(self) -> str:
        return "\n".join(f"{name:<13}{value}" for name, value in self.details.items())


def health(
    *,
    job: Job | None = None,
    settings: Mapping[str, Any] | None = None,
    env_file: str | os.PathLike[str] | bool | None = None,
    **keywords: Any,
) -> Health:
    """Asks `request.health_url`, or /health on the API's host, once, with the job's headers and credentials.

    Raises SettingError when the job is wrong; an API that does not answer is a `Health` that is not well.
    """
    wanted = wanted_of(job, settings, env_file, None, keywords, None)
    with _command.job_file(wanted.job) as path:
        code, lines, error = _command.run_words(["health", path, "--no-env-file"])
    if code not in (0, _UNHEALTHY):
        raise error_for("setting" if code == 2 else "network", error)
    return Health(code == 0, _command.named_lines(lines))


@dataclasses.dataclass(frozen=True)
class RateVerdict:
    """Was the limit kept? True when no window was over it, and no call is missing in the log."""

    kept: bool
    text: str
    """The fullest windows, for people."""

    def __bool__(self) -> bool:
        return self.kept

    def __str__(self) -> str:
        return self.text


def _run_directory(run: Any) -> Path:
    if isinstance(run, str | os.PathLike) and not isinstance(run, _command.Output):
        return Path(run)
    directory = run_of(run).directory
    if not directory:
        raise InputError("the run: it left no run directory; expected one, as with run_dir='runs/mine'")
    return Path(directory)


def verify_rate(run: Any, rate: str | list[str] | None = None) -> RateVerdict:
    """Counts every window of a run's call log, knowing nothing of the limiter.

    `run`: a run directory, or a result of `enrich` that has one. `rate`: hold it to this instead of its own limits.
    Raises NotFoundError when there is no call log.
    """
    rates = [] if rate is None else [rate] if isinstance(rate, str) else plain(rate)
    text, kept = _engine.verify_rate(str(_run_directory(run) / "calls.log"), rates)
    return RateVerdict(kept, text)


def retry(run: Any, *, job: Job | None = None, progress: bool | None = None, **keywords: Any) -> Any:
    """Calls the failed rows of a run again.

    `run`: the directory of a run on files, or its result: `rowcall retry` does it, and what comes back tells of the
    retry alone. Or a result of `enrich` in memory: its failed rows are enriched again with `job` and keywords,
    without the columns that say why they failed; what comes back is such a result, of those rows alone.
    """
    if isinstance(run, str | os.PathLike):
        if job is not None or keywords:
            raise error_for("setting", "keywords, for a run on files; expected none: its own job is used")
        directory = _run_directory(run)
        return _command.retry_run(directory, progress)
    failures = run_of(run).failures
    return enrich(_without_reasons(failures), job=job, progress=progress, **keywords)


_REASONS = 9  # the last columns of a failure table


def _without_reasons(failures: Any) -> Any:
    columns = getattr(failures, "columns", None)
    if hasattr(failures, "collect_schema"):
        columns = failures.collect_schema().names()
        return failures.select(columns[:-_REASONS])
    if hasattr(failures, "iloc"):
        return failures.iloc[:, :-_REASONS]
    if hasattr(failures, "select") and hasattr(failures, "schema"):
        return failures.select(failures.schema.names[:-_REASONS])
    if columns is not None and hasattr(failures, "project"):
        return failures.project(", ".join(f'"{name}"' for name in columns[:-_REASONS]))
    raise RowcallError("the failures of this kind of table cannot be called again as they are; select their columns")
