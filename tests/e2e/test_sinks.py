# SPDX-License-Identifier: Apache-2.0
"""Tables written to S3, against a real S3 server: whole or not at all, and errors that say what to mend."""

import glob
import json
import signal
import subprocess
import time
from pathlib import Path

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import parts
from parts.process import ROOT, start_on_free_port

# A store that does not answer is given up at once.
HASTY = ("--set", "s3.attempts_max=1")


def objects(bucket: Path) -> list[str]:
    """The keys in a bucket, without those that end in "/" (in this server, folders)."""
    return sorted(str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())


def pending_uploads(bucket: Path) -> list[str]:
    """What this server keeps of uploads under way. It may remove a folder while we look, which glob.glob bears."""
    return glob.glob(".sgwtmp/multipart/*/*", root_dir=bucket, include_hidden=True)


@pytest.fixture
def table(rowcall, tmp_path):
    """A local table of 2,000 rows."""
    done = rowcall("generate", "--out", tmp_path / "in.csv", "--records", "2000")
    assert done.code == 0, done
    return tmp_path / "in.csv"


def run(rowcall, table, api, target, folder, *more, **options):
    return rowcall(
        *("run", table, "--url", api.url, "--rate", "unlimited", "--to", target, "--run-dir", folder),
        *("--response", "score=/score:double", "--batch-size", "100", "--quiet", *more),
        **options,
    )


@pytest.mark.parametrize("name", ["in.csv", "in.csv.gz", "in.ndjson.zst", "in.parquet"])
def test_generate_writes_to_s3(rowcall, s3, bucket, tmp_path, name):
    for out in (f"s3://{bucket}/made/{name}", tmp_path / name):
        done = rowcall("generate", "--out", out, "--records", "3000", "--error-rate", "0.01")
        assert done.code == 0, done
    assert (s3.folder / bucket / "made" / name).read_bytes() == (tmp_path / name).read_bytes()
    assert pending_uploads(s3.folder / bucket) == []


def test_one_object_from_many_parts(rowcall, mock_api, s3, bucket, table, tmp_path):
    api = mock_api()
    store = s3.folder / bucket
    for name in ("out.parquet", "out.csv.gz"):
        done = run(rowcall, table, api, f"s3://{bucket}/a/{name}", tmp_path / name, "--set", "sink.part_rows=600")
        assert done.code == 0, done
    assert objects(store) == ["a/out.csv.gz", "a/out.parquet"]
    written = pq.read_table(store / "a" / "out.parquet")
    assert written["customer_id"].to_pylist() == list(range(1, 2001))
    assert csv.read_csv(store / "a" / "out.csv.gz")["customer_id"].to_pylist() == list(range(1, 2001))
    assert pending_uploads(store) == []


def test_folder_of_parts(rowcall, mock_api, s3, bucket, table, tmp_path):
    api = mock_api()
    store = s3.folder / bucket
    done = run(rowcall, table, api, f"s3://{bucket}/out/", tmp_path / "run", "--set", "sink.part_rows=800")
    assert done.code == 0, done
    names = [f"part-0000{i}.parquet" for i in range(3)]
    notes = [*(f"out/_rowcall/part-0000{i}.json" for i in range(3)), "out/_rowcall/run.json"]
    assert objects(store) == ["out/_SUCCESS", "out/_manifest.json", *notes, *(f"out/{name}" for name in names)]
    manifest = json.loads((store / "out" / "_manifest.json").read_text())
    assert manifest["complete"] is True
    assert manifest["rows"] == 2000
    assert [part["path"] for part in manifest["parts"]] == names
    for part in manifest["parts"]:
        file = store / "out" / part["path"]
        assert (pq.read_metadata(file).num_rows, file.stat().st_size) == (part["rows"], part["bytes"])
    assert [column["name"] for column in manifest["columns"]][-1] == "score"


def test_old_table_is_replaced_only_when_asked(rowcall, mock_api, s3, bucket, table, tmp_path):
    api = mock_api()
    store = s3.folder / bucket
    for target in (f"s3://{bucket}/t.csv", f"s3://{bucket}/folder/"):
        more = ("--to-format", "csv", "--set", "sink.part_rows=900")
        name = target.rstrip("/").rpartition("/")[2]
        first = run(rowcall, table, api, target, tmp_path / f"{name}-1", *more)
        assert first.code == 0, first
        calls = api.stats()["arrivals"]
        other = ("--response", "more=/score:double")
        refused = run(rowcall, table, api, target, tmp_path / f"{name}-2", *more, *other)
        assert refused.code != 0, refused
        said = "there is a table already" if name == "t.csv" else "begun differently"
        assert said in refused.err and "--overwrite" in refused.err
        assert api.stats()["arrivals"] == calls, "nothing is called before"
        again = run(rowcall, table, api, target, tmp_path / f"{name}-3", *more, "--overwrite")
        assert again.code == 0, again
    assert objects(store) == [
        *("folder/_SUCCESS", "folder/_manifest.json"),
        *(f"folder/_rowcall/part-0000{i}.json" for i in range(3)),
        "folder/_rowcall/run.json",
        *(f"folder/part-0000{i}.csv" for i in range(3)),
        "t.csv",
    ]
    assert csv.read_csv(store / "t.csv").num_rows == 2000


class Started:
    """A run in the background, killed at the end of the block if it has not ended by itself."""

    def __init__(self, s3, folder, *arguments):
        environment = {**s3.env, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
        command = [str(parts.rowcall_path()), *map(str, arguments)]
        self.process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)

    def wait_until(self, true):
        until = time.monotonic() + 30
        while not true():
            assert self.process.poll() is None, "the run ended too early"
            assert time.monotonic() < until
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def test_killed_run_goes_on_part_by_part(rowcall, mock_api, s3, bucket, table, tmp_path):
    api = mock_api(latency="20ms")
    store = s3.folder / bucket
    arguments = [
        *("run", table, "--url", api.url, "--rate", "1000/s", "--to", f"s3://{bucket}/out/", "--to-format", "csv"),
        *("--run-dir", tmp_path / "run", "--set", "sink.part_rows=300", "--batch-size", "50", "--quiet"),
    ]
    with Started(s3, tmp_path, *arguments) as running:
        running.wait_until(lambda: len(list((store / "out").glob("part-*"))) >= 2)
    manifest = json.loads((store / "out" / "_manifest.json").read_text())
    assert manifest["complete"] is False
    assert not (store / "out" / "_SUCCESS").exists()
    done = rowcall(*arguments)
    assert done.code == 0, done
    ids = [
        number
        for part in sorted((store / "out").glob("part-*.csv"))
        for number in csv.read_csv(part)["customer_id"].to_pylist()
    ]
    assert ids == list(range(1, 2001))
    assert json.loads((store / "out" / "_manifest.json").read_text())["rows"] == 2000
    assert (store / "out" / "_SUCCESS").exists()


def test_run_stopped_at_once_leaves_no_upload(mock_api, s3, bucket, table, tmp_path):
    api = mock_api(latency="20ms")
    store = s3.folder / bucket
    arguments = [
        *("run", table, "--url", api.url, "--rate", "200/s", "--to", f"s3://{bucket}/out/"),
        *("--run-dir", tmp_path / "run", "--batch-size", "10", "--quiet"),
    ]
    with Started(s3, tmp_path, *arguments) as running:
        running.wait_until(lambda: pending_uploads(store) != [])
        running.process.send_signal(signal.SIGINT)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(30) == 130
    assert pending_uploads(store) == []
    # The first signal may have been enough to end it, whole; half a part there never is.
    for part in (store / "out").glob("part-*"):
        assert pq.read_table(part).num_rows > 0


def test_store_that_cannot_be_written_is_told_before_the_first_call(rowcall, mock_api, s3, bucket, table, tmp_path):
    api = mock_api()
    wrong = {"AWS_SECRET_ACCESS_KEY": "wrong-secret-value"}
    nobody = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{parts.free_port()}"}
    cases = [
        (f"s3://{bucket}/x.csv", wrong, ["AWS_SECRET_ACCESS_KEY"]),
        (f"s3://{bucket}/x/", wrong, ["AWS_SECRET_ACCESS_KEY"]),
        ("s3://no-such-bucket-at-all/x.csv", {}, ["no such bucket"]),
        ("s3://no-such-bucket-at-all/x/", {}, ["no such bucket"]),
        (f"s3://{bucket}/x.csv", nobody, ["cannot be reached", "AWS_ENDPOINT_URL"]),
    ]
    for number, (target, env, said) in enumerate(cases):
        done = run(rowcall, table, api, target, tmp_path / str(number), *HASTY, "--to-format", "csv", env=env)
        assert done.code == 1, (target, done)
        assert target.rstrip("/") in done.err, done
        for text in said:
            assert text in done.err, (target, done)
        assert "wrong-secret-value" not in done.err + done.out
        assert done.seconds < 20, done
    assert api.stats()["arrivals"] == 0
    assert objects(s3.folder / bucket) == []


def test_store_with_a_certificate_of_its_own(rowcall, certificate, tmp_path):
    cert, key = certificate
    (tmp_path / "s3" / "bucket").mkdir(parents=True)
    command = [
        *(ROOT / ".cache" / "bin" / "versitygw", "--port", "127.0.0.1:{port}", "--quiet"),
        *("--cert", cert, "--key", key, "posix", tmp_path / "s3"),
    ]
    names = {"ROOT_ACCESS_KEY": "someone", "ROOT_SECRET_KEY": "something"}
    server, port = start_on_free_port("versitygw", command, names)
    try:
        env = {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "something",
        }
        arguments = ["generate", "--out", "s3://bucket/a.parquet", "--records", "10"]
        strange = rowcall(*arguments, env=env)
        assert strange.code == 1, strange
        assert "not trusted" in strange.err and "AWS_CA_BUNDLE" in strange.err
        assert strange.seconds < 10, "a certificate does not get better by trying again"
        trusted = rowcall(*arguments, env={**env, "AWS_CA_BUNDLE": str(cert)})
        assert trusted.code == 0, trusted
    finally:
        server.stop()
    assert pq.read_table(tmp_path / "s3" / "bucket" / "a.parquet").num_rows == 10
