# SPDX-License-Identifier: Apache-2.0
"""bench/stall.py for twenty seconds instead of ten minutes: its figures for the latter are in docs/ledger.md."""

from __future__ import annotations

import subprocess
import sys

from parts.process import ROOT


def test_an_api_that_stalls_and_one_that_only_says_429():
    kinds = ("stall", "throttled")
    # Both at once: they wait, mostly.
    running = [
        subprocess.Popen(
            [sys.executable, ROOT / "bench" / "stall.py", "--kind", kind, "--seconds", "20", "--timeout", "3s"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for kind in kinds
    ]
    for kind, process in zip(kinds, running, strict=True):
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, f"{kind}\n{said}"
        assert "every row answered, none failed, memory flat" in said, said
