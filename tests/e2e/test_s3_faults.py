# SPDX-License-Identifier: Apache-2.0
"""An object store in trouble: connections cut at any point, errors, a restart, credentials that expire.

A run bears what passes, and ends with a clear text where it does not pass; nobody sees half an object, and the same
command then ends it with the table of an undisturbed run.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import parts

ROWS = 4000
# A source of several megabytes: it takes more than one request to read it.
PADDING = "x" * 1500

READS = "^GET /[^/?]+/[^?]*in.csv"
PIECES = "^PUT .*[?&]partNumber="
COMPLETION = "^POST .*[?&]uploadId="


@pytest.fixture
def proxy(s3: parts.S3) -> Iterator[parts.S3Proxy]:
    with parts.S3Proxy(s3.endpoint) as between:
        yield between


@pytest.fixture
def table(s3: parts.S3, bucket: str) -> str:
    """A CSV file in the bucket."""
    lines = (f"{i},{PADDING}\n" for i in range(1, ROWS + 1))
    (s3.folder / bucket / "in.csv").write_text("id,text\n" + "".join(lines))
    return f"s3://{bucket}/in.csv"


def words(table: str | Path, api: parts.MockApi, folder: Path, to: str | Path, *more: str) -> list[str]:
    return [
        *("run", str(table), "--url", api.url + "/score", "--rate", "4000/s", "--run-dir", str(folder / "run")),
        *("--response", "score=/score:double!", "--response", "label=/label", "--to", str(to)),
        *("--body", '{"id": {{id}}}', "--set", "sink.part_rows=1000", "--set", "source.batch_size=200"),
        *("--quiet", *more),
    ]


def objects(s3: parts.S3, bucket: str) -> list[str]:
    place = s3.folder / bucket
    found = (str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    return sorted(name for name in found if not name.startswith(".sgwtmp"))


def pending_uploads(s3: parts.S3, bucket: str) -> list[str]:
    return glob.glob(".sgwtmp/multipart/*/*", root_dir=s3.folder / bucket, include_hidden=True)


def check_table(s3: parts.S3, bucket: str, out: str) -> None:
    """Each row once, in order, each with an answer."""
    files = [name for name in objects(s3, bucket) if name.startswith(out) and name.endswith(".parquet")]
    whole = pa.concat_tables(pq.read_table(s3.folder / bucket / name) for name in files)
    assert whole["id"].to_pylist() == list(range(1, ROWS + 1))
    assert whole["score"].null_count == 0


def check_parts_are_whole(s3: parts.S3, bucket: str, out: str) -> None:
    for name in objects(s3, bucket):
        if name.startswith(out) and name.endswith(".parquet"):
            pq.read_table(s3.folder / bucket / name)


def reach(s3: parts.S3, proxy: parts.S3Proxy) -> dict[str, str]:
    return {**s3.env, "AWS_ENDPOINT_URL": proxy.url}


def check_repeats(api: parts.MockApi, most: int = 0) -> None:
    stats = api.stats()
    assert stats["rows_unique"] == ROWS
    assert stats["rows_answered_twice"] <= most, stats


def test_reads_that_are_cut_are_read_again(rowcall, mock_api, s3, bucket, proxy, table, tmp_path):
    api = mock_api(latency="10ms")
    proxy.trouble(READS, parts.cut_answer(150_000), times=3)
    proxy.trouble(READS, parts.cut_answer(0), times=2)
    done = rowcall(*words(table, api, tmp_path, f"s3://{bucket}/out/"), env=reach(s3, proxy))
    assert done.code == 0, done
    assert proxy.played == 5
    check_table(s3, bucket, "out/")
    check_repeats(api)


def test_reads_that_are_cut_each_time_end_the_run(rowcall, mock_api, s3, bucket, proxy, table, tmp_path):
    api = mock_api(latency="10ms")
    proxy.trouble(READS, parts.cut_answer(100_000), skip=2)
    run = words(table, api, tmp_path, f"s3://{bucket}/out/", "--set", "s3.attempts_max=3")
    cut = rowcall(*run, env=reach(s3, proxy))
    assert cut.code == 1, cut
    assert table in cut.err and "s3.endpoint" in cut.err and "run again to go on" in cut.err, cut
    check_parts_are_whole(s3, bucket, "out/")
    assert "out/_SUCCESS" not in objects(s3, bucket)
    proxy.calm()
    done = rowcall(*run, env=reach(s3, proxy))
    assert done.code == 0, done
    check_table(s3, bucket, "out/")
    check_repeats(api)


@pytest.mark.parametrize("out", ["out/", "out.parquet"])
def test_uploads_that_are_cut_are_sent_again(rowcall, mock_api, s3, bucket, proxy, table, tmp_path, out):
    api = mock_api(latency="10ms")
    proxy.trouble(PIECES, parts.cut_request(5_000), times=2)
    proxy.trouble(PIECES, parts.cut_answer(0), times=2)
    done = rowcall(*words(table, api, tmp_path, f"s3://{bucket}/{out}"), env=reach(s3, proxy))
    assert done.code == 0, done
    assert proxy.played == 4
    check_table(s3, bucket, out)
    check_repeats(api)
    assert pending_uploads(s3, bucket) == []


@pytest.mark.parametrize("out", ["out/", "out.parquet"])
@pytest.mark.parametrize(
    ("where", "how"),
    [
        (PIECES, parts.cut_request(5_000)),
        (PIECES, parts.cut_answer(0)),
        (COMPLETION, parts.cut_request(10)),
        (COMPLETION, parts.answer(503, "SlowDown")),
    ],
    ids=["piece", "answer to a piece", "completion", "SlowDown"],
)
def test_uploads_that_are_cut_each_time_end_the_run(
    rowcall, mock_api, s3, bucket, proxy, table, tmp_path, out, where, how
):
    api = mock_api(latency="10ms")
    # One upload of the table succeeds where there are several.
    proxy.trouble(where, how, skip=1 if out == "out/" else 0)
    run = words(table, api, tmp_path, f"s3://{bucket}/{out}", "--set", "s3.attempts_max=3")
    cut = rowcall(*run, env=reach(s3, proxy))
    assert cut.code == 1, cut
    assert f"s3://{bucket}/out" in cut.err and "run again to go on" in cut.err, cut
    # What can be seen is whole.
    check_parts_are_whole(s3, bucket, out)
    assert "out/_SUCCESS" not in objects(s3, bucket)
    proxy.calm()
    done = rowcall(*run, env=reach(s3, proxy))
    assert done.code == 0, done
    check_table(s3, bucket, out)
    check_repeats(api)


@pytest.mark.parametrize("times", [1, float("inf")])
@pytest.mark.parametrize("out", ["out/", "out.parquet"])
def test_a_completion_that_nobody_heard_of_is_found_done(
    rowcall, mock_api, s3, bucket, proxy, table, tmp_path, out, times
):
    """The store completes the upload, and its answer is lost: asked again, it knows no such upload any more."""
    api = mock_api(latency="10ms")
    proxy.trouble(COMPLETION, parts.cut_answer(0), times=times)
    run = words(table, api, tmp_path, f"s3://{bucket}/{out}", "--set", "s3.attempts_max=3")
    done = rowcall(*run, env=reach(s3, proxy))
    assert proxy.played >= 1
    assert done.code == 0, done
    check_table(s3, bucket, out)
    check_repeats(api)


def test_a_store_that_errs_now_and_then(rowcall, mock_api, s3, bucket, proxy, table, tmp_path):
    api = mock_api(latency="10ms")
    proxy.trouble("", parts.answer(503, "SlowDown"), share=0.1)
    proxy.trouble("", parts.answer(500, "InternalError"), share=0.1)
    proxy.trouble("", parts.cut_answer(0), share=0.03, header="^GET")
    done = rowcall(*words(table, api, tmp_path, f"s3://{bucket}/out/"), env=reach(s3, proxy))
    assert done.code == 0, done
    assert proxy.played > 2
    check_table(s3, bucket, "out/")
    check_repeats(api)


@pytest.mark.parametrize("code", ["SlowDown", "InternalError"])
def test_a_store_that_only_errs_ends_the_run(rowcall, mock_api, s3, bucket, proxy, table, tmp_path, code):
    api = mock_api(latency="10ms")
    status = 503 if code == "SlowDown" else 500
    proxy.trouble("", parts.answer(status, code), skip=14)
    run = words(table, api, tmp_path, f"s3://{bucket}/out/", "--set", "s3.attempts_max=3")
    cut = rowcall(*run, env=reach(s3, proxy))
    assert cut.code == 1, cut
    assert f"s3://{bucket}/" in cut.err and "again" in cut.err, cut
    assert ("asks for fewer requests" if code == "SlowDown" else "does not answer properly") in cut.err, cut
    proxy.calm()
    done = rowcall(*run, env=reach(s3, proxy))
    assert done.code == 0, done
    check_table(s3, bucket, "out/")
    check_repeats(api)


def test_a_store_that_is_restarted(mock_api, proxy, tmp_path):
    """Source and sink lose their store for two seconds in the middle of the run, which goes on."""
    api = mock_api(latency="10ms")
    with parts.S3(tmp_path / "s3") as store:
        proxy.endpoint = store.endpoint
        folder = store.make_bucket("bucket")
        lines = (f"{i},{PADDING}\n" for i in range(1, ROWS + 1))
        (folder / "in.csv").write_text("id,text\n" + "".join(lines))
        env = {**store.env, "AWS_ENDPOINT_URL": proxy.url}
        run = words("s3://bucket/in.csv", api, tmp_path, "s3://bucket/out/", "--rate", "1000/s")
        with parts.Started(run, tmp_path, env) as process:
            process.wait_for_rows(tmp_path / "run", 1200)
            store.stop()
            parts.wait_until(lambda: proxy.refused > 0 or not process.alive(), "the run misses its store")
            with parts.S3(tmp_path / "s3") as again:
                proxy.endpoint = again.endpoint
                assert process.wait() == 0, process.said()
                check_table(again, "bucket", "out/")
    check_repeats(api)


def test_a_store_that_goes_away_for_long(mock_api, proxy, tmp_path):
    """Longer than requests are tried again: the run ends, and goes on when the store is back."""
    api = mock_api(latency="10ms")
    table = tmp_path / "in.csv"
    table.write_text("id,text\n" + "".join(f"{i},x\n" for i in range(1, ROWS + 1)))
    with parts.S3(tmp_path / "s3") as store:
        proxy.endpoint = store.endpoint
        store.make_bucket("bucket")
        env = {**store.env, "AWS_ENDPOINT_URL": proxy.url}
        run = words(table, api, tmp_path, "s3://bucket/out/", "--set", "s3.attempts_max=2", "--rate", "1000/s")
        with parts.Started(run, tmp_path, env) as process:
            process.wait_for_rows(tmp_path / "run", 1200)
            store.stop()
            assert process.wait() == 1, process.said()
            assert "s3://bucket/out/" in process.said() and "again" in process.said(), process.said()
    with parts.S3(tmp_path / "s3") as store:
        proxy.endpoint = store.endpoint
        with parts.Started(run, tmp_path, env) as process:
            assert process.wait() == 0, process.said()
        check_table(store, "bucket", "out/")
    check_repeats(api)


def test_credentials_that_expire(mock_api, s3, bucket, proxy, table, tmp_path):
    """The run says that they have, and goes on when there are new ones. (The server knows no session tokens.)"""
    api = mock_api(latency="10ms")
    secrets = tmp_path / "credentials"
    key, secret = s3.env["AWS_ACCESS_KEY_ID"], s3.env["AWS_SECRET_ACCESS_KEY"]
    secrets.write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key={secret}\n")
    env = {name: value for name, value in reach(s3, proxy).items() if "KEY" not in name}
    env["AWS_SHARED_CREDENTIALS_FILE"] = str(secrets)
    run = words(table, api, tmp_path, f"s3://{bucket}/out/", "--rate", "1000/s")
    with parts.Started(run, tmp_path, env) as process:
        process.wait_for_rows(tmp_path / "run", 1200)
        proxy.trouble("", parts.answer(400, "ExpiredToken"))
        assert process.wait() == 1, process.said()
        said = process.said()
    assert "expired" in said and "again" in said and f"s3://{bucket}/" in said, said
    assert secret not in said
    check_parts_are_whole(s3, bucket, "out/")
    proxy.calm()
    with parts.Started(run, tmp_path, env) as process:
        assert process.wait() == 0, process.said()
    check_table(s3, bucket, "out/")
    check_repeats(api)
