#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses a wheel whose files need a newer system than it says: symbol_ceiling.py WHEEL

Reads the version of every symbol that the ELF files inside take from outside. The ceilings are those of Amazon
Linux 2023, on which AWS Glue 5 runs: glibc 2.34, libstdc++ of GCC 11.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

CEILINGS = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (11, 0)}


def too_new(listing: str) -> Iterator[str]:
    """The symbols in the output of `objdump -T` that are above a ceiling."""
    for line in listing.splitlines():
        match = re.search(r"\*UND\*\s.*\(?\b(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)\)?\s+(\S+)$", line)
        if match is None:
            continue
        family, version, symbol = match.groups()
        if tuple(map(int, version.split("."))) > CEILINGS[family]:
            yield f"{symbol} of {family}_{version}"


def main() -> int:
    wheel = Path(sys.argv[1])
    faults = files = 0
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                if member.read(4) != b"\x7fELF":
                    continue
            files += 1
            done = subprocess.run(
                ["objdump", "-T", archive.extract(name, folder)], capture_output=True, text=True, check=True
            )
            for fault in too_new(done.stdout):
                faults += 1
                print(f"{name} needs {fault}")
    if files == 0:
        print(f"{wheel} has no ELF file in it")
    ceilings = ", ".join(f"{family} {'.'.join(map(str, version))}" for family, version in CEILINGS.items())
    print(f"{wheel.name}: {files} ELF files, {faults} symbols above {ceilings}")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
