# SPDX-License-Identifier: Apache-2.0
"""The compiled module: the engine behind the package. For the package's own use."""

from collections.abc import Sequence
from typing import Any

version: str

class Job:
    """A checked job. Immutable."""

    def toml(self) -> str: ...
    def get(self, key: str) -> Any: ...

class Table:
    """Batches in memory. `__arrow_c_stream__` may be asked for as often as wanted; nothing is copied."""

    @property
    def num_rows(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class Run:
    """One run. Nothing is sent before the first `wait`, `collect`, or read of a stream.

    One consumer: `wait` and `take`, or `collect`, or one stream. All of them let go of the GIL, and look at
    signals every 50 ms on the main thread.
    """

    def __new__(
        cls, job: Job, table: Any, rows: int, run_id: str, coordinator: str = "", secret: str = "", /
    ) -> Run: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def wait(self, seconds: float, /) -> int:
        """0: nothing yet; 1: a batch can be taken; 2: the run is over."""

    def take(self) -> Table: ...
    def collect(self, seconds: float, /) -> bool:
        """Keeps batches for `seconds`; True when the run is over."""

    def collected(self) -> Table: ...
    def stop(self) -> None:
        """First: calls in flight finish. Second: at once. From any thread."""

    def close(self) -> None: ...
    def progress(self) -> tuple[int, int, int, int, int, str | None] | None:
        """(rows expected, rows ended, rows failed, attempts, calls in flight, why it is held)."""

    def messages(self) -> list[tuple[int, str]]: ...
    def report(self) -> tuple[str, str]:
        """summary.json and the closing text. Raises when the run could not begin."""

    def error(self) -> tuple[str, str] | None:
        """(code, text) of why the run is not complete."""

    def failures(self) -> Table: ...
    def absent_rows(self) -> list[int]:
        """The numbers of the rows that were read and are not in the table, ascending: failed, or left out by a stop."""

class Coordinator:
    """Shares the limits of a job out among runs that name its address. Ends with `close`, or when dropped."""

    def __new__(cls, job: Job, host: str, port: int, secret: str, restarted: bool, /) -> Coordinator: ...
    @property
    def address(self) -> str: ...
    def status(self) -> dict[str, Any]: ...
    def close(self) -> None: ...

def load(
    job_file: str | None,
    env_file: str | None,
    use_env_file: bool,
    brings_source: bool,
    values: Sequence[tuple[str, Any, str]],
    /,
) -> tuple[Job, dict[str, str]]: ...
def plan(job: Job, table: Any, rows: int, /) -> dict[str, Any]: ...
def settings() -> list[dict[str, Any]]: ...
def verify_rate(call_log: str, rates: Sequence[str], /) -> tuple[str, bool]: ...
def close_runs() -> None: ...
