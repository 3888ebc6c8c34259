# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests: real servers on free loopback ports, the real command.

    def test_something(rowcall, mock_api, s3, bucket, tmp_path):
        api = mock_api(limit="5000/s", latency="20ms")
        done = rowcall("run", table, "--url", api.url, "--run-dir", tmp_path / "run")
        assert done.code == 0, done
        assert api.stats()["limits"][0]["over"] == 0

Everything is stopped by its process id when the test ends, however it ends.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import parts


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[parts.S3]:
    """An S3 server for all tests; make a bucket of your own, or use the fixture `bucket`."""
    with parts.S3(tmp_path_factory.mktemp("s3")) as server:
        yield server


_bucket_numbers = itertools.count(1)


@pytest.fixture
def bucket(s3: parts.S3) -> str:
    """The name of an empty bucket."""
    name = f"bucket-{next(_bucket_numbers)}"
    s3.make_bucket(name)
    return name


@pytest.fixture(scope="session")
def httpbin() -> Iterator[parts.Httpbin]:
    """A third party's HTTP server: `.url`."""
    with parts.Httpbin() as server:
        yield server


@pytest.fixture
def mock_api() -> Iterator[Callable[..., parts.MockApi]]:
    """mock_api(limit="5000/s", latency="20ms", ...): a mock API of its own, with `.url` and `.stats()`."""
    with ExitStack() as stack:
        yield lambda **flags: stack.enter_context(parts.MockApi(**flags))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The path of a self-signed certificate for 127.0.0.1, and that of its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", cert),
        ],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.fixture
def rowcall(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., parts.Done]:
    """rowcall("run", ..., timeout=60): runs the command in an empty folder, with the way to S3 in its
    environment when the test uses `s3` or `bucket`, and none of the machine's own AWS settings."""
    reach: Mapping[str, str] = request.getfixturevalue("s3").env if "s3" in request.fixturenames else {}

    def run(*arguments: str | Path, env: Mapping[str, str] | None = None, **options: Any) -> parts.Done:
        folder = tmp_path / "cwd"
        folder.mkdir(exist_ok=True)
        return parts.rowcall(*arguments, cwd=folder, env={"HOME": str(tmp_path), **reach, **(env or {})}, **options)

    return run
