# SPDX-License-Identifier: Apache-2.0
"""enrich, enrich_async and stream: a table goes through an API and comes back."""

from __future__ import annotations

import dataclasses
import logging
import os
import uuid
from collections.abc import Generator, Iterator, Mapping
from types import TracebackType
from typing import Any

from rowcall import _command, _engine, _hooks
from rowcall._engines import choose_engine, files_of, is_spark
from rowcall._errors import HookError, Interrupted, error_for
from rowcall._job import Job
from rowcall._keywords import given_values
from rowcall._progress import Watch
from rowcall._report import Report, Run, attach, remember
from rowcall._tables import Input, ReaderInput, Table, input_of

logger = logging.getLogger("rowcall")

_WAIT_S = 0.2


@dataclasses.dataclass
class _Answered:
    table: Any
    absent_rows: list[int]
    rows_seen: int
    in_order: bool
    hooked: bool


class _Call:
    """A run on one table, from its keywords to its result."""

    def __init__(
        self,
        job: Job,
        table: Input,
        request_hook: _hooks.Hook | None,
        response_hook: _hooks.Hook | None,
        progress: bool | None,
    ) -> None:
        self.job = job
        self._input = table
        self.response_hook = response_hook
        self._progress = progress
        stream = table.stream()
        self._request: _hooks.RequestHook | None = None
        if request_hook is not None:
            self._request = _hooks.RequestHook(request_hook, stream, job.get("source.batch_size"))
            stream = self._request.reader()
        self.run = _engine.Run(job._job, stream, table.rows, uuid.uuid4().hex)
        self._interrupted: KeyboardInterrupt | None = None

    def watch(self) -> Watch:
        return Watch(self.run, self._progress, self._input.rows, self.job.get("name"))

    def collect(self) -> Any:
        """Runs to the end and returns the result."""
        watch = self.watch()
        try:
            while not self._wait():
                watch.look()
        except BaseException:
            self.run.close()
            raise
        finally:
            watch.end()
        return self._finish()

    # Ctrl-C once: graceful. Twice: at once. Either way what was answered comes out.
    def _wait(self) -> bool:
        try:
            return self.run.collect(_WAIT_S)
        except KeyboardInterrupt as interrupt:
            logger.warning("interrupted: calls in flight are finished; interrupt again to stop at once")
            self._interrupted = interrupt
            self.run.stop()
            return False

    def _finish(self) -> Any:
        report, closing = self.run.report()
        table: Any = self.run.collected()
        trouble: BaseException | None = None
        if (error := self.run.error()) is not None:
            trouble = error_for(*error)
        if self._request is not None and self._request.error is not None:
            trouble = self._request.error
        hooked = self._request is not None
        if self.response_hook is not None and trouble is None:
            try:
                table = _hooked(self.response_hook, table)
                hooked = True
            except HookError as error_of_hook:
                trouble = error_of_hook
        result = self._result(table, hooked, Report.from_json(report, closing))
        if self._interrupted is not None:
            interrupted = Interrupted("stopped by Ctrl-C; the exception's `partial` has what was answered")
            interrupted.partial = result
            raise interrupted from None
        if trouble is not None:
            trouble.partial = result  # type: ignore[attr-defined]
            raise trouble
        return result

    def _result(self, table: Any, hooked: bool, report: Report) -> Any:
        failures = self.run.failures()
        absent_rows = self.run.absent_rows()
        answered = _Answered(
            table=table,
            absent_rows=absent_rows,
            rows_seen=self.run.collected().num_rows + len(absent_rows),
            in_order=self.job.get("run.order") == "input",
            hooked=hooked,
        )
        result = self._input.result(answered)
        run = Run(self.job.get("run.dir"))
        run._end(report, self._input.converted(failures))
        if self._input.can_carry_attributes:
            attach(result, run, self._input.columns)
        else:
            remember(result, run)
        return result


def _hooked(hook: _hooks.Hook, table: Any) -> Any:
    import pyarrow as pa

    reader = pa.RecordBatchReader.from_stream(table)
    batches = [_hooks.answered(hook, batch) for batch in reader]
    if not batches:
        batches = [_hooks.answered(hook, pa.RecordBatch.from_pylist([], schema=reader.schema))]
    return pa.Table.from_batches(batches)


class Stream:
    """Answered batches as they come, in bounded memory. Iterate over it, or hand it to any library that knows the
    Arrow PyCapsule interface (`polars.DataFrame(stream)`, `duckdb.sql("from stream")`).

    One consumer, once: going through it again would send every call again, so that raises. Nothing is sent before
    the first batch is asked for; while nobody asks, the engine reads and sends only as far as its limits of memory
    go (`limits.rows_held_max`). Use it as a context manager, or call `close`: a stream that is dropped half-way is
    stopped at once.

    `run` has report, counts and failures when the last batch was taken.
    """

    def __init__(self, call: _Call, failures_like: Input) -> None:
        self._call = call
        self._input = failures_like
        self.run = Run(call.job.get("run.dir"))

    def __iter__(self) -> Generator[Any, None, None]:
        """Batches as pyarrow.RecordBatch. Ctrl-C, an error and the end of the loop end the run."""
        import pyarrow as pa

        run = self._call.run
        watch = self._call.watch()
        hook = self._call.response_hook
        try:
            while (state := run.wait(_WAIT_S)) != 2:
                watch.look()
                if state == 1:
                    batch = pa.RecordBatchReader.from_stream(run.take()).read_next_batch()
                    yield batch if hook is None else _hooks.answered(hook, batch)
            watch.end()
            report, closing = run.report()
            self.run._end(Report.from_json(report, closing), self._input.converted(run.failures()))
            if self._call._request is not None and self._call._request.error is not None:
                raise self._call._request.error
            if (error := run.error()) is not None:
                raise error_for(*error)
        finally:
            run.close()
            watch.end()

    def reader(self) -> Any:
        """The same as a pyarrow.RecordBatchReader."""
        import pyarrow as pa

        schema = pa.RecordBatchReader.from_stream(self._call.run).schema
        batches = iter(self)
        if self._call.response_hook is None:
            return pa.RecordBatchReader.from_batches(schema, batches)
        first = next(batches, None)
        if first is None:
            first = _hooks.answered(self._call.response_hook, pa.RecordBatch.from_pylist([], schema=schema))
        return pa.RecordBatchReader.from_batches(first.schema, _chained(first, batches))

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        if self._call.response_hook is None:
            return self._call.run.__arrow_c_stream__(requested_schema)
        capsule: object = self.reader().__arrow_c_stream__(requested_schema)
        return capsule

    def close(self) -> None:
        """Ends the run at once. Harmless when it is over."""
        self._call.run.close()

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _chained(first: Any, batches: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from batches


@dataclasses.dataclass
class _Wanted:
    """The keywords of enrich and its sisters, sorted."""

    job: Job
    request_hook: _hooks.Hook | None
    response_hook: _hooks.Hook | None
    progress: bool | None

    def stream(self, table: Input) -> Any:
        """The table as the run would see it."""
        stream = table.stream()
        if self.request_hook is None:
            return stream
        return _hooks.RequestHook(self.request_hook, stream, self.job.get("source.batch_size")).reader()

    def call(self, table: Input) -> _Call:
        return _Call(self.job, table, self.request_hook, self.response_hook, self.progress)


def wanted_of(
    job: Job | None,
    settings: Mapping[str, Any] | None,
    env_file: str | os.PathLike[str] | bool | None,
    progress: bool | None,
    keywords: dict[str, Any],
    files: list[str] | None = None,
) -> _Wanted:
    hooks: dict[str, Any] = {}
    for name in ("request", "response"):
        hooks[name] = keywords.pop(f"{name}_hook", None)
        if callable(keywords.get(name)):
            hooks[name] = keywords.pop(name)
    given = given_values(settings, keywords)
    if files is not None:
        given.append(("source.path", files, "the table"))
        if hooks["request"] or hooks["response"]:
            raise error_for("setting", "a hook, on files; expected a table of this process, such as a pyarrow Dataset")
    if job is None:
        job = Job.__new__(Job)
        job._set_up(None, env_file, given, files is None)
    else:
        job = job._with(given, brings_source=files is None)
    return _Wanted(job, hooks["request"], hooks["response"], progress)


def enrich(
    table: Any,
    *,
    job: Job | None = None,
    engine: str = "auto",
    settings: Mapping[str, Any] | None = None,
    env_file: str | os.PathLike[str] | bool | None = None,
    progress: bool | None = None,
    checkpoint: str | None = None,
    **keywords: Any,
) -> Any:
    """Calls an API for every row of `table` and returns the answered rows with the answers' columns.

        out = rowcall.enrich(df, url="https://api.example.com/process", rate="5000/s",
                             response={"score": "/score:double", "label": "/label:string"})
        out.failures, out.report, out.counts

    `table`: pandas, Polars (DataFrame, LazyFrame), pyarrow (Table, RecordBatch, RecordBatchReader, Dataset), a
    DuckDB relation, anything with the Arrow PyCapsule interface, or the path of a table (a file, a glob, a folder,
    s3://...; also a list of them), for which the path of the output comes back. The result is of the same kind, in
    the order of the input; columns and index of a pandas frame are kept as they are. Rows that were not answered
    are not in it, but in `failures`, with the reason. pandas and Polars results carry `failures`, `report` and
    `counts`; for every kind, `rowcall.run_of(out)` has them.

    A Spark DataFrame is called where it lies, by rowcall.spark.enrich (docs/spark.md).

    Keywords are settings: see `Job`, and docs/settings.md for all of them. `job`: where to start from instead of
    the defaults. `engine`: "local", "spark" or "auto": local for tables of this process and for files of up to 10 GB;
    Spark for Spark's tables, and for larger files when this process has a Spark session. Choice and reason are
    logged. `checkpoint`: with Spark, see rowcall.spark.enrich. `request_hook`, `response_hook` (or a function as
    `request` or `response`): see docs/python.md.
    `progress`: None shows a bar in terminals and notebooks when tqdm is installed.

    The call blocks, and lets other threads run. Ctrl-C finishes the calls in flight and raises `Interrupted`, a
    KeyboardInterrupt with `partial`; errors of a run have `partial`, too.

    Raises SettingError, InputError before anything is sent; StoppedError, ApiError, NetworkError and HookError,
    with `partial`, when the run ended before its end. See rowcall.RowcallError.
    """
    files = files_of(table)
    if is_spark(table):
        from rowcall import spark

        choose_engine(engine, table)
        return spark.enrich(table, job=job, settings=settings, env_file=env_file, checkpoint=checkpoint, **keywords)
    wanted = wanted_of(job, settings, env_file, progress, keywords, files)
    if files is not None:
        return run_files(wanted.job, engine, progress, checkpoint)
    if checkpoint is not None:
        raise error_for("setting", "keyword checkpoint, and a table of this process; expected it with Spark only")
    choose_engine(engine, table)
    source = input_of(table)
    if isinstance(source, ReaderInput):
        return _lazy_reader(wanted.call(source), source)
    return wanted.call(source).collect()


def run_files(job: Job, engine: str, progress: bool | None, checkpoint: str | None = None) -> Any:
    """A job on files, by the command or by Spark."""
    if (spark := choose_engine(engine, None, job)) is None:
        return _command.run_job(job, progress)
    from rowcall import _spark_files

    session, typed = spark
    return _spark_files.run_files(session, typed, checkpoint, watch=progress is not False)


def _lazy_reader(call: _Call, source: Input) -> Any:
    stream = Stream(call, source)
    reader = stream.reader()
    remember(reader, stream.run)
    return reader


_NOT_SETTINGS = ("job", "settings", "env_file", "progress")


async def enrich_async(table: Any, **keywords: Any) -> Any:
    """`enrich` for asyncio: the loop goes on while the run does. Takes and returns the same.

    When the task is cancelled, the run is stopped gracefully, and the task ends when calls in flight are finished.
    Hooks are called on the run's own thread, not on the loop's.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    calls: list[_Call] = []

    def prepare_and_run() -> Any:
        if files_of(table) is not None:
            return enrich(table, **keywords)
        options = dict(keywords)
        choose_engine(options.pop("engine", "auto"), table)
        job, settings, env_file, progress = (options.pop(name, None) for name in _NOT_SETTINGS)
        wanted = wanted_of(job, settings, env_file, progress, options)
        source = input_of(table)
        if isinstance(source, ReaderInput):
            return _lazy_reader(wanted.call(source), source)
        calls.append(wanted.call(source))
        return calls[0].collect()

    running = loop.run_in_executor(None, prepare_and_run)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        for call in calls:
            call.run.stop()
        await asyncio.wait([running])
        raise


def stream(
    table: Any,
    *,
    job: Job | None = None,
    settings: Mapping[str, Any] | None = None,
    env_file: str | os.PathLike[str] | bool | None = None,
    progress: bool | None = None,
    **keywords: Any,
) -> Stream:
    """`enrich`, batch by batch and in bounded memory: returns a `Stream`.

        with rowcall.stream(reader, url=..., rate="5000/s", response={...}) as batches:
            for batch in batches:
                write(batch)
        batches.run.report

    Takes what `enrich` takes. A table that does not fit into memory comes in as a RecordBatchReader, a Dataset, or
    anything else that streams. Raises SettingError and InputError at once, errors of the run while iterating.
    """
    wanted = wanted_of(job, settings, env_file, progress, keywords)
    source = input_of(table)
    return Stream(wanted.call(source), source)


__all__ = ["Stream", "Table", "enrich", "enrich_async", "stream"]
