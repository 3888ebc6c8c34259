# SPDX-License-Identifier: Apache-2.0
"""`rowcall retry` puts answers into tables of every format: run again and again it converges, each row in its place."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import parts

ROWS = 300
# Texts that a format could trip over.
NAMES = ['a "quoted", one', "two\nlines", "", "ünïcode ☃", " spaces ", "00501", "null", "{}"]
FIRST_FAILS = {row for row in range(1, ROWS + 1) if row % 7 == 0}
SECOND_FAILS = {row for row in FIRST_FAILS if row % 3 == 0}
FOR_EVER = {14, 294}


def rules() -> list[dict[str, Any]]:
    return [
        *({"row": row, "status": 422, "body": "{}"} for row in sorted(FOR_EVER)),
        *({"row": row, "status": 422, "body": "{}", "attempt": 1} for row in sorted(FIRST_FAILS)),
        *({"row": row, "status": 409, "body": "{}", "attempt": 2} for row in sorted(SECOND_FAILS)),
        {"body": '{"score": $id, "more": {"deep": [1, 2.50, "x"]}}'},
    ]


def write_source(path: Path) -> Path:
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "name"])
        writer.writerows([row, NAMES[row % len(NAMES)]] for row in range(1, ROWS + 1))
    return path


def unpacked(path: Path, packed: str) -> str:
    with pa.input_stream(str(path), compression=None if packed == "none" else packed) as stream:
        return stream.read().decode()


def rows_of(text: str, kind: str) -> list[dict[str, Any]]:
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        return [{**row, "more": json.loads(row["more"])} for row in rows]
    if kind == "json":
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines()]


def as_expected(row: int, kind: str) -> dict[str, Any]:
    more = {"deep": [1, 2.5, "x"]}
    if kind == "csv":
        return {"id": str(row), "name": NAMES[row % len(NAMES)], "score": str(row), "more": more}
    return {"id": row, "name": NAMES[row % len(NAMES)] or None, "score": row, "more": more}


class Target:
    """Where the table goes, and how it is read."""

    def __init__(self, name: str, kind: str, packed: str, folder: Path, prefix: str) -> None:
        self.name, self.kind, self.packed = name, kind, packed
        self.path = folder / name
        self.words = ["--to", prefix + name, "--set", f"sink.compression={packed}", "--to-format", kind]

    def files(self) -> list[Path]:
        return sorted(self.path.glob("part-*")) if self.name.endswith("/") else [self.path]

    def rows(self) -> list[dict[str, Any]]:
        return [row for file in self.files() for row in rows_of(unpacked(file, self.packed), self.kind)]

    def check(self, missing: set[int]) -> None:
        there = self.rows()
        wanted = [as_expected(row, self.kind) for row in range(1, ROWS + 1) if row not in missing]
        assert [int(row["id"]) for row in there] == [int(row["id"]) for row in wanted], "each once, in order"
        assert there == wanted


TARGETS = [
    ("out.csv", "csv", "none", "disk"),
    ("out.csv.gz", "csv", "gzip", "disk"),
    ("out.ndjson.zst", "ndjson", "zstd", "disk"),
    ("out.json", "json", "none", "disk"),
    ("out/", "csv", "gzip", "disk"),
    ("out/", "ndjson", "none", "disk"),
    ("out.csv.zst", "csv", "zstd", "s3"),
    ("out/", "ndjson", "gzip", "s3"),
    ("out/", "csv", "none", "s3"),
]


@pytest.fixture(params=TARGETS, ids=lambda target: "-".join(target))
def target(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Target, dict[str, str]]:
    name, kind, packed, place = request.param
    if place == "disk":
        return Target(name, kind, packed, tmp_path / "table", f"{tmp_path}/table/"), {}
    store, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return Target(name, kind, packed, store.folder / bucket, f"s3://{bucket}/"), store.env


def command(source: Path, api: parts.ScriptedApi, target: Target, run: Path) -> list[str | Path]:
    return [
        *("run", source, "--url", api.url, "--run-dir", run, "--rate", "unlimited", "--quiet", "--batch-size", "20"),
        *("--response", "score=/score:int64", "--response", "more=/more:json", "--set", "sink.part_rows=60"),
        *target.words,
    ]


def said(run: Path) -> dict[str, Any]:
    return json.loads(parts.rowcall("status", run, "--json").out)


def test_answers_of_retries_find_their_place(rowcall, tmp_path, target):
    table, env = target
    source, run = write_source(tmp_path / "in.csv"), tmp_path / "run"
    with parts.ScriptedApi(rules()) as api:
        first = rowcall(*command(source, api, table, run), env=env)
        assert first.code == 4, first
        table.check(FIRST_FAILS | FOR_EVER)
        before = {file.name: file.read_bytes() for file in table.files()}
        none = rowcall("retry", run, "--only", "transient", env=env)
        assert none.code == 0 and {file.name: file.read_bytes() for file in table.files()} == before
        for missing in (SECOND_FAILS | FOR_EVER, FOR_EVER, FOR_EVER):
            again = rowcall("retry", run, env=env)
            assert again.code == 4, again
            table.check(missing)
            status = said(run)
            assert (status["ok"], status["failed"], status["sums_add_up"]) == (ROWS - len(missing), len(missing), True)
            assert sum(part["rows"] for part in status["parts"]) == ROWS - len(missing)
        calls = [json.loads(seen.body)["id"] for seen in api.seen]
    assert max(calls.count(row) for row in range(1, ROWS + 1) if row not in FOR_EVER) == 3
    assert calls.count(14) == 4, "only what is failed still is called"


@pytest.mark.parametrize("again", range(2))
def test_a_retry_may_be_killed_at_any_moment(rowcall, tmp_path, target, again):
    table, env = target
    dice = random.Random(f"{table.name} {table.kind} {again}")
    source, run = write_source(tmp_path / "in.csv"), tmp_path / "run"
    with parts.ScriptedApi(rules()) as api:
        assert rowcall(*command(source, api, table, run), env=env).code == 4
        began = time.monotonic()
        assert rowcall("retry", run, env=env).code == 4
        usual = time.monotonic() - began
        for _ in range(6):
            process = subprocess.Popen(
                [parts.rowcall_path(), "retry", str(run)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **env},
            )
            time.sleep(dice.uniform(0, usual * 1.2))
            process.kill()
            process.wait()
        done = rowcall("retry", run, env=env)
        assert done.code == 4, done
    table.check(FOR_EVER)
    assert said(run)["failed"] == len(FOR_EVER)


def test_a_table_that_was_changed_meanwhile_is_left_alone(rowcall, tmp_path):
    table = Target("out.csv", "csv", "none", tmp_path / "table", f"{tmp_path}/table/")
    source, run = write_source(tmp_path / "in.csv"), tmp_path / "run"
    with parts.ScriptedApi(rules()) as api:
        assert rowcall(*command(source, api, table, run)).code == 4
        lines = table.path.read_text().split("\n", 1)
        shorter = lines[0] + "\n" + lines[1].split("\n", 1)[1]
        table.path.write_text(shorter)
        refused = rowcall("retry", run)
        assert refused.code == 1 and "rows" in refused.err, refused
        assert table.path.read_text() == shorter
        broken = shorter + 'one cell,"of too few\n'
        table.path.write_text(broken)
        refused = rowcall("retry", run)
        assert refused.code == 1 and "a table as rowcall has written it" in refused.err, refused
        assert table.path.read_text() == broken
