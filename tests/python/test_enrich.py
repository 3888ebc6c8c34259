# SPDX-License-Identifier: Apache-2.0
"""enrich and stream: every kind of table goes in, and the same kind comes out, with nothing lost."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import logging
import os
import sys

import pyarrow as pa
import pyarrow.dataset
import pytest
from refusable import RESPONSE, ROWS, settings, table

import rowcall

REFUSED = (0, 7, 8, 200, 249)
ANSWERED = [i for i in range(ROWS) if i not in REFUSED]


def test_pandas(api):
    pd = pytest.importorskip("pandas")
    frame = table(refused=REFUSED).to_pandas()
    frame.index = pd.Index([f"i{i}" for i in range(ROWS)], name="key")
    frame["kind"] = pd.Categorical(["a", "b"] * (ROWS // 2))
    out = rowcall.enrich(frame, **settings(api))
    assert type(out) is pd.DataFrame
    assert list(out.columns) == [*frame.columns, "score", "label"]
    assert list(out.index) == [f"i{i}" for i in ANSWERED]
    assert out.index.name == "key"
    pd.testing.assert_frame_equal(out[frame.columns], frame.iloc[ANSWERED])
    assert out["score"].between(0, 1).all()
    assert list(out.failures["row_id"]) == list(REFUSED)
    assert set(out.failures["error_class"]) == {"permanent"}
    assert set(out.failures["status"]) == {422}
    assert out.counts == rowcall.run_of(out).counts
    assert (out.counts.rows, out.counts.ok, out.counts.failed) == (ROWS, ROWS - 5, 5)
    assert out.report.end == "complete"
    assert list(frame.columns) == ["id", "name", "refuse", "kind"], "the input is as it was"
    with pytest.raises(LookupError):
        rowcall.run_of(frame)


def test_a_column_keeps_its_name_before_an_attribute(api):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": [1, 2], "report": ["x", "y"]})
    out = rowcall.enrich(frame, **settings(api))
    assert list(out.report) == ["x", "y"]
    assert rowcall.run_of(out).report.counts.ok == 2
    assert len(out.failures) == 0


def test_polars(api):
    pl = pytest.importorskip("polars")
    frame = pl.from_arrow(table(refused=REFUSED)).with_columns(
        kind=pl.Series(["a", "b"] * (ROWS // 2), dtype=pl.Categorical)
    )
    out = rowcall.enrich(frame, **settings(api))
    assert type(out) is pl.DataFrame
    assert out.drop("score", "label").equals(frame[ANSWERED])
    assert out.schema["kind"] == pl.Categorical
    assert out.schema["score"] == pl.Float64
    assert out.failures["row_id"].to_list() == list(REFUSED)
    assert out.counts.failed == 5
    lazy = rowcall.enrich(frame.lazy(), **settings(api))
    assert type(lazy) is pl.LazyFrame
    assert lazy.collect().drop("score", "label").equals(frame[ANSWERED])
    assert lazy.failures.collect()["row_id"].to_list() == list(REFUSED)


def test_pyarrow(api):
    source = table(refused=REFUSED)
    out = rowcall.enrich(source, **settings(api))
    assert type(out) is pa.Table
    assert out.drop_columns(["score", "label"]).equals(source.take(ANSWERED))
    assert out.schema.field("score").type == pa.float64()
    run = rowcall.run_of(out)
    assert run.failures["row_id"].to_pylist() == list(REFUSED)
    batch = rowcall.enrich(source.to_batches()[0], **settings(api))
    assert type(batch) is pa.RecordBatch
    assert batch.num_rows == ROWS - 5


def test_a_reader_is_read_lazily_and_comes_out_as_one(api):
    pulled = []

    def batches():
        for i in range(20):
            pulled.append(i)
            yield table(1000).to_batches()[0]

    source = pa.RecordBatchReader.from_batches(table().schema, batches())
    out = rowcall.enrich(source, **settings(api))
    assert type(out) is pa.RecordBatchReader
    assert pulled == [], "nothing is read before somebody asks"
    run = rowcall.run_of(out)
    with pytest.raises(rowcall.RowcallError, match="not over"):
        _ = run.report
    assert out.read_all().num_rows == 20_000
    assert run.counts.ok == 20_000


def test_dataset(api):
    out = rowcall.enrich(pyarrow.dataset.dataset(table(refused=REFUSED)), **settings(api))
    assert isinstance(out, pyarrow.dataset.Dataset)
    assert out.count_rows() == ROWS - 5
    assert rowcall.run_of(out).failures.count_rows() == 5


def test_duckdb(api):
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    source = table(refused=REFUSED)
    connection.register("source", source)
    out = rowcall.enrich(connection.sql("select * from source order by id"), **settings(api))
    assert isinstance(out, duckdb.DuckDBPyRelation)
    assert out.columns == ["id", "name", "refuse", "score", "label"]
    assert [row[0] for row in out.fetchall()] == ANSWERED
    assert [row[0] for row in out.query("out", "select id from out join source using (id)").fetchall()]
    assert len(rowcall.run_of(out).failures.fetchall()) == 5


class Capsule:
    """A table that has the PyCapsule interface and nothing else."""

    def __init__(self, source: pa.Table) -> None:
        self._source = source

    def __arrow_c_stream__(self, requested_schema=None):
        return self._source.__arrow_c_stream__(requested_schema)


def test_anything_with_a_capsule(api):
    out = rowcall.enrich(Capsule(table(refused=REFUSED)), **settings(api))
    assert type(out) is rowcall.Table
    assert out.num_rows == ROWS - 5
    for _ in range(2):
        assert pa.table(out).column("id").to_pylist() == ANSWERED
    assert pa.table(out.failures).num_rows == 5


def test_no_table(api):
    with pytest.raises(TypeError, match="a dict is no table"):
        rowcall.enrich({"a": [1]}, **settings(api))


@pytest.mark.parametrize("rows", [0, 1, 999, 1000, 1001])
def test_sizes(api, rows):
    out = rowcall.enrich(table(rows), **settings(api))
    assert out.column("id").to_pylist() == list(range(rows))
    assert out.schema.names == ["id", "name", "refuse", "score", "label"]
    assert rowcall.run_of(out).failures.num_rows == 0


def test_all_rows_fail(api):
    pd = pytest.importorskip("pandas")
    out = rowcall.enrich(table(5, refused=tuple(range(5))).to_pandas(), **settings(api))
    assert len(out) == 0
    assert list(out.columns) == ["id", "name", "refuse", "score", "label"]
    assert len(out.failures) == 5
    assert isinstance(out, pd.DataFrame)


def test_order_any_has_every_row(mock_api):
    api = mock_api(latency="5ms", jitter="5ms")
    out = rowcall.enrich(table(3000), order="any", settings={"source.batch_size": 100}, **settings(api))
    assert sorted(out.column("id").to_pylist()) == list(range(3000))


def test_the_limit_is_kept(mock_api):
    api = mock_api(limit="1000/s", stamp="kernel")
    out = rowcall.enrich(table(1500), url=api.url, rate="1000/s", response=RESPONSE)
    assert api.stats()["limits"][0]["over"] == 0
    window = rowcall.run_of(out).report.worst_window[0]
    assert window["calls"] <= window["limit"] == 1000


def test_settings_of_every_form(api):
    out = rowcall.enrich(
        table(),
        url=api.url,
        response=RESPONSE,
        rate=["100000/s", "9000000/min"],
        rows_per_call=10,
        timeout=datetime.timedelta(seconds=5),
        retry_max_attempts=2,
        settings={"breaker.enabled": False},
    )
    assert rowcall.run_of(out).counts.calls == ROWS / 10


def test_wrong_settings(api):
    wrong: list[tuple[dict, str | None]] = [
        ({"rate": "fast"}, r'^keyword rate: "fast"; expected .*5000/s'),
        ({"rats": "5/s"}, "keyword rats: no such setting.*Did you mean rate"),
        ({"settings": {"limits.rat": "5/s"}}, r"settings\['limits.rat'\].*limits.rate"),
        ({"timeout": object()}, None),
        ({"engine": "fast"}, "keyword engine"),
        ({"body": "{{nothing}}"}, "nothing"),
    ]
    for keywords, text in wrong:
        with pytest.raises((rowcall.SettingError, TypeError), match=text):
            rowcall.enrich(table(), **{**settings(api), **keywords})
    assert issubclass(rowcall.SettingError, ValueError)


def test_a_url_is_needed():
    with pytest.raises(rowcall.SettingError, match=r"request\.url"):
        rowcall.enrich(table(), rate="5/s", response=RESPONSE)


def test_job_file_env_file_and_keywords(api, tmp_path, monkeypatch):
    (tmp_path / "job.toml").write_text(
        f'[request]\nurl = "{api.url}"\nrows_per_call = 5\n'
        '[auth]\ntype = "bearer"\ntoken = "env:ROWCALL_TEST_TOKEN"\n'
        '[response.columns]\nscore = "/score:double"\n[limits]\nrate = "unlimited"\n'
    )
    (tmp_path / ".env").write_text("ROWCALL_TEST_TOKEN=hush-hush\nBATCH_SIZE=123\n")
    monkeypatch.delenv("ROWCALL_TEST_TOKEN", raising=False)
    job = rowcall.Job.from_file("job.toml")
    assert job.get("request.rows_per_call") == 5
    assert job.get("source.batch_size") == 123
    assert "hush" not in job.to_toml() + repr(job)
    assert job == rowcall.Job.from_file(tmp_path / "job.toml")
    out = rowcall.enrich(table(100), job=job, rows_per_call=20)
    assert rowcall.run_of(out).counts.calls == 5
    with pytest.raises(rowcall.NotFoundError, match=r"gone\.env"):
        rowcall.Job.from_file("job.toml", env_file="gone.env")
    assert rowcall.Job.from_file("job.toml", env_file=False, auth_token="env:HOME").get("source.batch_size") == 1000
    with pytest.raises(rowcall.NotFoundError):
        rowcall.Job.from_file("gone.toml")
    with pytest.raises(rowcall.SettingError, match=r"job\.toml line 2"):
        (tmp_path / "job.toml").write_text("[request]\nurk = 1\n")
        rowcall.Job.from_file("job.toml")


def test_a_stop_has_what_was_answered(api):
    with pytest.raises(rowcall.StoppedError, match="max_calls") as caught:
        rowcall.enrich(table(2000), max_calls=700, **settings(api))
    partial = caught.value.partial
    assert partial.column("id").to_pylist() == list(range(partial.num_rows))
    run = rowcall.run_of(partial)
    assert run.counts.attempts == 700
    assert run.report.end == "stopped"


def test_an_api_that_refuses_everything(mock_api):
    api = mock_api(errors="401:1")
    with pytest.raises(rowcall.ApiError, match="401") as caught:
        rowcall.enrich(table(), **settings(api))
    assert caught.value.partial.num_rows == 0


def test_an_error_in_the_input_keeps_what_was_answered(api):
    def batches():
        yield table(10).to_batches()[0]
        raise RuntimeError("the disk is gone")

    source = Capsule(pa.RecordBatchReader.from_batches(table().schema, batches()))
    with pytest.raises(rowcall.InputError, match="the disk is gone") as caught:
        rowcall.enrich(source, **settings(api))
    assert caught.value.partial.num_rows == 10


def test_columns_of_no_one_type(api):
    pd = pytest.importorskip("pandas")
    with pytest.raises(rowcall.InputError, match="mixed"):
        rowcall.enrich(pd.DataFrame({"mixed": [1, "x", None]}), **settings(api))


def test_hooks(echo):
    def request(batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays(
            [*batch.columns, pa.array([name.upper() for name in batch.column("name").to_pylist()])],
            names=[*batch.schema.names, "loud"],
        )

    def response(batch: pa.RecordBatch) -> pa.Table:
        return pa.table({"id": batch.column("id"), "twice": [2 * len(t) for t in batch.column("said").to_pylist()]})

    keywords = {"url": echo.url, "rate": "unlimited", "settings": {"response.columns": {"said": "/loud:string"}}}
    out = rowcall.enrich(table(30), request=request, response=response, batch_size=10, **keywords)
    assert out.to_pydict() == {"id": list(range(30)), "twice": [2 * len(f"ROW {i}") for i in range(30)]}
    assert b'"loud":"ROW 29"' in b"".join(echo.bodies)
    out = rowcall.enrich(table(3), request_hook=request, **keywords)
    assert out.column("said").to_pylist() == ["ROW 0", "ROW 1", "ROW 2"]
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"id": [1, 2], "name": ["a", "b"]}, index=[10, 20])
    out = rowcall.enrich(frame, request_hook=request, **keywords)
    assert out.loc[20, "said"] == "B"
    with rowcall.stream(table(30), request=request, response=response, **keywords) as batches:
        assert sum(batch.num_rows for batch in batches) == 30
        assert batches.run.counts.ok == 30


def test_hooks_that_fail(api):
    def fails_later(batch: pa.RecordBatch) -> pa.RecordBatch:
        if batch.column("id")[0].as_py() >= 100:
            raise ValueError("not this one")
        return batch

    with pytest.raises(rowcall.HookError, match="request hook: ValueError: not this one") as caught:
        rowcall.enrich(table(), request=fails_later, batch_size=50, **settings(api))
    assert isinstance(caught.value.__cause__, ValueError)
    assert caught.value.partial.num_rows == 100
    with pytest.raises(rowcall.HookError, match="response hook: ValueError") as caught:
        rowcall.enrich(table(), response_hook=fails_later, batch_size=50, **settings(api))
    assert caught.value.partial.num_rows == ROWS, "what was paid for is there"
    with pytest.raises(rowcall.HookError, match=r"returned \d+ rows for \d+"):
        rowcall.enrich(table(), response_hook=lambda batch: batch.slice(1), **settings(api))
    with pytest.raises(rowcall.HookError, match="returned a int"):
        rowcall.enrich(table(), request_hook=lambda _: 1, **settings(api))


def test_stream(api):
    with rowcall.stream(table(5000, refused=(3,)), **settings(api)) as batches:
        ids = [i for batch in batches for i in batch.column("id").to_pylist()]
    assert ids == [i for i in range(5000) if i != 3]
    assert batches.run.counts.failed == 1
    assert batches.run.failures.column("row_id").to_pylist() == [3]


def test_one_consumer(api):
    stream = rowcall.stream(table(), **settings(api))
    assert pa.RecordBatchReader.from_stream(stream).schema.names[-1] == "label"
    reader = pa.RecordBatchReader.from_stream(stream)
    assert reader.read_all().num_rows == ROWS
    with pytest.raises((OSError, pa.ArrowInvalid), match="consumed already"):
        pa.RecordBatchReader.from_stream(stream).read_all()


def test_streams_into_other_libraries(api):
    pl = pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    assert pl.DataFrame(rowcall.stream(table(), **settings(api))).height == ROWS
    stream = rowcall.stream(table(), **settings(api))
    assert stream is not None
    assert duckdb.sql("select count(*), sum(id) from stream").fetchall() == [(ROWS, sum(range(ROWS)))]


def test_threads(api):
    def one(number: int) -> int:
        return rowcall.enrich(table(200 + number), **settings(api)).num_rows

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [200 + i for i in range(8)]


def test_asyncio(api):
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    async def both() -> list[pa.Table]:
        ticking = asyncio.create_task(tick())
        done = await asyncio.gather(*(rowcall.enrich_async(table(), **settings(api)) for _ in range(3)))
        ticking.cancel()
        return done

    assert [out.num_rows for out in asyncio.run(both())] == [ROWS] * 3
    assert ticks > 0, "the loop went on"


def test_asyncio_cancelled(mock_api):
    api = mock_api(latency="50ms")

    async def cancelled() -> None:
        task = asyncio.create_task(rowcall.enrich_async(table(100_000), **settings(api)))
        while not api.stats()["arrivals"]:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_logging(mock_api, caplog):
    api = mock_api(errors="418:1")
    with caplog.at_level(logging.INFO, "rowcall"):
        rowcall.enrich(table(30), **settings(api))
    lines = [record.getMessage() for record in caplog.records if record.name == "rowcall"]
    assert any("run started" in line for line in lines)
    assert sum("418" in line for line in lines) == 20
    assert "30 rows failed in all; the failure table has them" in lines


def test_progress(api, capsys):
    pytest.importorskip("tqdm")
    rowcall.enrich(table(), progress=True, **settings(api))
    assert f"{ROWS}/{ROWS}" in capsys.readouterr().err
    rowcall.enrich(table(), **settings(api))
    assert capsys.readouterr().err == "", "no terminal, no bar"


def test_run_directory(api, tmp_path):
    out = rowcall.enrich(table(), run_dir="my-run", name="mine", **settings(api))
    names = {path.name for path in (tmp_path / "my-run").iterdir()}
    assert {"calls.log", "logs", "summary.json"} <= names
    found = rowcall.Report.from_json((tmp_path / "my-run" / "summary.json").read_text())
    assert found.counts == rowcall.run_of(out).counts
    assert list(tmp_path.iterdir()) == [tmp_path / "my-run"]


def test_nothing_is_written_without_a_run_directory(api, tmp_path):
    rowcall.enrich(table(), **settings(api))
    assert list(tmp_path.iterdir()) == []


def test_import_brings_no_library_along(script):
    done = script(
        "import sys, rowcall\n"
        "print([m for m in ('pyarrow', 'pandas', 'numpy', 'polars', 'tqdm', 'asyncio') if m in sys.modules])"
    )
    assert done.end() == (0, "[]\n", "")
    assert sys.version_info >= (3, 10)


def test_the_tutorial(api):
    pytest.importorskip("pandas")
    import subprocess
    from pathlib import Path

    tutorial = Path(__file__).resolve().parents[2] / "examples" / "python" / "tutorial.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, tutorial, api.url], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "keyword timeout" in done.stdout
    assert "mean score" in done.stdout
