# SPDX-License-Identifier: Apache-2.0
"""Bad input gets a clear answer: where, what was found, what was expected, how to mend it. Nothing is lost."""

import socket
import subprocess
import threading

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import parts


@pytest.fixture
def api(mock_api):
    return mock_api()


def run(rowcall, table, api, tmp_path, *more, **options):
    return rowcall(
        *("run", table, "--url", getattr(api, "url", api), "--to", tmp_path / "out.csv", "--run-dir", tmp_path / "run"),
        *("--rate", "unlimited", "--response", "label=/label", *more),
        **options,
    )


def test_a_bad_value_late_costs_one_row(rowcall, api, tmp_path):
    """At row 900,000 of a million, as far from the sample as it gets; the other rows are in the output."""
    table = tmp_path / "in.csv"
    lines = [f"{i},{i * 2}" for i in range(1_000_000)]
    lines[900_000] = "900000,abc"
    table.write_text("id,amount\n" + "\n".join(lines) + "\n")
    done = run(rowcall, table, api, tmp_path, "--set", "source.types.amount=int64", "--rows-per-call=1000", timeout=200)
    assert done.code == 4, done
    out = csv.read_csv(tmp_path / "out.csv")
    assert out.num_rows == 999_999
    text = "".join(file.read_text() for file in (tmp_path / "run" / "failures").glob("*.csv"))
    assert "abc" in text and "900002" in text and "int64" in text


def test_a_truncated_parquet_file(rowcall, api, tmp_path):
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"id": range(1000)}), whole)
    table = tmp_path / "cut.parquet"
    table.write_bytes(whole.read_bytes()[:-20])
    done = run(rowcall, table, api, tmp_path)
    assert done.code == 1, done
    assert "cut.parquet" in done.err and "Parquet" in done.err
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [("header.csv", "id,name\n", 0), ("no-eol.csv", "id,name", 0), ("empty.ndjson", "", 0), ("empty.json", "[]", 0)],
)
def test_a_table_without_rows(rowcall, api, tmp_path, name, content, rows):
    (tmp_path / name).write_text(content)
    done = run(rowcall, tmp_path / name, api, tmp_path)
    assert done.code == 0, done
    assert api.stats()["arrivals"] == rows


def test_an_empty_csv_file(rowcall, api, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    done = run(rowcall, tmp_path / "empty.csv", api, tmp_path)
    assert done.code in (1, 2), done
    assert "empty.csv" in done.err and "header" in done.err


def test_a_column_that_is_not_there(rowcall, api, tmp_path):
    (tmp_path / "in.csv").write_text("id,city\n1,Ulm\n")
    done = rowcall("run", tmp_path / "in.csv", "--url", api.url + "/{{citty}}", "--run-dir", tmp_path / "run")
    assert done.code == 2, done
    assert "citty" in done.err and "city" in done.err


def test_an_unknown_key(rowcall, tmp_path):
    (tmp_path / "job.toml").write_text('[limits]\nrat = "5/s"\n')
    done = rowcall("run", tmp_path / "job.toml")
    assert done.code == 2, done
    assert "limits.rat" in done.err and "limits.rate" in done.err and "job.toml" in done.err
    done = rowcall("run", "x.csv", "--url", "http://127.0.0.1/", "--set", "retry.max_attempt=3")
    assert done.code == 2 and "retry.max_attempts" in done.err, done


def test_a_flag_that_is_not_there(rowcall):
    done = rowcall("run", "x.csv", "--ratee", "5/s")
    assert done.code == 2 and "--ratee" in done.err and "did you mean --rate?" in done.err, done


def test_s3_that_cannot_be_reached(rowcall, api, s3, bucket, tmp_path):
    missing = run(rowcall, f"s3://{bucket}/no/such.csv", api, tmp_path)
    assert missing.code == 1 and "no/such.csv" in missing.err, missing
    no_bucket = run(rowcall, "s3://no-such-bucket-here/x.csv", api, tmp_path)
    assert no_bucket.code == 1 and "no-such-bucket-here" in no_bucket.err, no_bucket
    (s3.folder / bucket / "x.csv").write_text("id\n1\n")
    wrong = run(rowcall, f"s3://{bucket}/x.csv", api, tmp_path, env={**s3.env, "AWS_SECRET_ACCESS_KEY": "wrong-secret"})
    assert wrong.code == 1 and "AWS_" in wrong.err, wrong
    assert "wrong-secret" not in wrong.err
    nobody = f"http://127.0.0.1:{parts.free_port()}"
    unreachable = run(
        *(rowcall, f"s3://{bucket}/x.csv", api, tmp_path, "--set", "s3.attempts_max=2"),
        env={**s3.env, "AWS_ENDPOINT_URL": nobody},
    )
    assert unreachable.code == 1 and nobody.removeprefix("http://") in unreachable.err, unreachable


def test_a_url_that_does_not_resolve(rowcall, tmp_path):
    (tmp_path / "in.csv").write_text("id\n1\n2\n")
    done = run(rowcall, tmp_path / "in.csv", "http://no-such-host.invalid/", tmp_path)
    assert done.code == 3, done
    assert "no-such-host.invalid" in done.err or "resolve" in done.err


def test_a_wrong_setting_says_what_would_be_right(rowcall, tmp_path):
    for flags, words in [
        (["--rate", "fast"], ["--rate", "5000/s"]),
        (["--timeout", "soon"], ["timeout", "10s"]),
        (["--method", "BREW"], ["method"]),
        (["--response", "score=/score:dubble"], ["double"]),
    ]:
        done = rowcall("run", "x.csv", "--url", "http://127.0.0.1/", *flags)
        assert done.code == 2, done
        for word in words:
            assert word in done.err, done


def test_a_full_disk_fails_the_run_and_shows_nothing(rowcall, api, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    try:
        table = tmp_path / "in.csv"
        table.write_text("id,text\n" + "".join(f"{i},{'x' * 200}{i}\n" for i in range(5000)))
        done = rowcall(
            *("run", table, "--url", api.url, "--to", disk / "out.csv", "--run-dir", tmp_path / "run"),
            *("--rate", "unlimited"),
        )
        assert done.code == 1, done
        assert "No space left" in done.err or "disk is full" in done.err
        assert not (disk / "out.csv").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


class EndlessApi:
    """Announces an answer of 2 GB and sends as much of it as anybody takes."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.sent = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client):
        with client:
            try:
                client.recv(65536)
                client.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                block = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
                for _ in range(2048):
                    client.sendall(block)
                    self.sent += len(block)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def test_an_answer_of_two_gigabytes(rowcall, tmp_path):
    (tmp_path / "in.csv").write_text("id\n1\n")
    with EndlessApi() as api:
        done = run(rowcall, tmp_path / "in.csv", api, tmp_path)
        assert done.code == 4, done
        assert api.sent < 64 << 20
    text = "".join(file.read_text() for file in (tmp_path / "run" / "failures").glob("*.csv"))
    assert "8 MB" in text or "body_bytes_max" in text or "too large" in text
