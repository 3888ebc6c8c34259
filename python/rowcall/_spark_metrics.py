# SPDX-License-Identifier: Apache-2.0
"""All executors together, as the driver knows them: counts, progress, rate, report."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

from pyspark.accumulators import AccumulatorParam

from rowcall._spark_progress import Board, Progress

logger = logging.getLogger("rowcall")


class Sums(AccumulatorParam[dict[str, float]]):  # type: ignore[misc]
    """Numbers of partitions by name: the least of min_ ones, the most of max_ ones, the sum of all others."""

    def zero(self, value: dict[str, float]) -> dict[str, float]:
        return {}

    def addInPlace(self, value1: dict[str, float], value2: dict[str, float]) -> dict[str, float]:
        for name, number in value2.items():
            if name not in value1:
                value1[name] = number
            elif name.startswith(("min_", "max_")):
                value1[name] = (min if name.startswith("min_") else max)(value1[name], number)
            else:
                value1[name] += number
        return value1


_ROWS = ("rows", "ok", "no_match", "failed", "from_journal")
_COUNTS = (*_ROWS, "calls", "attempts", "retries", "throttled", "partitions")


@dataclasses.dataclass(frozen=True)
class ClusterReport:
    """What became of the tasks that have ended. Times in seconds, latencies in milliseconds."""

    counts: dict[str, int]
    seconds: float
    """From the first task's beginning to the last one's end, by the executors' clocks."""
    rate_mean: float
    """Attempts a second in that time."""
    share_of_limit: float | None
    """Of the first limit; None: there is none."""
    cpu_s: float
    """Of the Python workers, engines included; without the JVMs."""
    latency_ms: dict[str, float]
    """By percentile, of the partition where it was longest."""
    held_s: float
    """How long the partition's calls were held whose calls were held longest: Retry-After, or an API that is down."""
    coordinator: dict[str, Any]

    def __str__(self) -> str:
        counts = self.counts
        lines = [
            ", ".join(f"{counts[name]:,} {name}" for name in _COUNTS if counts.get(name)) or "nothing has been called",
            f"{self.seconds:.1f} s, {self.rate_mean:,.0f} calls a second"
            + (f", {self.share_of_limit:.1%} of the limit" if self.share_of_limit is not None else ""),
        ]
        if self.held_s:
            lines.append(f"held for up to {self.held_s:.1f} s")
        if self.latency_ms:
            latencies = ", ".join(f"{name} {value:.1f} ms" for name, value in sorted(self.latency_ms.items()))
            lines.append(f"latency of the slowest partition: {latencies}")
        if counts.get("rows"):
            lines.append(f"CPU of the Python workers: {1e6 * self.cpu_s / counts['rows']:.1f} us a row")
        return "\n".join(lines)


@dataclasses.dataclass(frozen=True)
class Metrics:
    """All executors together: `counts` and `report` of the tasks that have ended, `progress` and `rate` of those that
    run, too, and the coordinator as it is now.

    A task that Spark repeats is counted again, for its calls were made again: `attempts` is what was sent.
    """

    _sums: Any
    _coordinator: Any
    _board: Board
    _limit: tuple[int, float] | None = None
    """Calls, and seconds."""

    @property
    def counts(self) -> dict[str, int]:
        """rows, ok, no_match, failed, calls, attempts, retries, throttled (attempts that the API refused as too
        many), from_journal (rows answered by an earlier attempt of their task), partitions."""
        return {name: int(self._sums.value[name]) for name in _COUNTS if name in self._sums.value}

    @property
    def progress(self) -> Progress:
        """All tasks, those that run included, as they are now: rows, failed, attempts, in_flight, rate, held."""
        return self._board.progress()

    @property
    def rate(self) -> float:
        """Attempts a second of all executors together, over the last five seconds."""
        return self.progress.rate

    @property
    def coordinator(self) -> dict[str, Any]:
        """workers, messages_in, messages_out, refused, held, and for each limit permits, lent, quarantined, free.
        Empty when the coordinator is another process's."""
        status: dict[str, Any] = self._coordinator.status() if self._coordinator is not None else {}
        return status

    @property
    def report(self) -> ClusterReport:
        """Of all tasks that have ended. str() of it is a text of a few lines."""
        sums = dict(self._sums.value)
        seconds = max(sums.get("max_ended", 0.0) - sums.get("min_began", 0.0), 0.0)
        rate = sums.get("attempts", 0.0) / seconds if seconds else 0.0
        share = rate * self._limit[1] / self._limit[0] if self._limit is not None else None
        prefix = "max_latency_"
        return ClusterReport(
            counts=self.counts,
            seconds=seconds,
            rate_mean=rate,
            share_of_limit=share,
            cpu_s=sums.get("cpu_s", 0.0),
            latency_ms={name.removeprefix(prefix): v for name, v in sums.items() if name.startswith(prefix)},
            held_s=sums.get("max_held_s", 0.0),
            coordinator=self.coordinator,
        )

    @contextlib.contextmanager
    def watch(self, every_s: float = 5.0, say: Callable[[Progress], object] | None = None) -> Iterator[None]:
        """Logs the progress now and then, or says it to `say`, as long as the with-statement goes on."""
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(every_s):
                if say is None:
                    logger.info("%s", self.progress)
                else:
                    say(self.progress)

        thread = threading.Thread(target=look, name="rowcall-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def __str__(self) -> str:
        counts = self.counts
        return ", ".join(f"{counts[name]} {name}" for name in counts) or "nothing has been called yet"
