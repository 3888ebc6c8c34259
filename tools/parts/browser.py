# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, told what to do over its DevTools protocol: pages, scripts, pictures.

The protocol goes through a pair of pipes (--remote-debugging-pipe), so nothing listens on a port, and no library
is needed: messages are JSON, each ended by a zero byte.
"""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parts.process import PartError, _die_with_parent
from parts.programs import chromium


def _high(fd: int) -> int:
    """The same file under a number that is neither 3 nor 4, which the browser's own ends get."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return copy


class Browser:
    """Use it as a context manager."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="rowcall-browser-")
        theirs_in, self._to = map(_high, os.pipe())
        self._from, theirs_out = map(_high, os.pipe())

        def hand_over() -> None:
            _die_with_parent()
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self._process = subprocess.Popen(
            [*chromium(Path(self._profile)), "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": self._profile},
            preexec_fn=hand_over,
            pass_fds=(3, 4),
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._ids = itertools.count(1)
        self._got = b""

    def ask(self, method: str, session: str | None = None, seconds: float = 60, **params: Any) -> dict[str, Any]:
        """One command, and its result."""
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + seconds
        while True:
            answer = self._next(until, method)
            if answer.get("id") != number:
                continue  # An event, which nobody waits for.
            if "error" in answer:
                raise PartError(f"chromium: {method}: {answer['error'].get('message')}")
            return answer["result"]

    def _next(self, until: float, what: str) -> dict[str, Any]:
        while b"\0" not in self._got:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                raise PartError(f"chromium has not answered {what} in time")
            more = os.read(self._from, 1 << 20)
            if not more:
                raise PartError(f"chromium ended before it answered {what}")
            self._got += more
        message, self._got = self._got.split(b"\0", 1)
        return json.loads(message)

    @contextmanager
    def page(self, width: int, height: int = 900, dark: bool = False) -> Iterator[Page]:
        """A page of that many CSS pixels; below 500 one of a telephone."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable", session)
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            session,
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", session, features=[scheme])
        try:
            yield Page(self, session)
        finally:
            self.ask("Target.closeTarget", targetId=target)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for fd in (self._to, self._from):
            os.close(fd)
        shutil.rmtree(self._profile, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Page:
    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    def open(self, url: str) -> None:
        """Goes there, and waits until the document is there: a stream of updates never ends."""
        self._browser.ask("Page.navigate", self._session, url=url)
        self.wait_for(f"document.readyState !== 'loading' && location.href === {json.dumps(url)}")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        result = self._browser.ask("Runtime.evaluate", self._session, expression=script, returnByValue=True)
        if "exceptionDetails" in result:
            raise PartError(f"chromium: {script}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, script: str, seconds: float = 30) -> None:
        """Waits until an expression is true."""
        until = time.monotonic() + seconds
        while not self.run(script):
            if time.monotonic() > until:
                raise PartError(f"chromium: not within {seconds} s: {script}")
            time.sleep(0.05)

    def picture(self) -> bytes:
        """The whole page, however long, as PNG."""
        size = self._browser.ask("Page.getLayoutMetrics", self._session)["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self._browser.ask(
            "Page.captureScreenshot", self._session, format="png", captureBeyondViewport=True, clip=clip
        )
        return base64.b64decode(shot["data"])
