# SPDX-License-Identifier: Apache-2.0
"""rowcall's own mock API with its rate auditor, as a part."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from parts.command import rowcall_path
from parts.process import Part

# Loopback, whatever proxy the environment names.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def flags_of(settings: dict[str, Any]) -> list[str]:
    """{"limit": "5000/s", "quiet": True, "outage": ["1s+2s", "9s+1s"]} as command-line flags.

    None and False leave a flag out; underscores become dashes.
    """
    flags: list[str] = []
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        if value is True:
            flags.append(flag)
        elif value is not None and value is not False:
            for item in value if isinstance(value, (list, tuple)) else [value]:
                flags += [flag, str(item)]
    return flags


class MockApi:
    """`rowcall mock-api` on a free port. `before` goes in front of the command (taskset, for one)."""

    def __init__(self, *, before: Sequence[str | Path] = (), **flags: Any) -> None:
        command = [*before, rowcall_path(), "mock-api", "--port", "0", *flags_of(flags)]
        self.part = Part("rowcall mock-api", command)
        try:
            self.url = self.part.wait_for_line(r"(https?://127\.0\.0\.1:\d+)").group(1)
        except Exception:
            self.part.stop()
            raise

    def _ask(self, path: str, method: str = "GET") -> bytes:
        request = urllib.request.Request(self.url + path, method=method)
        with _DIRECT.open(request, timeout=30) as answer:
            return answer.read()

    def stats(self) -> dict[str, Any]:
        """What has arrived so far: counts, and the worst window against each limit."""
        return json.loads(self._ask("/stats"))

    def reset(self) -> None:
        """As if freshly started."""
        self._ask("/reset", "POST")

    def stop(self) -> int:
        return self.part.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
