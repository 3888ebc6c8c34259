# SPDX-License-Identifier: Apache-2.0
"""Answers that no API should give: each ends as its row's own failure, with a reason; the others go on.

Memory stays bounded, no row gets what was meant for another, and credentials go nowhere but to the API.
"""

from __future__ import annotations

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import parts

FINE = 60
HOSTILE = 3
# The program and its libraries take about 60 MB; beyond that, answers of 8 MB for each hostile row at most.
RSS_MAX = 220 << 20

# What becomes of a row that is answered so: error class, and words of the message. No class: it is answered.
ENDINGS: dict[str, tuple[str, str]] = {
    "headers without end": ("permanent", "64KB of headers"),
    "a header without end": ("permanent", "64KB of headers"),
    "chunks without sense": ("transient", "the answer is not HTTP"),
    "a chunk beyond numbers": ("transient", "the answer is not HTTP"),
    "a chunk of less than nothing": ("transient", "the answer is not HTTP"),
    "2 GB, declared": ("permanent", "more than 8MB of body"),
    "2 GB, in chunks": ("permanent", "more than 8MB of body"),
    "2 GB, until the end": ("permanent", "more than 8MB of body"),
    "drip in the head": ("transient", "nothing within 2s"),
    "drip in the body": ("transient", "nothing within 2s"),
    "nothing at all": ("transient", "nothing within 2s"),
    "a gzip bomb": ("permanent", "more than 8MB of body"),
    "gzip, cut off": ("transient", "cut off"),
    "gzip, fine": ("", ""),
    "an unknown encoding": ("transient", '"br" is not understood'),
    "a length too long": ("transient", "connection lost before the whole answer had come"),
    "a length too short": ("permanent", "JSON"),
    "two lengths": ("transient", "the answer is not HTTP"),
    "two answers": ("", ""),
    "early close": ("transient", "connection lost before the whole answer had come"),
    "no answer": ("transient", "connection lost before the whole answer had come"),
    "not HTTP": ("transient", "the answer is not HTTP"),
    "deep JSON": ("permanent", "JSON"),
    "announcements without end": ("transient", "announcements"),
}


def write_table(path: Path, what: str, **more: Any) -> Path:
    """Rows that are answered well, with hostile ones among them."""
    rows = [{"id": i, "what": "fine"} for i in range(1, FINE + 1)]
    for number in range(HOSTILE):
        rows.insert((number + 1) * FINE // (HOSTILE + 1), {"id": 1000 + number, "what": what, **more})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def words(table: Path, url: str, folder: Path, *more: str) -> list[str]:
    return [
        *("run", str(table), "--url", url, "--run-dir", str(folder / "run"), "--to", str(folder / "out.parquet")),
        *("--rate", "500/s", "--response", "score=/score:int64!", "--timeout", "2s", "--max-attempts", "2"),
        *("--set", "retry.base=10ms", "--set", "limits.in_flight_max=16", "--quiet", *more),
    ]


def failures(run: Path) -> list[dict[str, Any]]:
    folder = run / "failures"
    return pq.read_table(folder).to_pylist() if folder.exists() else []


def check_the_others(folder: Path, answered_too: int = 0) -> None:
    out = pq.read_table(folder / "out.parquet").to_pylist()
    assert len(out) == FINE + answered_too
    assert all(row["score"] == row["id"] * 10 for row in out), "each row its own answer"
    assert [row["id"] for row in out if row["id"] < 1000] == list(range(1, FINE + 1))


def test_each_way_has_an_ending():
    assert set(ENDINGS) | {"fine", "a redirect"} == set(parts.HostileApi.ways())


@pytest.mark.parametrize("what", ENDINGS)
def test_a_hostile_answer_costs_its_row(rowcall, tmp_path, what):
    error_class, message = ENDINGS[what]
    with parts.HostileApi() as api:
        done = rowcall(*words(write_table(tmp_path / "in.ndjson", what), api.url, tmp_path), timeout=60)
    assert done.code == (4 if error_class else 0), done
    check_the_others(tmp_path, answered_too=0 if error_class else HOSTILE)
    failed = failures(tmp_path / "run")
    assert sorted(row["id"] for row in failed) == ([1000, 1001, 1002] if error_class else [])
    for row in failed:
        assert row["error_class"] == error_class, row
        assert message in row["message"], row
        assert row["attempts"] == (2 if error_class == "transient" else 1), row
    assert api.calls[what] == (2 if error_class == "transient" else 1) * HOSTILE
    assert api.sent < HOSTILE * 2 * (64 << 20), "nobody takes two gigabytes"
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["rss_max_bytes"] < RSS_MAX, summary["rss_max_bytes"]
    # No answer may hold a line for longer than request.timeout.
    assert done.seconds < 30, done


def test_a_drip_is_timed_as_a_whole(rowcall, tmp_path):
    """A byte a second is an answer that never comes, not one that is coming."""
    with parts.HostileApi() as api:
        table = write_table(tmp_path / "in.ndjson", "drip in the body")
        done = rowcall(*words(table, api.url, tmp_path, "--max-attempts", "1"), timeout=60)
    assert done.code == 4, done
    assert 2 <= done.seconds < 10, done


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_do_not_follow_a_redirect(rowcall, tmp_path, status):
    with parts.HostileApi() as elsewhere, parts.HostileApi(elsewhere=elsewhere.url) as api:
        table = write_table(tmp_path / "in.ndjson", "a redirect", status=status)
        done = rowcall(
            *words(table, api.url, tmp_path, "--set", "auth.type=bearer", "--set", "auth.token=env:API_TOKEN"),
            env={"API_TOKEN": "the-secret-token"},
        )
        assert done.code == 4, done
        assert elsewhere.connections == 0, "nobody is sent anywhere"
        assert all("authorization: bearer the-secret-token" in head.lower() for head in api.seen)
        assert api.calls["a redirect"] == HOSTILE, "once each"
    check_the_others(tmp_path)
    for row in failures(tmp_path / "run"):
        assert (row["error_class"], row["status"]) == ("permanent", status), row
        assert "redirects are not followed" in row["message"] and "request.url" in row["message"], row
    everything = "".join(
        file.read_bytes().decode("latin-1") for file in (tmp_path / "run").rglob("*") if file.is_file()
    )
    assert "the-secret-token" not in everything + done.out + done.err


def make_certificate(
    folder: Path, name: str, *, host: str = "IP:127.0.0.1", expired: bool = False
) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    cert, key, wish = folder / f"{name}.pem", folder / f"{name}-key.pem", folder / f"{name}.csr"
    for command in (
        f"req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=api.test -addext subjectAltName={host}"
        f" -keyout {key} -out {wish}",
        f"x509 -req -in {wish} -signkey {key} -days {-1 if expired else 30} -copy_extensions copy -out {cert}",
    ):
        subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
    return cert, key


def tls_of(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


@pytest.mark.parametrize(
    ("trouble", "text"),
    [("expired", "certificate has expired"), ("wrong host", "IP address mismatch"), ("self-signed", "self-signed")],
)
def test_a_certificate_that_is_not_valid_ends_the_run_at_once(rowcall, tmp_path, trouble, text):
    cert, key = make_certificate(
        tmp_path,
        "server",
        host="DNS:another.test" if trouble == "wrong host" else "IP:127.0.0.1",
        expired=trouble == "expired",
    )
    trust = ["--set", f"request.ca_file={cert}"] if trouble != "self-signed" else []
    with parts.HostileApi(tls=tls_of(cert, key)) as api:
        done = rowcall(*words(write_table(tmp_path / "in.ndjson", "fine"), api.url, tmp_path, *trust), timeout=60)
        assert done.code == 3, done
        assert text in done.err and "request.ca_file" in done.err, done
        assert api.seen == [], "nothing is sent to a stranger"
        assert not (tmp_path / "out.parquet").exists()
    # The same server with a certificate that is good: the same command goes on.
    cert, key = make_certificate(tmp_path, "good")
    with parts.HostileApi(tls=tls_of(cert, key)) as api:
        good = words(write_table(tmp_path / "in.ndjson", "fine"), api.url, tmp_path, "--set", f"request.ca_file={cert}")
        done = rowcall(*good, "--accept-changes", timeout=60)
    assert done.code == 0, done
    check_the_others(tmp_path, answered_too=HOSTILE)


@pytest.mark.parametrize("kind", ["plain text on the TLS port", "TLS on the plain port"])
def test_the_wrong_protocol_on_a_port(rowcall, tmp_path, kind):
    table = write_table(tmp_path / "in.ndjson", "fine")
    tls = tls_of(*make_certificate(tmp_path, "server")) if kind.startswith("TLS") else None
    with parts.HostileApi(tls=tls) as api:
        url = f"{'http' if tls else 'https'}://127.0.0.1:{api.port}"
        # Without a breaker rows are tried as often as they may be, however slow the machine is at it.
        breaker = "breaker.enabled=false" if tls else "breaker.max_hold=2s"
        done = rowcall(*words(table, url, tmp_path, "--set", breaker), timeout=60)
        assert api.seen == [], done
    if tls:
        # Such a server hangs up without a word: the rows say so.
        assert done.code == 4, done
        assert all("connection lost" in row["message"] for row in failures(tmp_path / "run"))
    else:
        # No connection ever came about: it is said, and no row is given up for it.
        assert done.code == 3, done
        assert "TLS handshake failed" in done.err and "request.url" in done.err, done
        assert len(failures(tmp_path / "run")) < FINE
