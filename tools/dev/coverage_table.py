#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints line coverage per room from gcovr's JSON summary: coverage_table.py SUMMARY.json"""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path


def room_of(file: str) -> str:
    """The room of a file: src/policy for src/policy/limiter.cc, cli for cli/main.cc."""
    parts = Path(file).parts
    return "/".join(parts[:2]) if parts[0] in ("src", "include") else parts[0]


def table(files: list[dict]) -> list[str]:
    """One line per room, the least covered first, and the total last."""
    rooms: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for file in files:
        for name in (room_of(file["filename"]), ""):
            rooms[name][0] += file["line_covered"]
            rooms[name][1] += file["line_total"]
    covered, lines = rooms.pop("", [0, 0])
    rows = sorted(rooms.items(), key=lambda room: room[1][0] / max(room[1][1], 1))
    rows.append(("total", [covered, lines]))
    heading = f"{'room':<20} {'lines':>7} {'covered':>8} {'share':>7}"
    return [heading] + [f"{name:<20} {of:>7} {hit:>8} {100 * hit / max(of, 1):>6.1f}%" for name, (hit, of) in rows]


if __name__ == "__main__":
    print("\n".join(table(json.loads(Path(sys.argv[1]).read_text())["files"])))
