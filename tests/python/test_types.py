# SPDX-License-Identifier: Apache-2.0
"""Every Arrow type that can reach a request: what the API gets, and what comes back beside the answer."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import Any

import pyarrow as pa
import pytest

import rowcall

UTC = datetime.UTC
D = decimal.Decimal

# type, values, what the request's JSON holds for them
CASES: dict[str, tuple[Any, list[Any], list[Any] | None]] = {
    "bool": (pa.bool_(), [True, None, False], [True, None, False]),
    "int8": (pa.int8(), [-128, None, 127], [-128, None, 127]),
    "int16": (pa.int16(), [-32768, None, 32767], [-32768, None, 32767]),
    "int32": (pa.int32(), [-(2**31), None, 2**31 - 1], [-(2**31), None, 2**31 - 1]),
    "int64": (pa.int64(), [-(2**63), None, 2**63 - 1], [-(2**63), None, 2**63 - 1]),
    "uint8": (pa.uint8(), [0, None, 255], [0, None, 255]),
    "uint16": (pa.uint16(), [0, None, 65535], [0, None, 65535]),
    "uint32": (pa.uint32(), [0, None, 2**32 - 1], [0, None, 2**32 - 1]),
    "uint64": (pa.uint64(), [0, None, 2**64 - 1], [0, None, 2**64 - 1]),
    "float32": (pa.float32(), [0.1, None, -1.5], [0.1, None, -1.5]),
    "float64": (pa.float64(), [0.1, None, 1e300], [0.1, None, 1e300]),
    "string": (pa.string(), ["a", None, 'é"\n'], ["a", None, 'é"\n']),
    "large_string": (pa.large_string(), ["a", None, "b" * 1000], ["a", None, "b" * 1000]),
    "string_view": ("string_view", ["short", None, "long enough to be out of line"], None),
    "date32": (pa.date32(), [datetime.date(2026, 2, 28), None], ["2026-02-28", None]),
    "date64": (pa.date64(), [datetime.date(1969, 12, 31), None], ["1969-12-31", None]),
    "decimal128": (pa.decimal128(10, 2), [D("-12.50"), None, D("12345678.90")], None),
    "decimal256": (pa.decimal256(50, 3), [D("1.500"), None], None),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["x", "y", None, "x"], ["x", "y", None, "x"]),
    "list": (pa.list_(pa.int64()), [[1, None], [], None], [[1, None], [], None]),
    "large_list": (pa.large_list(pa.string()), [["a"], None, []], [["a"], None, []]),
    "fixed_size_list": (pa.list_(pa.int16(), 2), [[1, 2], None], [[1, 2], None]),
    "struct": (
        pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
        [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}],
        [{"a": 1, "b": ["x"]}, None, {"a": None, "b": None}],
    ),
    "null": (pa.null(), [None, None], [None, None]),
    "time32": (pa.time32("s"), [datetime.time(1, 2, 3), None], ["01:02:03", None]),
    "timestamp_us": (pa.timestamp("us"), [datetime.datetime(2026, 3, 1, 9, 5), None], None),
    "timestamp_utc": (pa.timestamp("us", "UTC"), [datetime.datetime(2026, 3, 1, 9, 5, tzinfo=UTC), None], None),
    "timestamp_zone": (
        pa.timestamp("ms", "Europe/Berlin"),
        [datetime.datetime(2026, 7, 1, 10, 0, tzinfo=UTC), None],
        None,
    ),
    "timestamp_ns": (pa.timestamp("ns"), [datetime.datetime(1960, 1, 1), None], None),
    "binary": (pa.binary(), [b"\x00\xff", None], None),
    "duration": (pa.duration("us"), [datetime.timedelta(seconds=1), None], None),
    "map": (pa.map_(pa.string(), pa.int64()), [[("k", 1)], None], None),
}


def column(name: str) -> pa.Array:
    kind, values, _ = CASES[name]
    if kind == "string_view":
        if not hasattr(pa, "string_view"):
            pytest.skip("this pyarrow has no string views")
        kind = pa.string_view()
    return pa.array(values, kind)


def enriched(source, echo):
    """Through the API and back; `sent` is what the API got for each row, in the order of the rows."""
    out = rowcall.enrich(
        source,
        url=echo.url,
        rate="unlimited",
        response={"answer": ":json"},
        rows_per_call=1,
        settings={"run.mode": "sync", "run.workers": 1},
    )
    return out, [json.loads(body) for body in echo.bodies]


@pytest.mark.parametrize("name", CASES)
def test_type(name, echo):
    values = column(name)
    source = pa.table({"row": pa.array(range(len(values)), pa.int64()), "value": values})
    try:
        out, sent = enriched(source, echo)
    except rowcall.RowcallError as error:
        # A type without a JSON form is refused, and the column named, before anything is sent.
        assert "value" in str(error), error
        assert echo.bodies == []
        assert name in ("binary", "duration", "map"), error
        return
    assert out.schema.field("value").type == source.schema.field("value").type
    assert out.drop_columns(["answer"]).equals(source)
    assert [row["row"] for row in sent] == list(range(len(values)))
    expected = CASES[name][2]
    if expected is not None:
        assert [row["value"] for row in sent] == expected
    else:
        for row, value in zip(sent, values.to_pylist(), strict=True):
            assert (row["value"] is None) == (value is None)
    assert [json.loads(text) for text in out.column("answer").to_pylist()] == sent


def whole_table(rows: int = 5) -> pa.Table:
    """A column of every type, nulls in it, in chunks that are slices of longer arrays."""
    columns = {}
    for name, (kind, values, _) in CASES.items():
        if name in ("binary", "duration", "map") or kind == "string_view":
            continue
        padded = ([values[-1], values[0]] + values * rows)[: rows + 2]
        columns[name] = pa.array(padded, kind).slice(2, rows)
    return pa.table(columns)


@pytest.mark.parametrize("offset", [0, 1, 3])
def test_sliced_and_chunked(echo, offset):
    source = pa.concat_tables([whole_table(5).slice(offset), whole_table(4), whole_table(3).slice(3)])
    out, sent = enriched(source, echo)
    assert out.drop_columns(["answer"]).equals(source.combine_chunks())
    assert [row["int64"] for row in sent] == source.column("int64").to_pylist()
    assert [row["struct"] for row in sent] == source.column("struct").to_pylist()
    assert [row["dictionary"] for row in sent] == source.column("dictionary").to_pylist()


def test_empty_batches_among_others(echo):
    some = whole_table(2).to_batches()[0]
    none = some.slice(0, 0)
    source = pa.RecordBatchReader.from_batches(some.schema, [none, some, none, none, some, none])
    out, sent = enriched(source, echo)
    assert out.read_all().num_rows == 4
    assert len(sent) == 0, "asked before it was read"
    assert len(echo.bodies) == 4


def test_pandas_types(echo):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "float with gaps": [1.5, None, 3.0],
            "whole with gaps": pd.array([1, None, 3], dtype="Int64"),
            "text": ["a", None, "c"],
            "category": pd.Categorical(["x", None, "y"]),
            "when": pd.to_datetime(["2026-01-01", None, "2026-07-01"]).tz_localize("Europe/Paris"),
            "truth": pd.array([True, None, False], dtype="boolean"),
            "days": [datetime.date(2026, 1, 1), None, datetime.date(2026, 1, 3)],
            "prices": [D("1.10"), None, D("3.30")],
            "lists": [[1, 2], None, []],
        },
        index=[3, 1, 2],
    )
    out, sent = enriched(frame, echo)
    pd.testing.assert_frame_equal(out.drop(columns="answer"), frame)
    assert [row["whole with gaps"] for row in sent] == [1, None, 3]
    assert [row["category"] for row in sent] == ["x", None, "y"]
    assert [row["float with gaps"] for row in sent] == [1.5, None, 3.0]
    assert [row["text"] for row in sent] == ["a", None, "c"]


def test_polars_types(echo):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "text": ["a", None, "long enough to be out of line"],
            "category": pl.Series(["x", None, "y"], dtype=pl.Categorical),
            "enum": pl.Series(["x", None, "y"], dtype=pl.Enum(["x", "y"])),
            "price": pl.Series([D("1.10"), None, D("3.30")], dtype=pl.Decimal(10, 2)),
            "when": pl.Series([datetime.datetime(2026, 1, 1), None, None], dtype=pl.Datetime("us", "Europe/Paris")),
            "list": [[1], None, []],
            "struct": [{"a": 1}, {"a": None}, {"a": 3}],
            "nothing": pl.Series([None] * 3, dtype=pl.Null),
        }
    )
    out, sent = enriched(frame, echo)
    assert out.drop("answer").equals(frame)
    assert out.drop("answer").schema == frame.schema
    for name in ("text", "category", "enum", "list", "struct", "nothing"):
        assert [row[name] for row in sent] == frame[name].to_list()


def test_duckdb_types(echo):
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql(
        "select * from (values (1, 'a', 1.10::decimal(10,2), date '2026-01-01', [1,2], {'k': 'v'}, "
        "timestamptz '2026-01-01 00:00:00+00', 'x'::enum('x','y')), (2, null, null, null, null, null, null, null)) "
        "t(i, s, d, day, l, m, moment, e)"
    )
    expected = pa.table(relation)
    out, sent = enriched(relation, echo)
    # DuckDB itself reads an Arrow dictionary as text; everything else has its type, too.
    assert pa.table(out).drop_columns(["answer"]).to_pylist() == expected.to_pylist()
    assert [f.type for f in pa.table(out).schema][:-2] == [f.type for f in expected.schema][:-1]
    assert [row["l"] for row in sent] == [[1, 2], None]
    assert [row["e"] for row in sent] == ["x", None]


def test_answers_of_every_type(api):
    kinds = {
        "string": pa.string(),
        "bool": pa.bool_(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "float": pa.float32(),
        "decimal(20,4)": pa.decimal128(20, 4),
        "json": None,
    }
    pointers = {
        "string": "/label",
        "bool": "/detail/exact",
        "int64": "/n",
        "double": "/score",
        "float": "/score",
        "decimal(20,4)": "/id",
        "json": "/detail",
    }
    response = {f"c{i}": f"{pointers[kind]}:{kind}" for i, kind in enumerate(kinds)}
    out = rowcall.enrich(pa.table({"id": [1, 2, 3]}), url=api.url, rate="unlimited", response=response)
    for i, kind in enumerate(kinds.values()):
        assert kind is None or out.schema.field(f"c{i}").type == kind
        assert out.column(f"c{i}").null_count == 0
