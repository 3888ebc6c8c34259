# SPDX-License-Identifier: Apache-2.0
"""An API that scores a row by its id, refuses those it is told to, and notes each call: for tests that count calls."""

from __future__ import annotations

import http.server
import json
import threading
from typing import Self


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScoringApi

    def do_POST(self) -> None:
        row = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append((row["id"], self.headers["Idempotency-Key"]))
        body = json.dumps({"score": row["id"] * 10}).encode()
        self.send_response(400 if row["id"] in self.server.refused else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class ScoringApi(http.server.ThreadingHTTPServer):
    """`.url`; `.calls`, the id and Idempotency-Key of each call as they came; `.refused`, ids that get a 400."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[int, str | None]] = []
        self.refused: set[int] = set()
        self.url = f"http://127.0.0.1:{self.server_port}/score"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
