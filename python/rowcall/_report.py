# SPDX-License-Identifier: Apache-2.0
"""What became of a run: counts, report, failures."""

from __future__ import annotations

import dataclasses
import json
import weakref
from typing import Any

from rowcall._errors import RowcallError


@dataclasses.dataclass(frozen=True)
class Counts:
    """Rows by ending, and calls. `rows` is always the sum of the five endings."""

    rows: int
    ok: int
    no_match: int
    failed: int
    unreadable: int
    skipped: int
    calls: int
    attempts: int
    retries: int


@dataclasses.dataclass(frozen=True)
class Report:
    """The report of a run. Times in seconds, latencies in milliseconds, sizes in bytes.

    `details` holds every member of summary.json, which docs/run-directory.md describes.
    """

    end: str
    """"complete", "stopped" or "failed"."""
    counts: Counts
    duration_s: float
    sending_s: float
    cpu_s: float
    rss_max_bytes: int
    rate_mean: float
    """Attempts per second while sending."""
    share_of_limit: float
    worst_window: list[dict[str, float]]
    """For each limit: the most calls found in any window of its period, the limit, and the period."""
    latency_ms: dict[str, float]
    error: str
    details: dict[str, Any]
    text: str
    """The closing text of the command line."""

    def __str__(self) -> str:
        return self.text

    @staticmethod
    def from_json(text: str, closing: str = "") -> Report:
        """From the content of a summary.json."""
        found = json.loads(text)
        names = {field.name for field in dataclasses.fields(Counts)}
        return Report(
            counts=Counts(**{name: found[name] for name in names}),
            details=found,
            text=closing,
            **{
                field.name: found[field.name]
                for field in dataclasses.fields(Report)
                if field.name not in ("counts", "details", "text")
            },
        )


class Run:
    """One run: its report, its counts, and the rows that were not answered.

    `report`, `counts` and `failures` are there when the run is over. `failures` is a table of the input's kind:
    every input column, then error_class, status, attempts, message, body_excerpt, source_file, source_row,
    source_line and row_id, the row's number in the input from 0. For runs on files it is the path of the
    failure tables, or None when there are none. `directory` is the run directory, or "" when there is none.
    """

    def __init__(self, directory: str = "") -> None:
        self.directory = directory
        self._report: Report | None = None
        self._failures: Any = None

    def _end(self, report: Report, failures: Any) -> None:
        self._report = report
        self._failures = failures

    @property
    def report(self) -> Report:
        if self._report is None:
            raise RowcallError("the run is not over yet: its report comes when the last batch was taken")
        return self._report

    @property
    def counts(self) -> Counts:
        return self.report.counts

    @property
    def failures(self) -> Any:
        self.report  # noqa: B018 (raises while the run goes on)
        return self._failures


_runs: dict[int, Run] = {}


def remember(table: Any, run: Run) -> None:
    """Notes which run a table came from, for as long as the table lives."""
    key = id(table)
    _runs[key] = run
    weakref.finalize(table, _runs.pop, key, None)


def run_of(table: Any) -> Run:
    """The run that a result of `enrich` came from: report, counts, failures.

    Works for every kind of table, also for those that cannot carry attributes of their own (pyarrow, DuckDB).
    The very object that `enrich` returned is asked for: a copy or a selection of it has no run.

    Raises LookupError for any other object.
    """
    run = getattr(table, "_rowcall_run", None)
    if run is None:
        run = _runs.get(id(table))
    if not isinstance(run, Run):
        raise LookupError("this table did not come out of rowcall.enrich; a copy of a result has no run")
    return run


def attach(table: Any, run: Run, columns: list[str]) -> None:
    """Puts failures, report and counts on a table as attributes, where its kind allows it and no column has
    that name."""
    remember(table, run)
    for name in ("failures", "report", "counts"):
        if name not in columns:
            object.__setattr__(table, name, getattr(run, name))
