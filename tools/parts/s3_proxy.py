# SPDX-License-Identifier: Apache-2.0
"""A proxy between rowcall and a real S3 server, which makes trouble where it is told to.

    with parts.S3Proxy(store.endpoint) as proxy:
        proxy.trouble("^PUT .*partNumber=", parts.cut_request(100_000), times=2)
        proxy.trouble("^POST .*uploadId=", parts.cut_answer(0))        # carried out, and nobody hears of it
        proxy.trouble("^GET ", parts.answer(503, "SlowDown"), share=0.3)

A rule looks at the request line, and at the whole head if it names a `header`. The first rule that fits is played. Each
connection carries one request, as the server closes it afterwards.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
import re
import socket
import struct
import threading
from typing import Self
from urllib.parse import urlsplit

_PIECE = 65536
_HEAD_MAX = 1 << 20


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What befalls a request. Bytes of a request are counted behind its head, those of an answer from its head on."""

    answer: bytes = b""
    request_bytes: int | None = None
    answer_bytes: int | None = None


def answer(status: int, code: str, headers: str = "") -> Trouble:
    """The request never reaches the server; the answer is an error as S3 words it."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>made up by a test</Message></Error>'
    )
    head = f"HTTP/1.1 {status} {code}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
    return Trouble(answer=f"{head}{headers}Connection: close\r\n\r\n{body}".encode())


def cut_request(after: int) -> Trouble:
    """The connection is reset when so many bytes of the request's body have gone to the server."""
    return Trouble(request_bytes=after)


def cut_answer(after: int) -> Trouble:
    """The server carries the request out; the connection is reset after so many bytes of its answer."""
    return Trouble(answer_bytes=after)


@dataclasses.dataclass
class _Rule:
    line: re.Pattern[str]
    header: re.Pattern[str] | None
    trouble: Trouble
    share: float
    left: float
    skip: int


class S3Proxy:
    """Passes requests on to `endpoint`, which may be changed at any time.

    `lines`: the requests seen, in order. `played`: troubles made. `refused`: connections the server did not accept.
    """

    def __init__(self, endpoint: str, seed: int = 1) -> None:
        self.endpoint = endpoint
        self.lines: list[str] = []
        self.played = 0
        self.refused = 0
        self._rules: list[_Rule] = []
        self._dice = random.Random(seed)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def trouble(
        self,
        line: str,
        trouble: Trouble,
        *,
        header: str = "",
        share: float = 1,
        times: float = float("inf"),
        skip: int = 0,
    ) -> None:
        """From now on: `trouble` for requests whose line matches, `times` times, the first `skip` of them left out."""
        head = re.compile(header, re.IGNORECASE | re.MULTILINE) if header else None
        with self._lock:
            self._rules.append(_Rule(re.compile(line), head, trouble, share, times, skip))

    def calm(self) -> None:
        """No more trouble."""
        with self._lock:
            self._rules.clear()

    def seen(self, line: str) -> int:
        """How many requests have come whose line matches."""
        with self._lock:
            return sum(1 for one in self.lines if re.search(line, one))

    def _trouble_for(self, head: str) -> Trouble | None:
        line = head.partition("\r\n")[0]
        with self._lock:
            self.lines.append(line)
            for rule in self._rules:
                if not rule.line.search(line) or (rule.header and not rule.header.search(head)):
                    continue
                if rule.skip > 0:
                    rule.skip -= 1
                    continue
                if rule.left < 1 or self._dice.random() >= rule.share:
                    continue
                rule.left -= 1
                self.played += 1
                return rule.trouble
        return None

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head, body = _read_head(client)
            if not head:
                return
            trouble = self._trouble_for(head.decode("latin-1")) or Trouble()
            if trouble.answer:
                _say_no(client, trouble.answer)
                return
            with self._server() as server:
                server.sendall(head)
                up = threading.Thread(
                    target=_pass, args=(client, server, body, trouble.request_bytes, client), daemon=True
                )
                up.start()
                _pass(server, client, b"", trouble.answer_bytes, client)
                # The server has closed: so does the client's side, whatever is still on its way up.
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
                with contextlib.suppress(OSError):
                    server.shutdown(socket.SHUT_RDWR)
                up.join()

    def _server(self) -> socket.socket:
        parts = urlsplit(self.endpoint)
        try:
            server = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=10)
        except OSError:
            self.refused += 1
            raise
        server.settimeout(None)
        return server

    def stop(self) -> None:
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _read_head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request with its empty line, and what has come of the body; nothing if there is none."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = client.recv(_PIECE)
        if not piece or len(text) > _HEAD_MAX:
            return b"", b""
        text += piece
    head, end, body = text.partition(b"\r\n\r\n")
    return head + end, body


def _say_no(client: socket.socket, answer: bytes) -> None:
    client.sendall(answer)
    client.shutdown(socket.SHUT_WR)
    # A body that is still coming must be taken in: a reset would overtake the answer.
    client.settimeout(5)
    while client.recv(_PIECE):
        pass


def _pass(source: socket.socket, target: socket.socket, first: bytes, limit: int | None, client: socket.socket) -> None:
    """Bytes from one side to the other until it ends, or until `limit` of them have gone: then both sides are cut."""
    with contextlib.suppress(OSError):
        gone = 0
        piece = first or source.recv(_PIECE)
        while piece:
            if limit is not None and gone + len(piece) >= limit:
                target.sendall(piece[: limit - gone])
                _reset(client)
                for side in (source, target):
                    with contextlib.suppress(OSError):
                        side.shutdown(socket.SHUT_RDWR)
                return
            target.sendall(piece)
            gone += len(piece)
            piece = source.recv(_PIECE)
        target.shutdown(socket.SHUT_WR)


def _reset(side: socket.socket) -> None:
    """Closing it will be a reset, not a farewell."""
    side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
