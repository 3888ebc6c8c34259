#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads AddressSanitizer's reports: leaks.py FOLDER fails when the module rowcall._engine left memory behind, or did
something worse.

A Python process leaves memory of its own at its end, and so do its libraries. A leak is ours when one of the five
innermost frames of its allocation is in our module. Every other error counts, whoever made it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OURS = "_engine.abi3.so"
INNERMOST = 5
_LEAK = re.compile(r"(?:Direct|Indirect) leak of .*?(?:\n\n|\Z)", re.DOTALL)


def leaks_of_ours(report: str) -> list[str]:
    """The leaks whose allocation our module asked for."""
    found = []
    for leak in _LEAK.findall(report):
        frames = [line for line in leak.splitlines() if line.lstrip().startswith("#")]
        if any(OURS in frame for frame in frames[:INNERMOST]):
            found.append(leak.strip())
    return found


def errors(report: str) -> list[str]:
    """Everything but leaks: uses after free, overflows, undefined behaviour."""
    return re.findall(r"^.*(?:ERROR: AddressSanitizer|runtime error:).*$", report, re.MULTILINE)


def main(folder: Path) -> int:
    reports = sorted(folder.glob("report*"))
    bad = 0
    for path in reports:
        text = path.read_text(errors="replace")
        trouble = errors(text) + leaks_of_ours(text)
        bad += len(trouble)
        if trouble:
            print(f"{path}:", *trouble, sep="\n")
    print(f"leaks: {len(reports)} reports, {bad} faults of rowcall")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
