# SPDX-License-Identifier: Apache-2.0
"""What rowcall.spark does in an executor: one engine for one partition. Knows pyarrow, and nothing of Spark but
the task's context."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from rowcall import _engine
from rowcall._errors import InputError, RowcallError, error_for
from rowcall._job import Job
from rowcall._journal import Journal
from rowcall._spark_progress import TOLD_EVERY_S, Teller

KEY_COLUMN = "rowcall_row_key"
ERROR_COLUMNS = pa.schema(
    [
        ("rowcall_error_class", pa.string()),
        ("rowcall_status", pa.int32()),
        ("rowcall_attempts", pa.int32()),
        ("rowcall_message", pa.string()),
    ]
)

_WAIT_S = 0.2
_WAIT_LEAST_S = 0.001
_SYNC_S = 0.1  # answers wait so long for the journal, and are called again when their task dies meanwhile
_MAY_CALL_S = 0.5


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything an executor has to know. Travels with the task; `environment` holds secrets."""

    toml: str
    coordinator: str
    secret: str = dataclasses.field(repr=False)
    in_flight_max: int
    environment: dict[str, str] = dataclasses.field(repr=False)
    names: list[str]
    types: Any
    failures: str
    checkpoint: str
    own_keys: bool
    salt: str
    journal_batch: int = 200
    """Rows. What is answered in a batch that is not complete is not in the journal yet."""
    told_to: tuple[str, int] | None = None
    token: str = dataclasses.field(default="", repr=False)
    run: str = ""


Report = Callable[[dict[str, float]], Any]
"""Adds counts to those of all tasks; of min_ and max_ names, the least and the most are kept."""


def run_partition(plan: Plan, batches: Iterator[Any], report: Report) -> Generator[Any, None, None]:
    """The answered batches of one partition, in the schema that the driver declared."""
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return
    partition = _Partition(plan, first.schema, report)
    yield from partition.run(itertools.chain([first], batches))


class _Partition:
    def __init__(self, plan: Plan, schema: Any, report: Report) -> None:
        self._plan = plan
        self._schema = schema
        self._report = report
        self._job = _job_of(plan)
        self._number, self._attempt = _task()
        self._journal = Journal(plan.checkpoint, plan.salt, self._number, self._attempt) if plan.checkpoint else None
        self._seen: collections.Counter[str] = collections.Counter()
        self._known: Any = None
        self._from_journal: list[Any] = []
        self._taken_over = 0
        self._answered: list[Any] = []
        self._next_sync = 0.0
        self._looked = time.monotonic()
        self._held_s = 0.0
        self._teller = Teller(plan.told_to, plan.token, plan.run, f"{self._number}-{self._attempt}")
        inputs = [schema.field(name) for name in plan.names if name in schema.names]
        self._out = pa.schema([*inputs, *plan.types])
        if self._out.names != plan.names:
            raise InputError(f"the partition has the columns {schema.names}; the frame's plan was {plan.names}")

    def run(self, batches: Iterator[Any]) -> Iterator[Any]:
        if self._journal is not None:
            self._wait_for_others()
            self._known = self._journal.read()
        keyed = self._schema.append(pa.field(KEY_COLUMN, pa.string()))
        reader = pa.RecordBatchReader.from_batches(keyed, self._to_call(batches))
        plan = self._plan
        run = _engine.Run(self._job._job, reader, -1, uuid.uuid4().hex, plan.coordinator, plan.secret)
        began = time.time()
        try:
            while (state := run.wait(self._patience())) != 2:
                if state == 1:
                    self._answered += [b for b in pa.RecordBatchReader.from_stream(run.take()) if b.num_rows > 0]
                if self._patience() < _WAIT_LEAST_S:
                    yield from self._kept()
                yield from self._take_known()
                self._look(run)
            yield from self._kept()
            yield from self._take_known()
            yield from self._failed(run)
            self._tell(run, began)
            if (error := run.error()) is not None:
                raise error_for(*error)
        finally:
            self._keep(self._answered)  # of a task that is given up: its next attempt has them
            self._tell_progress(run, True)
            # A consumer that wants no more, or an error: calls end before Spark speaks to this process again.
            run.close()

    # Adds each row's key, and keeps back the rows that an earlier attempt has answered.
    def _to_call(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            if not batch.schema.equals(self._schema):
                raise InputError(f"a batch with the columns {batch.schema}; expected {self._schema}, as before")
            keys = (
                row_keys(batch, self._plan.salt, self._seen)
                if self._plan.own_keys or self._journal is not None
                else pa.nulls(batch.num_rows, pa.string())
            )
            batch = pa.RecordBatch.from_arrays([*batch.columns, keys], names=[*batch.schema.names, KEY_COLUMN])
            if self._known is not None and self._known.num_rows > 0:
                where = pc.index_in(keys, value_set=self._known.column(KEY_COLUMN).combine_chunks())
                answered = pc.is_valid(where)
                if pc.any(answered).as_py():
                    self._from_journal += self._known.take(where.filter(answered)).to_batches()
                    batch = batch.filter(pc.invert(answered))
            if batch.num_rows > 0:
                yield batch

    def _take_known(self) -> Iterator[Any]:
        known, self._from_journal = self._from_journal, []
        for batch in known:
            self._taken_over += batch.num_rows
            self._report({"from_journal": batch.num_rows, "rows": batch.num_rows})
            yield self._declared(batch)

    def _wait_for_others(self) -> None:
        """A task that Spark started twice is called once: the later attempt waits here while the earlier one works,
        and then finds its answers in the journal."""
        while not self._teller.may_call(self._number):
            time.sleep(_MAY_CALL_S)

    def _patience(self) -> float:
        """How long to wait for the engine: not past the moment when answers must be kept."""
        if not self._answered:
            return _WAIT_S
        return 0.0 if self._journal is None else min(max(self._next_sync - time.monotonic(), 0.0), _WAIT_S)

    def _kept(self) -> Iterator[Any]:
        """What was answered since the last time, on storage before anybody sees it. One file for many batches:
        while one is written, the next are answered."""
        answered, self._answered = self._keep(self._answered), []
        for batch in answered:
            yield self._declared(batch)

    def _keep(self, answered: list[Any]) -> list[Any]:
        if self._journal is None or not answered:
            return answered
        together: list[Any] = pa.Table.from_batches(answered).combine_chunks().to_batches()
        for batch in together:
            self._journal.append(batch)
        self._next_sync = time.monotonic() + _SYNC_S
        return together

    def _declared(self, batch: Any) -> Any:
        """By name and type what Spark will take by position."""
        arrays = []
        for field in self._out:
            at = batch.schema.get_field_index(field.name)
            if at < 0 and field.name in ERROR_COLUMNS.names:
                arrays.append(pa.nulls(batch.num_rows, field.type))
                continue
            if at < 0:
                raise InputError(f'the answers have no column "{field.name}"; found {batch.schema.names}')
            column = batch.column(at)
            arrays.append(column if column.type == field.type else column.cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=self._out)

    def _failed(self, run: Any) -> Iterator[Any]:
        failures = pa.RecordBatchReader.from_stream(run.failures()).read_all()
        if failures.num_rows == 0 or self._plan.failures == "drop":
            return
        if self._plan.failures == "fail":
            row = failures.slice(0, 1).to_pylist()[0]
            raise RowcallError(f"a row was not answered: {row.get('error_class')}: {row.get('message')}")
        for batch in failures.to_batches():
            yield self._as_failed(batch)

    def _as_failed(self, batch: Any) -> Any:
        """Input columns, no answers, and why."""
        arrays = []
        for field in self._out:
            name = field.name
            if name in ERROR_COLUMNS.names:
                name = name.removeprefix("rowcall_")
            elif name not in self._schema.names:
                arrays.append(pa.nulls(batch.num_rows, field.type))
                continue
            arrays.append(batch.column(batch.schema.get_field_index(name)).cast(field.type))
        return pa.RecordBatch.from_arrays(arrays, schema=self._out)

    def _tell(self, run: Any, began: float) -> None:
        found = json.loads(run.report()[0])
        names = ("rows", "ok", "no_match", "failed", "calls", "attempts", "retries")
        sums = {name: float(int(found[name])) for name in names}
        sums["throttled"] = float(found["outcomes"]["throttled"])
        latency = {f"max_latency_{name}": value for name, value in found["latency_ms"].items() if value is not None}
        times = {"min_began": began, "max_ended": time.time(), "max_held_s": self._held_s}
        self._report({"partitions": 1, "cpu_s": found["cpu_s"], **sums, **latency, **times})

    # Twice a second: how long calls are held, and what the driver is told.
    def _look(self, run: Any) -> None:
        now = time.monotonic()
        if now < self._looked + TOLD_EVERY_S:
            return
        passed, self._looked = now - self._looked, now
        if (state := run.progress()) is not None and state[5] is not None:
            self._held_s += passed
        self._tell_progress(run, False)

    def _tell_progress(self, run: Any, ended: bool) -> None:
        _, rows, failed, attempts, in_flight, held = run.progress() or (-1, 0, 0, 0, 0, None)
        rows += self._taken_over
        self._teller.tell(ended, rows=rows, failed=failed, attempts=attempts, in_flight=in_flight, held=held or "")


def _job_of(plan: Plan) -> Job:
    for name, value in plan.environment.items():
        os.environ.setdefault(name, value)
    given: list[tuple[str, Any, str]] = []
    if plan.in_flight_max:
        given.append(("limits.in_flight_max", plan.in_flight_max, "rowcall.spark"))
    if plan.checkpoint:
        given.append(("source.batch_size", plan.journal_batch, "rowcall.spark"))
    with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
        file.write(plan.toml)
        file.flush()
        job = Job.__new__(Job)
        with _settings_put_away():
            job._set_up(file.name, False, given, True)
    return job


@contextlib.contextmanager
def _settings_put_away() -> Iterator[None]:
    """The plan has every setting; variables of the executor's machine that are called like one say nothing here."""
    names = {name for setting in _engine.settings() for name in setting["environment"]}
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _task() -> tuple[int, str]:
    """The partition's number, and a name that no other attempt has."""
    try:
        from pyspark import TaskContext

        context = TaskContext.get()
    except ImportError:
        context = None
    if context is None:
        return 0, uuid.uuid4().hex[:12]
    return context.partitionId(), f"{context.taskAttemptId()}-{uuid.uuid4().hex[:8]}"


def row_keys(batch: Any, salt: str, seen: collections.Counter[str]) -> Any:
    """A key for every row from what is in it: the same whenever and wherever the row is seen again. Rows that are
    equal get different ones, in the order in which they are seen."""
    texts = [_texts(column) for column in batch.columns]
    joined = pc.binary_join_element_wise(*texts, "\x1f") if texts else pa.array([""] * batch.num_rows)
    keys = []
    for text in joined.to_pylist():
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, salt=salt.encode()[:16])
        key = digest.hexdigest()
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return pa.array(keys, pa.string())


def _texts(column: Any) -> Any:
    """A column as text, nulls told apart from empty texts."""
    try:
        text = column if column.type == pa.string() else column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        text = pa.array([None if value is None else repr(value) for value in column.to_pylist()], pa.string())
    return pc.fill_null(pc.binary_join_element_wise(pa.scalar("="), text, ""), "")
