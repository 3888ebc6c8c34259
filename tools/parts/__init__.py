# SPDX-License-Identifier: Apache-2.0
"""The real parts that tests, the demo and the bench run rowcall against: an S3 server, the mock API, httpbin.

Each part listens on a free loopback port and is stopped by its own process id, however the caller ends.
"""

from parts.browser import Browser, Page
from parts.command import Done, python_package, rowcall, rowcall_path
from parts.hostile_api import HostileApi
from parts.httpbin import Httpbin
from parts.mock_api import MockApi
from parts.process import Part, PartError, free_port
from parts.programs import chromium, program
from parts.prometheus import Prometheus
from parts.redis import Redis
from parts.s3 import S3
from parts.s3_proxy import S3Proxy, answer, cut_answer, cut_request
from parts.scoring_api import ScoringApi
from parts.scripted_api import ScriptedApi, Seen
from parts.started import Started, rows_done, wait_until

__all__ = [
    "S3",
    "Browser",
    "Done",
    "HostileApi",
    "Httpbin",
    "MockApi",
    "Page",
    "Part",
    "PartError",
    "Prometheus",
    "Redis",
    "S3Proxy",
    "ScoringApi",
    "ScriptedApi",
    "Seen",
    "Started",
    "answer",
    "chromium",
    "cut_answer",
    "cut_request",
    "free_port",
    "program",
    "python_package",
    "rowcall",
    "rowcall_path",
    "rows_done",
    "wait_until",
]
