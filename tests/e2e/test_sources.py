# SPDX-License-Identifier: Apache-2.0
"""Reading tables, with real files and a real S3 server. Dirty files are tested beside the code (src/files/)."""

import gzip
import json
import threading
import time

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq


def run(rowcall, tmp_path, api, *sources, **options):
    """Runs all rows of `sources` against the API; the command's end and the ids of the rows that came out."""
    out = tmp_path / "out.csv"
    done = rowcall(
        *("run", *sources, "--url", api.url, "--rate", "unlimited", "--to", out, "--run-dir", tmp_path / "run"),
        *("--response", "label=/label", "--quiet"),
        **options,
    )
    return done, csv.read_csv(out)["id"].to_pylist() if out.exists() else None


def ids(first, count):
    return "id,name\n" + "".join(f"{i},row {i}\n" for i in range(first, first + count))


def test_a_folder_on_s3_is_one_table(rowcall, mock_api, s3, bucket, tmp_path):
    folder = s3.folder / bucket / "in"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text(ids(0, 2000))
    (folder / "b.csv.gz").write_bytes(gzip.compress(ids(2000, 500).encode()))
    (folder / "sub" / "c.csv").write_text(ids(2500, 10))
    (folder / "_SUCCESS").write_text("")
    (folder / "_manifest.json").write_text("{}")
    done, got = run(rowcall, tmp_path, mock_api(), f"s3://{bucket}/in/")
    assert done.code == 0, done
    assert got == list(range(2510))
    done, got = run(rowcall, tmp_path / "again", mock_api(), f"s3://{bucket}/in/*.csv")
    assert done.code == 0, done
    assert got == list(range(2000))
    done, _ = run(rowcall, tmp_path / "none", mock_api(), f"s3://{bucket}/in/*.parquet")
    assert done.code != 0 and "no file matches" in done.err and f"s3://{bucket}/in" in done.err, done


def test_parquet_on_s3(rowcall, mock_api, s3, bucket, tmp_path):
    table = pa.table({"id": range(5000), "tags": [["a", "b"]] * 5000, "at": pa.array([0] * 5000, pa.timestamp("ms"))})
    for name, rows in [("a.parquet", slice(0, 4000)), ("b.parquet", slice(4000, 5000))]:
        pq.write_table(table.slice(rows.start, rows.stop - rows.start), tmp_path / name, row_group_size=700)
        (s3.folder / bucket / name).write_bytes((tmp_path / name).read_bytes())
    done, got = run(rowcall, tmp_path, mock_api(), f"s3://{bucket}/?.parquet")
    assert done.code == 0, done
    assert got == list(range(5000))
    (s3.folder / bucket / "cut.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:-30])
    done, got = run(rowcall, tmp_path / "cut", mock_api(), f"s3://{bucket}/cut.parquet")
    assert done.code != 0 and got is None, done
    assert f"s3://{bucket}/cut.parquet" in done.err and "Parquet" in done.err


def test_an_object_replaced_while_it_is_read(rowcall, mock_api, s3, bucket, tmp_path):
    """Part old and part new would be a table that never was."""
    api = mock_api()
    wide = "x" * 200
    text = "id,name\n" + "".join(f"{i},{wide}{i}\n" for i in range(150_000))
    files = s3.filesystem()

    def put(content):
        with files.open_output_stream(f"{bucket}/in.csv") as stream:
            stream.write(content.encode())

    put(text)

    def replace():
        while api.stats()["arrivals"] == 0:
            time.sleep(0.01)
        put(text.replace("x", "y"))

    replacing = threading.Thread(target=replace)
    replacing.start()
    done, got = run(rowcall, tmp_path, api, f"s3://{bucket}/in.csv", timeout=200)
    replacing.join()
    assert done.code != 0 and got is None, done
    assert f"s3://{bucket}/in.csv" in done.err and "written anew" in done.err, done


def test_standard_input(rowcall, mock_api, tmp_path):
    lines = "".join(json.dumps({"id": i, "nested": {"a": [i]}}) + "\n" for i in range(1500))
    done, got = run(rowcall, tmp_path, mock_api(), "-", "--from-format", "ndjson", stdin=lines)
    assert done.code == 0, done
    assert got == list(range(1500))
    done, _ = run(rowcall, tmp_path / "none", mock_api(), "-", stdin=lines)
    assert done.code == 2 or done.code == 1, done
    assert "--from-format" in done.err


def test_files_with_other_columns_are_told_before_the_first_call(rowcall, mock_api, tmp_path):
    api = mock_api()
    (tmp_path / "a.csv").write_text(ids(0, 10))
    (tmp_path / "b.csv").write_text("id,title\n1,x\n")
    done, _ = run(rowcall, tmp_path / "x", api, tmp_path / "a.csv", tmp_path / "b.csv")
    assert done.code != 0, done
    assert "b.csv" in done.err and "title" in done.err and "a.csv" in done.err
    assert api.stats()["arrivals"] == 0


def test_a_file_that_is_cut_off_keeps_what_was_read(rowcall, mock_api, tmp_path):
    whole = gzip.compress(ids(0, 20_000).encode())
    (tmp_path / "in.csv.gz").write_bytes(whole[: len(whole) // 2])
    done, _ = run(rowcall, tmp_path, mock_api(), tmp_path / "in.csv.gz")
    assert done.code != 0, done
    assert "in.csv.gz" in done.err and "ends inside its compressed data" in done.err
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["ok"] > 1000
