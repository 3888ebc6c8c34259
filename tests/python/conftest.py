# SPDX-License-Identifier: Apache-2.0
"""Fixtures for the tests of the Python package: the mock API, a server that echoes, scripts in processes of their own.

The package is the one that ./dev build puts into build/release/python; with ROWCALL_PYTHON, the one in that folder;
with ROWCALL_INSTALLED=1, the one that is installed.
"""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import parts

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def mock_api() -> Iterator[Callable[..., parts.MockApi]]:
    """mock_api(limit="5000/s", latency="20ms", ...): a mock API of its own, with `.url` and `.stats()`."""
    with ExitStack() as stack:
        yield lambda **flags: stack.enter_context(parts.MockApi(**flags))


@pytest.fixture(scope="module")
def api() -> Iterator[parts.MockApi]:
    """A mock API that answers at once, shared by the tests of a file."""
    with parts.MockApi() as server:
        yield server


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the request's body, and keeps it. Needs HTTP/1.1 for connections that stay."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class EchoServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Echo)
        self.bodies: list[bytes] = []
        self.url = f"http://127.0.0.1:{self.server_port}/echo"


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Script:
    """A Python script in a process of its own, in its own session."""

    def __init__(self, text: str, folder: Path) -> None:
        path = folder / "script.py"
        path.write_text(textwrap.dedent(text))
        places = [str(ROOT / "tools"), *([] if os.environ.get("ROWCALL_INSTALLED") else [str(parts.python_package())])]
        self.process = subprocess.Popen(
            [sys.executable, str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            cwd=folder,
            text=True,
        )

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 30) -> tuple[int, str, str]:
        """Waits for its end: exit code, what it printed since, and its errors."""
        out, err = self.process.communicate(timeout=timeout)
        return self.process.returncode, out, err

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[[str], Script]]:
    """script(text): starts it; killed when the test ends before it does."""
    started: list[Script] = []

    def start(text: str) -> Script:
        started.append(Script(text, tmp_path))
        return started[-1]

    yield start
    for each in started:
        each.kill()


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No .env of somebody's, and no setting from the environment."""
    monkeypatch.chdir(tmp_path)
