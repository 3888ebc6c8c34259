# SPDX-License-Identifier: Apache-2.0
"""Did a run do what rowcall promises? Judged from outside: the tables, the mock API's audit, the summary."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileSystem, FileType

SHARE_MIN = 0.97
# A run of less than that many periods is mostly start and end, and says little about the share.
PERIODS_MIN = 4


@dataclasses.dataclass(frozen=True)
class Check:
    good: bool
    text: str

    def __str__(self) -> str:
        return f"  {'ok ' if self.good else 'BAD'}  {self.text}"


def read_csv_as_text(path: Any, filesystem: FileSystem) -> pa.Table:
    """The table with every cell as it is written."""
    with filesystem.open_input_stream(path) as stream:
        header = stream.read(1 << 16).split(b"\n", 1)[0]
    names = csv.read_csv(pa.BufferReader(header + b"\n")).column_names
    options = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    with filesystem.open_input_stream(path) as stream:
        return csv.read_csv(stream, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)


def read_parquet(path: str, filesystem: FileSystem) -> pa.Table:
    """A Parquet file, or all those of a folder, in the order of their names."""
    info = filesystem.get_file_info(path.rstrip("/"))
    if info.type == FileType.NotFound:
        raise FileNotFoundError(f"the output {path} is not there")
    if info.type == FileType.File:
        return pq.read_table(path, filesystem=filesystem)
    found = filesystem.get_file_info(FileSelector(path.rstrip("/"), recursive=True))
    files = sorted(file.path for file in found if file.path.endswith(".parquet"))
    if not files:
        raise FileNotFoundError(f"the output {path} holds no Parquet file")
    return pa.concat_tables([pq.read_table(file, filesystem=filesystem) for file in files])


def check_tables(source: pa.Table, output: pa.Table, added: list[str]) -> Iterator[Check]:
    """Every row of the source is in the output, in order, with the columns that the API added."""
    yield Check(source.num_rows == output.num_rows, f"rows: {source.num_rows:,} in, {output.num_rows:,} out")
    missing = [name for name in [*source.column_names, *added] if name not in output.column_names]
    yield Check(not missing, f"columns: {', '.join(output.column_names)}" + f"; missing: {missing}" * bool(missing))
    if missing or source.num_rows != output.num_rows:
        return
    # A text column has to be the same text in the same order. Numbers may be written otherwise ("1.50").
    texts = [name for name in source.column_names if pa.types.is_string(output.schema.field(name).type)]
    changed = [
        name for name in texts if not output[name].fill_null("").combine_chunks().equals(source[name].combine_chunks())
    ]
    yield Check(bool(texts) and not changed, f"order: {', '.join(texts)} hold the same texts, row by row")
    filled = {name: output.num_rows - output[name].null_count for name in added}
    words = ", ".join(f"{name} {count:,}" for name, count in filled.items())
    yield Check(all(count == output.num_rows for count in filled.values()), f"answers: {words}")


def check_summary(summary: dict[str, Any], rows: int) -> Iterator[Check]:
    """The endings add up to the rows read."""
    endings = {name: summary[name] for name in ("ok", "no_match", "failed", "unreadable", "skipped")}
    told = ", ".join(f"{name} {count:,}" for name, count in endings.items() if count or name == "ok")
    good = sum(endings.values()) == summary["rows"] == rows and endings["ok"] == rows
    yield Check(good, f"endings: {told} of {summary['rows']:,} rows")


def check_audit(stats: dict[str, Any], summary: dict[str, Any]) -> Iterator[Check]:
    """What the API saw: never over its limit, close to it, and no row answered twice."""
    for limit in stats["limits"]:
        yield Check(
            limit["over"] == 0 and limit["worst"] <= limit["calls"],
            f"limit {limit['limit']}: worst window {limit['worst']:,}, {limit['over']:,} arrivals over it",
        )
        if stats["duration_s"] >= PERIODS_MIN * limit["period_s"]:
            share = limit["share_used"]
            yield Check(share >= SHARE_MIN, f"pace: {100 * share:.1f} % of the limit used (at least {SHARE_MIN:.0%})")
    yield Check(stats["rows_answered_twice"] == 0, f"paid twice: {stats['rows_answered_twice']:,} rows")
    yield Check(
        stats["arrivals"] == summary["attempts"],
        f"attempts: {summary['attempts']:,} counted by the run, {stats['arrivals']:,} by the API",
    )
