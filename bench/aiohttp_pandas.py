# SPDX-License-Identifier: Apache-2.0
"""What rowcall is measured against: the script a competent user writes with aiohttp and pandas.

CSV in by chunks, one POST a row with bounded concurrency, a rate limit, retries with jitter that honour
Retry-After, Parquet out. uvloop, because it is the faster choice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import uvloop
from aiolimiter import AsyncLimiter
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

CHUNK_ROWS = 10_000
ATTEMPTS = 5
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}


class TransientError(Exception):
    """Worth another try, not before `retry_after` seconds when the server said so."""

    def __init__(self, status: int, retry_after: float = 0) -> None:
        super().__init__(f"HTTP {status}")
        self.retry_after = retry_after


_jitter = wait_random_exponential(multiplier=0.1, max=10)


def wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return max(_jitter(state), getattr(error, "retry_after", 0))


class Caller:
    def __init__(self, session: aiohttp.ClientSession, url: str, rate: int, in_flight: int) -> None:
        self.session, self.url = session, url
        self.limiter = AsyncLimiter(rate, 1) if rate else None
        self.slots = asyncio.Semaphore(in_flight)

    async def attempt(self, row: dict[str, Any]) -> dict[str, Any]:
        async with self.limiter or contextlib.nullcontext():
            pass
        async with self.session.post(self.url, json=row) as answer:
            if answer.status in TRANSIENT:
                after = answer.headers.get("Retry-After", "0")
                raise TransientError(answer.status, float(after) if after.isdigit() else 0)
            answer.raise_for_status()
            return await answer.json()

    async def call(self, row: dict[str, Any]) -> dict[str, Any]:
        """The answer for one row; a row that fails for good gets its reason instead."""
        retry = AsyncRetrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait,
            retry=retry_if_exception_type((TransientError, aiohttp.ClientConnectionError, asyncio.TimeoutError)),
            reraise=True,
        )
        async with self.slots:
            try:
                return await retry(self.attempt, row)
            except (TimeoutError, TransientError, aiohttp.ClientError, ValueError) as error:
                return {"error": f"{type(error).__name__}: {error}"}

    async def enrich(self, chunk: pd.DataFrame) -> pd.DataFrame:
        rows = chunk.astype(object).where(chunk.notna(), None).to_dict("records")
        answers = await asyncio.gather(*(self.call(row) for row in rows))
        return chunk.assign(
            score=[answer.get("score") for answer in answers],
            label=[answer.get("label") for answer in answers],
            error=[answer.get("error") for answer in answers],
        )


async def chunks(path: Path) -> AsyncIterator[pd.DataFrame]:
    """Reads the next chunk on another thread, so that calls go on meanwhile."""
    reader = pd.read_csv(path, chunksize=CHUNK_ROWS)
    while (chunk := await asyncio.to_thread(next, reader, None)) is not None:
        yield chunk


async def run(options: argparse.Namespace) -> None:
    writer: pq.ParquetWriter | None = None
    connector = aiohttp.TCPConnector(limit=options.in_flight)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        caller = Caller(session, options.url, options.rate, options.in_flight)
        async for chunk in chunks(options.source):
            frame = (await caller.enrich(chunk)).astype({"score": "float64", "label": "string", "error": "string"})
            table = pa.Table.from_pandas(frame, schema=writer.schema if writer else None, preserve_index=False)
            if writer is None:
                writer = pq.ParquetWriter(options.out, table.schema, compression="zstd")
            await asyncio.to_thread(writer.write_table, table)
    if writer:
        writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path, help="a CSV file")
    parser.add_argument("url")
    parser.add_argument("out", type=Path, help="the Parquet file to write")
    parser.add_argument("--rate", type=int, default=0, help="calls a second; 0: as fast as it goes")
    parser.add_argument("--in-flight", type=int, default=256)
    uvloop.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
