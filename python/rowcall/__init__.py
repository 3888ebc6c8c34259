# SPDX-License-Identifier: Apache-2.0
"""rowcall: call an HTTP API for every row of a table, at exactly the rate you were granted.

    import rowcall
    out = rowcall.enrich(df, url="https://api.example.com/process", rate="5000/s",
                         response={"score": "/score:double", "label": "/label:string"})

`enrich` for tables in memory, `stream` for more than that, `enrich_async` for asyncio, `Job` for job files.
docs/python.md tells all.
"""

import atexit

from rowcall import _engine
from rowcall._checks import Health, Plan, RateVerdict, health, plan, retry, verify_rate
from rowcall._enrich import Stream, enrich, enrich_async, stream
from rowcall._errors import (
    AccountingError,
    ApiError,
    ChangedError,
    DeniedError,
    HookError,
    InputError,
    InternalError,
    Interrupted,
    NetworkError,
    NotFoundError,
    RowcallError,
    SettingError,
    StoppedError,
    StorageError,
)
from rowcall._job import Job
from rowcall._report import Counts, Report, Run, run_of
from rowcall._tables import Table

__version__ = _engine.version

# Threads of a run that was not consumed must not outlive the interpreter.
atexit.register(_engine.close_runs)

__all__ = [
    "AccountingError",
    "ApiError",
    "ChangedError",
    "Counts",
    "DeniedError",
    "Health",
    "HookError",
    "InputError",
    "InternalError",
    "Interrupted",
    "Job",
    "NetworkError",
    "NotFoundError",
    "Plan",
    "RateVerdict",
    "Report",
    "RowcallError",
    "Run",
    "SettingError",
    "StoppedError",
    "StorageError",
    "Stream",
    "Table",
    "__version__",
    "enrich",
    "enrich_async",
    "health",
    "plan",
    "retry",
    "run_of",
    "stream",
    "verify_rate",
]
