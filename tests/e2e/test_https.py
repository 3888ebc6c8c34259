# SPDX-License-Identifier: Apache-2.0
"""Calls over TLS, from the program that also holds Arrow's libraries with an OpenSSL of their own."""

import pyarrow.parquet as pq


def test_parquet_through_an_https_api(rowcall, mock_api, certificate, tmp_path):
    cert, key = certificate
    api = mock_api(tls_cert=cert, tls_key=key)
    assert api.url.startswith("https://")
    made = rowcall("generate", "--out", tmp_path / "in.parquet", "--records", "2000")
    assert made.code == 0, made
    arguments = ["run", tmp_path / "in.parquet", "--url", api.url, "--rate", "unlimited", "--response", "label=/label"]
    done = rowcall(
        *(*arguments, "--to", tmp_path / "out.parquet", "--run-dir", tmp_path / "run"),
        *("--set", f"request.ca_file={cert}"),
    )
    assert done.code == 0, done
    out = pq.read_table(tmp_path / "out.parquet")
    assert out["customer_id"].to_pylist() == list(range(1, 2001))
    assert out["label"].null_count == 0


def test_certificate_nobody_vouches_for_ends_the_run_at_once(rowcall, mock_api, certificate, tmp_path):
    cert, key = certificate
    api = mock_api(tls_cert=cert, tls_key=key)
    (tmp_path / "in.csv").write_text("id\n1\n2\n")
    done = rowcall(
        *("run", tmp_path / "in.csv", "--url", api.url, "--to", tmp_path / "out.csv"),
        *("--run-dir", tmp_path / "run", "--quiet"),
    )
    assert done.code == 3, done
    assert "certificate" in done.err and "request.ca_file" in done.err, done
    assert not (tmp_path / "out.csv").exists()


def test_health_says_how_long_the_certificate_lasts(rowcall, mock_api, certificate):
    cert, key = certificate
    api = mock_api(tls_cert=cert, tls_key=key)
    done = rowcall("health", "--url", api.url + "/score", "--set", f"request.ca_file={cert}")
    assert done.code == 0, done
    assert "TLSv1.3" in done.out and "days left" in done.out
