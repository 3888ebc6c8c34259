# SPDX-License-Identifier: Apache-2.0
"""Hooks: functions of the user's on batches, for what templates and pointers cannot say.

They are called on the thread that consumes the run, never beside it. A batch costs a call of Python, and what
the function itself does; docs/python.md says what that was measured to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rowcall._errors import HookError

Hook = Callable[[Any], Any]


def _called(hook: Hook, batch: Any, name: str) -> Any:
    """What the hook makes of a batch, as a RecordBatch of as many rows."""
    import pyarrow as pa

    try:
        made = hook(batch)
    except Exception as error:
        raise HookError(f"{name}: {type(error).__name__}: {error}") from error
    if isinstance(made, pa.Table):
        made = made.combine_chunks()
        parts = made.to_batches()
        made = parts[0] if parts else pa.RecordBatch.from_pylist([], schema=made.schema)
    if not isinstance(made, pa.RecordBatch):
        raise HookError(f"{name}: returned a {type(made).__name__}; expected a pyarrow.RecordBatch")
    if made.num_rows != batch.num_rows:
        raise HookError(f"{name}: returned {made.num_rows} rows for {batch.num_rows}; expected as many")
    return made


class RequestHook:
    """Puts a hook before the requests: its batches are what the templates see."""

    def __init__(self, hook: Hook, table: Any, batch_size: int) -> None:
        import pyarrow as pa

        self.error: HookError | None = None
        self._hook = hook
        reader = pa.RecordBatchReader.from_stream(table)
        self._schema = reader.schema
        self._batches = self._cut(reader, batch_size)
        self._first = next(self._batches, None)

    @staticmethod
    def _cut(reader: Any, rows: int) -> Iterator[Any]:
        for batch in reader:
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)

    def reader(self) -> Any:
        """The hook's batches, as a stream. The first batch is made now: it tells the columns."""
        import pyarrow as pa

        first = self._first
        if first is None:
            first = pa.RecordBatch.from_pylist([], schema=self._schema)
        first = _called(self._hook, first, "request hook")
        return pa.RecordBatchReader.from_batches(first.schema, self._made(first))

    def _made(self, first: Any) -> Iterator[Any]:
        yield first
        for batch in self._batches:
            try:
                made = _called(self._hook, batch, "request hook")
                if made.schema != first.schema:
                    raise HookError(f"request hook: columns {made.schema.names}; expected those of its first batch")
            except HookError as error:
                self.error = error
                raise
            yield made


def answered(hook: Hook, batch: Any) -> Any:
    """The response hook's batch."""
    return _called(hook, batch, "response hook")
