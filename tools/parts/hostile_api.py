# SPDX-License-Identifier: Apache-2.0
"""An API that answers as no API should: each row says in its column `what` how it is to be answered.

    with parts.HostileApi() as api: ...        # rows {"id": 1, "what": "fine"}, {"id": 2, "what": "endless headers"}

`ways` lists what there is. An answer that is fine is {"score": 10 times the id}. Raw bytes on a socket, since no HTTP
library would send these. `.sent` counts the bytes of answers, `.calls` the requests by `what`, `.seen` their heads.
"""

from __future__ import annotations

import collections
import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Self

_GIGABYTES_2 = 2 << 30
_BLOCK = b" " * (1 << 20)

Row = dict[str, Any]
Way = Callable[["HostileApi", Row], Iterator[bytes]]


def _whole(row: Row) -> bytes:
    return json.dumps({"score": row["id"] * 10}).encode()


def _head(*lines: str, status: str = "200 OK") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *lines, "")).encode()


def _fine(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = _whole(row)
    yield _head(f"Content-Length: {len(body)}") + body


def _endless_headers(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(1 << 24):
        yield f"X-Header-{number}: {'x' * 1000}\r\n".encode()


def _endless_header(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Header: "
    for _block in range(2048):
        yield _BLOCK


def _chunks_without_sense(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Transfer-Encoding: chunked") + b'5\r\n{"sco\r\nzz\r\nre": 1}\r\n0\r\n\r\n'


def _chunk_beyond_number(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Transfer-Encoding: chunked") + b"fffffffffffffffffff\r\n" + b"x" * 1000


def _chunk_negative(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Transfer-Encoding: chunked") + b"-5\r\nhello\r\n0\r\n\r\n"


def _huge_declared(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head(f"Content-Length: {_GIGABYTES_2}")
    for _block in range(2048):
        yield _BLOCK


def _huge_chunked(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Transfer-Encoding: chunked")
    for _block in range(2048):
        yield b"100000\r\n" + _BLOCK + b"\r\n"


def _huge_to_the_end(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Connection: close")
    for _block in range(2048):
        yield _BLOCK


def _drip_of(bytes_: bytes) -> Iterator[bytes]:
    for byte in bytes_:
        yield bytes((byte,))
        time.sleep(1)


def _drip_in_head(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield from _drip_of(_head("Content-Length: 2") + b"{}")


def _drip_in_body(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = _whole(row) + b" " * 100
    yield _head(f"Content-Length: {len(body)}")
    yield from _drip_of(body)


def _nothing(_: HostileApi, row: Row) -> Iterator[bytes]:
    time.sleep(60)
    yield b""


def _gzip_bomb(_: HostileApi, row: Row) -> Iterator[bytes]:
    """1 MB that stands for 1 GB."""
    bomb = _packed_bomb()
    yield _head("Content-Encoding: gzip", f"Content-Length: {len(bomb)}") + bomb


def _gzip_cut_off(_: HostileApi, row: Row) -> Iterator[bytes]:
    packed = gzip.compress(_whole(row))[:-9]
    yield _head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed


def _gzip_fine(_: HostileApi, row: Row) -> Iterator[bytes]:
    packed = gzip.compress(_whole(row))
    yield _head("Content-Encoding: gzip", f"Content-Length: {len(packed)}") + packed


def _encoding_unknown(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head("Content-Encoding: br", "Content-Length: 4") + b"abcd"


def _length_too_long(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = _whole(row)
    yield _head(f"Content-Length: {len(body) + 10}") + body


def _length_too_short(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = _whole(row)
    yield _head(f"Content-Length: {len(body) - 5}") + body


def _length_twice(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = _whole(row)
    yield _head(f"Content-Length: {len(body)}", "Content-Length: 3") + body


def _answer_of_another(_: HostileApi, row: Row) -> Iterator[bytes]:
    """A whole answer, and behind it one that nobody asked for."""
    other = b'{"score": -1}'
    yield b"".join(_fine(_, row)) + _head(f"Content-Length: {len(other)}") + other


def _early_close(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Le"


def _no_answer(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield b""


def _not_http(_: HostileApi, row: Row) -> Iterator[bytes]:
    yield b"220 mail.example ESMTP\r\n\r\n\0\0\0" + bytes(range(256))


def _redirect(api: HostileApi, row: Row) -> Iterator[bytes]:
    yield _head(f"Location: {api.elsewhere}/steal", "Content-Length: 0", status=f"{row['status']} Elsewhere")


def _deep_json(_: HostileApi, row: Row) -> Iterator[bytes]:
    body = b'{"score":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}"
    yield _head(f"Content-Length: {len(body)}") + body


def _endless_announcements(_: HostileApi, row: Row) -> Iterator[bytes]:
    """102 Processing, for ever."""
    while True:
        yield b"HTTP/1.1 102 Processing\r\n\r\n" * 1000


_WAYS: dict[str, Way] = {
    "fine": _fine,
    "headers without end": _endless_headers,
    "a header without end": _endless_header,
    "chunks without sense": _chunks_without_sense,
    "a chunk beyond numbers": _chunk_beyond_number,
    "a chunk of less than nothing": _chunk_negative,
    "2 GB, declared": _huge_declared,
    "2 GB, in chunks": _huge_chunked,
    "2 GB, until the end": _huge_to_the_end,
    "drip in the head": _drip_in_head,
    "drip in the body": _drip_in_body,
    "nothing at all": _nothing,
    "a gzip bomb": _gzip_bomb,
    "gzip, cut off": _gzip_cut_off,
    "gzip, fine": _gzip_fine,
    "an unknown encoding": _encoding_unknown,
    "a length too long": _length_too_long,
    "a length too short": _length_too_short,
    "two lengths": _length_twice,
    "two answers": _answer_of_another,
    "early close": _early_close,
    "no answer": _no_answer,
    "not HTTP": _not_http,
    "a redirect": _redirect,
    "deep JSON": _deep_json,
    "announcements without end": _endless_announcements,
}

# After these the connection is closed, whatever they say of it.
_CLOSING = {"a length too long", "early close", "no answer", "2 GB, until the end"}


def _packed_bomb() -> bytes:
    """Packed once and repeated: nobody reads as far as its end."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + 1023 * (packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH))


class HostileApi:
    """Serves on a free loopback port; `tls`: with that context. `elsewhere`: where redirects point to."""

    def __init__(self, tls: ssl.SSLContext | None = None, elsewhere: str = "http://127.0.0.1:9") -> None:
        self.tls = tls
        self.elsewhere = elsewhere
        self.sent = 0
        self.calls: collections.Counter[str] = collections.Counter()
        self.seen: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._serve, daemon=True).start()

    @staticmethod
    def ways() -> list[str]:
        return list(_WAYS)

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            side: socket.socket = self.tls.wrap_socket(client, server_side=True) if self.tls else client
            with side:
                waiting = b""
                while True:
                    waiting = waiting or _more(side)
                    if not waiting[:1].isupper():  # no request: a TLS handshake, say
                        side.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                        return
                    head, waiting = _cut_at(side, waiting, b"\r\n\r\n")
                    length = next(
                        int(line.partition(":")[2])
                        for line in head.split("\r\n")
                        if line.lower().startswith("content-l")
                    )
                    while len(waiting) < length:
                        waiting += _more(side)
                    row = json.loads(waiting[:length])
                    waiting = waiting[length:]
                    what = row.get("what", "fine")
                    with self._lock:
                        self.calls[what] += 1
                        self.seen.append(head)
                    for piece in _WAYS[what](self, row):
                        side.sendall(piece)
                        self.sent += len(piece)
                    if what in _CLOSING:
                        return

    def stop(self) -> None:
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _more(side: socket.socket) -> bytes:
    piece = side.recv(65536)
    if not piece:
        raise ConnectionError("the client has closed")
    return piece


def _cut_at(side: socket.socket, waiting: bytes, mark: bytes) -> tuple[str, bytes]:
    while mark not in waiting:
        waiting += _more(side)
    head, _, rest = waiting.partition(mark)
    return head.decode("latin-1"), rest
