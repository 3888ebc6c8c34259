# SPDX-License-Identifier: Apache-2.0
"""A client of the mock API that is governed by the AWS SDKs' adaptive retry mode.

For ./dev scenarios. The algorithm is written down here from the SDKs' published one (client-side rate limiting:
a token bucket whose rate follows a cubic curve after each throttled answer, and twice the measured rate at
most); what AWS calls a throttling error is a 429 here. Around it is what a careful caller has: even pacing at the
configured rate, a cap on calls in flight, and the SDKs' backoff for what failed.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time

import aiohttp

ATTEMPTS = 8
BACKOFF_MOST = 20.0
IN_FLIGHT = 500


class Limiter:
    """The SDKs' client-side rate limiter. Off until the first throttled answer."""

    BETA = 0.7
    SCALE = 0.4
    SMOOTH = 0.8
    MEASURE_EVERY = 0.5  # s
    LEAST_PER_S = 0.5

    def __init__(self) -> None:
        now = time.monotonic()
        self.enabled = False
        self.fill_per_s = 0.0
        self.capacity = 0.0
        self.tokens = 0.0
        self.filled_at = now
        self.measured = 0.0
        self.count = 0
        self.bucket_at = now
        self.last_most = 0.0
        self.throttled_at = now
        self.window = 0.0

    async def enter(self) -> None:
        while self.enabled:
            self.fill()
            if self.tokens >= 1:
                self.tokens -= 1
                return
            await asyncio.sleep((1 - self.tokens) / self.fill_per_s)

    def fill(self) -> None:
        now = time.monotonic()
        self.tokens = min(self.capacity, self.tokens + (now - self.filled_at) * self.fill_per_s)
        self.filled_at = now

    def left(self, status: int) -> None:
        self.measure()
        now = time.monotonic()
        if status == 429:
            rate = min(self.measured, self.fill_per_s) if self.enabled else self.measured
            self.last_most = rate
            self.window = (self.last_most * (1 - self.BETA) / self.SCALE) ** (1 / 3)
            self.throttled_at = now
            wanted = self.BETA * rate
            self.enabled = True
        else:
            wanted = self.SCALE * (now - self.throttled_at - self.window) ** 3 + self.last_most
        self.set_rate(min(wanted, 2 * self.measured))

    def measure(self) -> None:
        """Answers a second, smoothed, in steps of half a second."""
        self.count += 1
        now = time.monotonic()
        step = int(now / self.MEASURE_EVERY) * self.MEASURE_EVERY
        if step <= self.bucket_at:
            return
        rate = self.count / (step - self.bucket_at)
        self.measured = self.SMOOTH * rate + (1 - self.SMOOTH) * self.measured
        self.count, self.bucket_at = 0, step

    def set_rate(self, per_s: float) -> None:
        self.fill()
        self.fill_per_s = max(per_s, self.LEAST_PER_S)
        self.capacity = max(per_s, 1.0)
        self.tokens = min(self.tokens, self.capacity)


async def call(session: aiohttp.ClientSession, url: str, row: int, limiter: Limiter) -> None:
    for attempt in range(ATTEMPTS):
        await limiter.enter()
        try:
            async with session.post(url, json={"id": row}) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        limiter.left(status)
        if status and status not in (429, 500, 502, 503, 504):
            return
        await asyncio.sleep(random.random() * min(2**attempt, BACKOFF_MOST))


async def run(url: str, rate: float, seconds: float) -> None:
    limiter = Limiter()
    room = asyncio.Semaphore(IN_FLIGHT)
    tasks: set[asyncio.Task[None]] = set()

    def done(task: asyncio.Task[None]) -> None:
        tasks.discard(task)
        room.release()

    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        begun = time.monotonic()
        due = begun
        row = 0
        while time.monotonic() - begun < seconds:
            await room.acquire()
            due = max(due + 1 / rate, time.monotonic() - 0.002)
            await asyncio.sleep(max(due - time.monotonic(), 0))
            task = asyncio.create_task(call(session, url, row, limiter))
            tasks.add(task)
            task.add_done_callback(done)
            row += 1
        for task in tasks:
            task.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--rate", type=float, required=True, help="calls a second, at most")
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    asyncio.run(run(options.url, options.rate, options.seconds))


if __name__ == "__main__":
    main()
