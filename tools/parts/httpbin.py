# SPDX-License-Identifier: Apache-2.0
"""httpbin, somebody else's HTTP server: what rowcall sends is read by code that knows nothing of it."""

from __future__ import annotations

import sys
from typing import Self

from parts.process import start_on_free_port


class Httpbin:
    """PyPI's httpbin under waitress."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "waitress", "--listen=127.0.0.1:{port}", "--threads=8", "httpbin:app"]
        self.part, port = start_on_free_port("httpbin", command)
        self.url = f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        self.part.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
