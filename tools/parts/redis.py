# SPDX-License-Identifier: Apache-2.0
"""A real Redis on loopback, which keeps nothing on disk."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Self

from parts.process import Part, start_on_free_port
from parts.programs import program


class Redis:
    """redis-server with a password; `folder` holds its configuration."""

    def __init__(self, folder: Path, password: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "redis.conf"
        config.write_text(f"bind 127.0.0.1\nsave ''\nappendonly no\nrequirepass {password}\ndir {folder}\n")
        self._password = password
        self._command: list[str | Path] = [program("redis-server"), config, "--port", "{port}"]
        self.part, self.port = start_on_free_port("redis-server", self._command)
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def restart(self) -> None:
        """Killed, and another begins in its place that knows nothing."""
        self.part.process.kill()
        self.part.stop()
        self.part = Part("redis-server", [str(word).replace("{port}", str(self.port)) for word in self._command])
        self.part.wait_for_port(self.port)

    def ask(self, *words: str) -> str:
        """A command's reply, as it comes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as link:
            for command in (("AUTH", self._password), words):
                parts = [f"*{len(command)}", *(part for word in command for part in (f"${len(word)}", word))]
                link.sendall(("\r\n".join(parts) + "\r\n").encode())
                reply = link.recv(65536).decode()
        return reply

    def stop(self) -> None:
        self.part.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
