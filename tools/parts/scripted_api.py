# SPDX-License-Identifier: Apache-2.0
"""An API that answers each row as a script says: small, slow, and exact. For golden tests and odd answers.

A script is a list of rules; the first whose row and attempt fit answers the call:

    [[reply]]
    row = 3                  # the value of "id" in the row, or in the query; leave it out: any row
    attempt = 1              # of that row, from 1; leave it out: any attempt
    status = 503             # default 200
    body = '{"score": $id}'  # $NAME: the row's own value of NAME, as JSON; $$ is a dollar
    headers = {Retry-After = "1"}
    close = "before"         # instead of an answer, close the connection; "middle": in the middle of one

A call that carries an array of rows is answered by an array of the bodies of its rows, in their order, unless its
rule has `whole = true`; `reverse = true` turns their order round, `drop = 1` leaves that many out.
"""

from __future__ import annotations

import collections
import dataclasses
import json
import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

Rule = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.server.api.answer(self, Seen(self.command, self.path, dict(self.headers.items()), body))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    api: ScriptedApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that went away is no fault of the script


class ScriptedApi:
    """Serves a script on a free loopback port: `.url`, and `.seen`, the requests in the order they came."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        self._rules = rules
        self._attempts: collections.Counter[str] = collections.Counter()
        self._lock = threading.Lock()
        self.seen: list[Seen] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, handler: BaseHTTPRequestHandler, seen: Seen) -> None:
        rows = _rows_of(seen)
        with self._lock:
            self.seen.append(seen)
            name = json.dumps([row.get("id") for row in rows])
            self._attempts[name] += 1
            attempt = self._attempts[name]
        rules = [self._rule_for(row, attempt) for row in rows]
        first = rules[0]
        if first.get("close") == "before":
            handler.close_connection = True
            return
        bodies = [_filled(rule.get("body", "{}"), row) for rule, row in zip(rules, rows, strict=True)]
        if first.get("reverse"):
            bodies.reverse()
        bodies = bodies[first.get("drop", 0) :]
        many = seen.body.lstrip().startswith("[") and not first.get("whole")
        body = ("[" + ",".join(bodies) + "]" if many else bodies[0]).encode()
        handler.send_response(first.get("status", 200))
        for key, value in first.get("headers", {}).items():
            handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if first.get("close") == "middle":
            handler.wfile.write(body[: len(body) // 2])
            handler.close_connection = True
            return
        handler.wfile.write(body)

    def _rule_for(self, row: dict[str, Any], attempt: int) -> Rule:
        for rule in self._rules:
            if rule.get("row", row.get("id")) == row.get("id") and rule.get("attempt", attempt) == attempt:
                return rule
        return {"status": 418, "body": '"no rule for this row"'}


def _rows_of(seen: Seen) -> list[dict[str, Any]]:
    """The rows of a call: its JSON body, or its query."""
    try:
        content = json.loads(seen.body)
    except ValueError:
        content = dict(parse_qsl(urlsplit(seen.target).query))
        if content.get("id", "").isdigit():
            content["id"] = int(content["id"])
    return content if isinstance(content, list) else [content]


def _filled(template: str, row: dict[str, Any]) -> str:
    return re.sub(
        r"\$(\$|\w+)",
        lambda found: "$" if found.group(1) == "$" else json.dumps(row.get(found.group(1)), ensure_ascii=False),
        template,
    )
