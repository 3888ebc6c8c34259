# SPDX-License-Identifier: Apache-2.0
"""The kinds of tables: how each goes into a run, and how what comes out becomes the same kind again.

A kind is recognised by the module of its class, so that nothing is imported that the user has not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from rowcall._errors import InputError


class Answered(Protocol):
    """What a run has made of a table."""

    table: Any
    """Answered rows: the input's columns, then the answers'. An object with __arrow_c_stream__."""
    absent_rows: list[int]
    """Numbers of the rows that were read and not answered, ascending: failed, or left out by a stop."""
    rows_seen: int
    """Rows of the input that `table` and `absent_rows` tell of; fewer than all when the run was stopped."""
    in_order: bool
    """The rows are in the order of the input."""
    hooked: bool
    """A hook had its hands on the columns: they are not the input's own any more."""


class Input:
    """A table of some kind on its way into a run. Subclasses know the kind."""

    columns: list[str]
    rows: int = -1

    def stream(self) -> Any:
        """An object with __arrow_c_stream__. Called once."""
        raise NotImplementedError

    def result(self, answered: Answered) -> Any:
        """The answered rows as a table of this kind."""
        raise NotImplementedError

    def converted(self, table: Any) -> Any:
        """Any table with __arrow_c_stream__ as a table of this kind."""
        raise NotImplementedError

    can_carry_attributes = False


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise InputError("this kind of table needs pyarrow; pip install pyarrow") from None
    return pyarrow


def arrow_table(table: Any) -> Any:
    """A pyarrow.Table of any object with __arrow_c_stream__, without copying."""
    pa = _pyarrow()
    return pa.RecordBatchReader.from_stream(table).read_all()


class PandasInput(Input):
    """pandas.DataFrame. Columns and index of the result are the very ones of the input, whatever their types;
    the index is not sent to the API."""

    can_carry_attributes = True

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.columns = [str(column) for column in frame.columns]
        self.rows = len(frame)

    def stream(self) -> Any:
        pa = _pyarrow()
        try:
            return pa.Table.from_pandas(self._frame, preserve_index=False)
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise InputError(
                f"the input table: {'; '.join(str(word) for word in error.args)}; expected columns of one type each. "
                "Convert the column, for instance with .astype(str)."
            ) from error

    def result(self, answered: Answered) -> Any:
        import pandas as pd

        out = arrow_table(answered.table)
        if not answered.in_order:
            return out.to_pandas()
        frame = self._answered_rows(answered)
        if answered.hooked:
            return out.to_pandas().set_axis(frame.index)
        new = out.select(list(range(len(self.columns), out.num_columns))).to_pandas()
        return pd.concat([frame, new.set_axis(frame.index)], axis=1)

    def _answered_rows(self, answered: Answered) -> Any:
        frame = self._frame
        if answered.absent_rows or answered.rows_seen != self.rows:
            keep = bytearray(b"\1") * answered.rows_seen
            for row in answered.absent_rows:
                keep[row] = 0
            frame = frame.iloc[[row for row, kept in enumerate(keep) if kept]]
        return frame

    def converted(self, table: Any) -> Any:
        return arrow_table(table).to_pandas()


class PolarsInput(Input):
    """polars.DataFrame and LazyFrame. A LazyFrame is collected first, so that its rows are called once, and the
    result is lazy again."""

    can_carry_attributes = True

    def __init__(self, frame: Any) -> None:
        import polars as pl

        self._lazy = isinstance(frame, pl.LazyFrame)
        self._frame = frame.collect() if self._lazy else frame
        self.columns = list(self._frame.columns)
        self.rows = self._frame.height

    def stream(self) -> Any:
        return self._frame

    def result(self, answered: Answered) -> Any:
        import polars as pl

        out = pl.DataFrame(answered.table)
        if answered.in_order and not answered.hooked:
            frame = self._frame.head(answered.rows_seen)
            if answered.absent_rows:
                failed = pl.Series(answered.absent_rows, dtype=pl.Int64)
                frame = frame.filter(~pl.int_range(frame.height, eager=True).is_in(failed.implode()))
            out = frame.hstack(out.get_columns()[len(self.columns) :])
        return out.lazy() if self._lazy else out

    def converted(self, table: Any) -> Any:
        import polars as pl

        frame = pl.DataFrame(table)
        return frame.lazy() if self._lazy else frame


class ArrowInput(Input):
    """pyarrow.Table and RecordBatch."""

    def __init__(self, table: Any) -> None:
        pa = _pyarrow()
        self._batch = isinstance(table, pa.RecordBatch)
        self._table = pa.Table.from_batches([table]) if self._batch else table
        self.columns = list(table.schema.names)
        self.rows = table.num_rows

    def stream(self) -> Any:
        return self._table

    def result(self, answered: Answered) -> Any:
        return self.converted(answered.table)

    def converted(self, table: Any) -> Any:
        out = arrow_table(table).combine_chunks()
        if not self._batch:
            return out
        batches = out.to_batches()
        return batches[0] if batches else _pyarrow().RecordBatch.from_pylist([], schema=out.schema)


class ReaderInput(Input):
    """pyarrow.RecordBatchReader: goes in and comes out batch by batch."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.columns = list(reader.schema.names)

    def stream(self) -> Any:
        return self._reader

    def converted(self, table: Any) -> Any:
        return arrow_table(table)


class DatasetInput(Input):
    """pyarrow.dataset.Dataset: read as a stream; the result is a dataset in memory."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.columns = list(dataset.schema.names)

    def stream(self) -> Any:
        return self._dataset.scanner().to_reader()

    def result(self, answered: Answered) -> Any:
        return self.converted(answered.table)

    def converted(self, table: Any) -> Any:
        import pyarrow.dataset

        return pyarrow.dataset.dataset(arrow_table(table))


class DuckdbInput(Input):
    """duckdb.DuckDBPyRelation: the query is run once; the result is a relation of the same connection."""

    def __init__(self, relation: Any) -> None:
        self._relation = relation
        self.columns = list(relation.columns)

    def stream(self) -> Any:
        return self._relation

    def result(self, answered: Answered) -> Any:
        return self.converted(answered.table)

    def converted(self, table: Any) -> Any:
        rowcall_answers = arrow_table(table)  # noqa: F841 (DuckDB finds it by its name)
        return self._relation.query("rowcall_input", "select * from rowcall_answers")


class CapsuleInput(Input):
    """Anything else with the Arrow PyCapsule interface. What comes back has it, too: a `rowcall.Table`."""

    can_carry_attributes = True

    def __init__(self, table: Any) -> None:
        self._table = table
        self.columns = []

    def stream(self) -> Any:
        return self._table

    def result(self, answered: Answered) -> Any:
        return self.converted(answered.table)

    def converted(self, table: Any) -> Any:
        return Table(table)


class Table:
    """A table in memory for every library that knows the Arrow PyCapsule interface; no copy is made."""

    failures: Any
    report: Any
    counts: Any

    def __init__(self, table: Any) -> None:
        self._table = table

    @property
    def num_rows(self) -> int:
        """How many rows it has."""
        rows: int = self._table.num_rows
        return rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class _OneBatch:
    """A record batch with __arrow_c_array__ alone, as a stream of one batch."""

    def __init__(self, array: Any) -> None:
        self._batch = _pyarrow().record_batch(array)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        capsule: object = _pyarrow().Table.from_batches([self._batch]).__arrow_c_stream__(requested_schema)
        return capsule


def _is(table: Any, module: str, *names: str) -> bool:
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] in (module, f"_{module}")
        for kind in type(table).__mro__
    )


_KINDS: list[tuple[str, tuple[str, ...], Callable[[Any], Input]]] = [
    ("pandas", ("DataFrame",), PandasInput),
    ("polars", ("DataFrame", "LazyFrame"), PolarsInput),
    ("pyarrow", ("Table", "RecordBatch"), ArrowInput),
    ("pyarrow", ("RecordBatchReader",), ReaderInput),
    ("pyarrow", ("Dataset",), DatasetInput),
    ("duckdb", ("DuckDBPyRelation",), DuckdbInput),
]


def input_of(table: Any) -> Input:
    """The kind of a table. Raises TypeError for what is none."""
    for module, names, make in _KINDS:
        if module in sys.modules and _is(table, module, *names):
            return make(table)
    if hasattr(table, "__arrow_c_stream__"):
        return CapsuleInput(table)
    if hasattr(table, "__arrow_c_array__"):
        return CapsuleInput(_OneBatch(table))
    raise TypeError(
        f"a {type(table).__name__} is no table; expected pandas, Polars, pyarrow, DuckDB, an object with "
        "__arrow_c_stream__, or a path"
    )
