# SPDX-License-Identifier: Apache-2.0
"""How runs end that are not let to their end: Ctrl-C, dropped streams, exit, fork and spawn. No hang, no crash."""

from __future__ import annotations

import signal
import threading

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import parts
import rowcall

START = """
    import atexit, os, signal, sys, threading, time
    import pyarrow as pa
    import parts, rowcall

    api = parts.MockApi(latency="20ms", quiet=True)
    settings = dict(url=api.url, rate="2000/s", response={"score": "/score:double"}, progress=False)
    table = pa.table({"id": range(1_000_000)})

    def say(*words):
        print(*words, flush=True)

    def consume(batches):
        try:
            list(batches)
        except rowcall.RowcallError:
            pass  # the run was closed under it

    def when_calling(do):
        def watch():
            while api.stats()["arrivals"] < 300:
                time.sleep(0.01)
            do()
        threading.Thread(target=watch, daemon=True).start()
"""


def test_interrupt_is_graceful_and_keeps_what_was_answered(script):
    running = script(
        START
        + """
    when_calling(lambda: say("calling"))
    try:
        rowcall.enrich(table, **settings)
    except KeyboardInterrupt as interrupt:
        partial = interrupt.partial
        run = rowcall.run_of(partial)
        assert isinstance(interrupt, rowcall.Interrupted)
        assert partial.column("id").to_pylist() == list(range(partial.num_rows))
        assert run.report.end == "stopped", run.report
        assert partial.num_rows >= 250
        # Graceful: every call that was sent was answered, and its row is there.
        say(run.counts.attempts == run.counts.ok == api.stats()["arrivals"] == api.stats()["rows_answered"])
    """
    )
    assert running.line() == "calling"
    running.send(signal.SIGINT)
    assert running.line() == "True"
    assert running.end()[0] == 0


def test_interrupt_in_a_loop_over_a_stream(script):
    running = script(
        START
        + """
    seen = 0
    try:
        with rowcall.stream(table, **settings) as batches:
            for batch in batches:
                if not seen:
                    say("calling")
                seen += batch.num_rows
    except KeyboardInterrupt:
        say("interrupted")
    """
    )
    assert running.line() == "calling"
    running.send(signal.SIGINT)
    assert running.line() == "interrupted"
    assert running.end()[0] == 0


@pytest.mark.parametrize(
    "consume",
    [
        "pa.RecordBatchReader.from_stream(s).read_all()",
        "__import__('polars').DataFrame(s)",
        "__import__('duckdb').sql('select sum(id) from s').fetchall()",
    ],
)
def test_interrupt_while_another_library_reads(script, consume):
    pytest.importorskip("polars")
    pytest.importorskip("duckdb")
    running = script(
        START
        + f"""
    s = rowcall.stream(table, **settings)
    when_calling(lambda: say("calling"))
    try:
        try:
            {consume}
        except Exception as error:  # the library's own, made of ours
            say("error")
            time.sleep(5)  # the interrupt comes again at the next chance
    except KeyboardInterrupt:
        say("interrupted")
    os._exit(0)
    """
    )
    assert running.line() == "calling"
    running.send(signal.SIGINT)
    lines = [running.line(), running.line()]
    assert "interrupted" in lines, running.end()
    assert running.end()[0] == 0


@pytest.mark.parametrize("how", ["dropped", "closed", "kept", "never read", "read by a thread"])
def test_exit_with_a_stream_half_read(script, how):
    running = script(
        START
        + f"""
    how = {how!r}
    s = rowcall.stream(table, **settings)
    if how != "never read":
        reader = iter(s) if how != "kept" else pa.RecordBatchReader.from_stream(s)
        if how == "read by a thread":
            threading.Thread(target=consume, args=[reader], daemon=True).start()
            while not api.stats()["arrivals"]:
                time.sleep(0.01)
        else:
            next(iter(reader))
    if how == "dropped":
        del reader, s
    if how == "closed":
        s.close()
    say("leaving")
    """
    )
    assert running.line() == "leaving"
    code, _, err = running.end()
    assert (code, err) == (0, "")


def threads_of_runs() -> int:
    return sum(1 for name in thread_names() if name.startswith("rowcall-"))


def thread_names() -> list[str]:
    from pathlib import Path

    names = []
    for task in Path("/proc/self/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:
            continue
    return names


def test_a_dropped_stream_leaves_no_thread(api):
    source = pa.table({"id": range(100_000)})
    settings = {"url": api.url, "rate": "1000/s", "response": {"score": "/score:double"}, "batch_size": 50}
    for _ in range(3):
        reader = pa.RecordBatchReader.from_stream(rowcall.stream(source, **settings))
        reader.read_next_batch()
        assert threads_of_runs() > 0
        del reader
        assert threads_of_runs() == 0
        batches = iter(rowcall.stream(source, **settings))
        next(batches)
        batches.close()
        assert threads_of_runs() == 0


def test_fork(script):
    running = script(
        START
        + """
    s = rowcall.stream(table, **settings)
    batches = iter(s)
    next(batches)
    child = os.fork()
    if child == 0:
        atexit.unregister(api.part.stop)  # the parent's
        try:
            next(batches)
        except rowcall.RowcallError as error:
            say("fork" in str(error))
        s.close()
        small = rowcall.enrich(table.slice(0, 50), **settings)
        say(small.num_rows)
        del s, batches
        sys.exit(0)
    _, status = os.waitpid(child, 0)
    say(status)
    say(next(batches).num_rows > 0)
    s.close()
    """
    )
    assert [running.line() for _ in range(4)] == ["True", "50", "0", "True"]
    assert running.end()[0] == 0


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(script, method):
    running = script(
        f"""
    import multiprocessing, sys
    import pyarrow as pa
    import parts, rowcall

    def rows(url):
        out = rowcall.enrich(pa.table({{"id": range(100)}}), url=url, rate="unlimited",
                             response={{"score": "/score:double"}})
        return out.num_rows

    if __name__ == "__main__":
        with parts.MockApi(quiet=True) as api:
            rows(api.url)
            with multiprocessing.get_context({method!r}).Pool(2) as pool:
                print(pool.map(rows, [api.url] * 4), flush=True)
    """
    )
    assert running.line() == "[100, 100, 100, 100]"
    assert running.end()[0] == 0


def test_a_hook_that_raises_in_a_stream(api):
    def hook(batch: pa.RecordBatch) -> pa.RecordBatch:
        raise ValueError("no")

    source = pa.table({"id": range(10_000)})
    settings = {"url": api.url, "rate": "unlimited", "response": {"score": "/score:double"}}
    with pytest.raises(rowcall.HookError):
        list(rowcall.stream(source, response_hook=hook, **settings))
    assert threads_of_runs() == 0
    assert threading.active_count() >= 1


def test_nothing_leaks(api):
    """Memory, threads and files stay where they are, however many runs there were."""
    source = pa.table({"id": range(2000), "refuse": [i % 100 == 0 for i in range(2000)], "text": ["x" * 300] * 2000})
    settings = {"url": api.url, "rate": "unlimited", "response": {"score": "/score:double", "all": ":json"}}

    def use() -> tuple[int, int, int]:
        from pathlib import Path

        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * 4096, len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))

    def runs(count: int) -> None:
        for _ in range(count):
            assert rowcall.enrich(source, **settings).num_rows == 1980
            stream = iter(rowcall.stream(source, **settings))
            next(stream)
            stream.close()

    runs(10)
    before = use()
    runs(20)
    after = use()
    # Each run handles 3 MB of table and answers: 20 leaked ones would be 60 MB.
    assert after[0] - before[0] < 20_000_000
    assert after[1:] == before[1:]


@pytest.mark.parametrize("kind", [pa.table, pd.DataFrame, pl.DataFrame])
def test_a_stop_leaves_out_no_answer_behind_a_row_that_waits(kind):
    # Row 5 waits for its retry when the cap ends the run; what came behind it was paid for.
    rules: list[dict[str, object]] = [{"row": 5, "status": 500}, {"row": 7, "status": 400}, {"body": '{"score": $id}'}]
    table = kind({"id": range(100)})
    with parts.ScriptedApi(rules) as api, pytest.raises(rowcall.StoppedError, match="max_calls") as caught:
        rowcall.enrich(
            table,
            url=api.url,
            rate="2000/s",
            response={"score": "/score:int64"},
            max_calls=60,
            retry_base="30s",
            retry_cap="30s",
            retry_max_attempts=20,
            progress=False,
        )
    partial = caught.value.partial
    answered = [row for row in range(100) if row not in (5, 7)][:58]
    assert list(partial["id"].to_pylist() if kind is pa.table else partial["id"]) == answered
    assert list(partial["score"].to_pylist() if kind is pa.table else partial["score"]) == answered
    if kind is pd.DataFrame:
        assert list(partial.index) == answered
    counts = rowcall.run_of(partial).counts
    assert (counts.ok, counts.failed, counts.skipped, counts.rows) == (58, 1, 41, 100)
