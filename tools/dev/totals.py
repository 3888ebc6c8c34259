#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Adds up a test run: totals.py RESULTS BUILD prints "N passed, N failed" and fails when a test did.

RESULTS holds what ./dev test leaves there: gtest/*.xml (one file per run of a test program, whose cases
are the tests), ctest.xml (a program that left no file counts as one test, and so does one that failed
although all its cases passed, as after a crash), pytest.xml and checks.tsv.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


@dataclasses.dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __iadd__(self, other: Totals) -> Totals:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def line(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def cases_of(file: Path) -> Totals:
    """The cases of one JUnit file; a file that is cut short counts as one failure."""
    totals = Totals()
    try:
        cases = ElementTree.parse(file).iter("testcase")
    except ElementTree.ParseError:
        return Totals(failed=1)
    for case in cases:
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            totals.failed += 1
        elif "skipped" in kinds or case.get("result") == "skipped" or case.get("status") in ("notrun", "disabled"):
            totals.skipped += 1
        else:
            totals.passed += 1
    return totals


def programs_of(build: Path) -> dict[str, str]:
    """The program that each ctest test runs, by the test's name."""
    listing = subprocess.run(
        ["ctest", "--test-dir", str(build), "--show-only=json-v1"], capture_output=True, text=True, check=True
    )
    return {
        test["name"]: Path(test["command"][0]).name
        for test in json.loads(listing.stdout)["tests"]
        if test.get("command")
    }


def unit_totals(results: Path, programs: dict[str, str]) -> Totals:
    """The cases of all test programs, and of ctest's tests what those do not tell."""
    totals = Totals()
    failing: set[str] = set()
    told: set[str] = set()
    known = set(programs.values())
    for file in sorted((results / "gtest").glob("*.xml")):
        # A second file of one program is called PROGRAM_1.xml.
        program = file.stem if file.stem in known else file.stem.rpartition("_")[0]
        cases = cases_of(file)
        told.add(program)
        if cases.failed:
            failing.add(program)
        totals += cases
    for case in ElementTree.parse(results / "ctest.xml").iter("testcase"):
        program = programs.get(case.get("name", ""), "")
        if case.get("status") == "fail":
            totals += Totals(failed=0 if program in failing else 1)
        elif program not in told:
            ran = case.get("status") == "run"
            totals += Totals(passed=int(ran), skipped=int(not ran))
    return totals


def totals_of(results: Path, build: Path) -> Totals:
    totals = Totals()
    if (results / "ctest.xml").exists():
        totals += unit_totals(results, programs_of(build))
    if (results / "pytest.xml").exists():
        totals += cases_of(results / "pytest.xml")
    if (results / "checks.tsv").exists():
        for line in (results / "checks.tsv").read_text().splitlines():
            passed = line.startswith("passed\t")
            totals += Totals(passed=int(passed), failed=int(not passed))
    return totals


def main() -> int:
    totals = totals_of(Path(sys.argv[1]), Path(sys.argv[2]))
    print(totals.line())
    return 0 if totals.passed and not totals.failed else 1


if __name__ == "__main__":
    sys.exit(main())
