# SPDX-License-Identifier: Apache-2.0
"""The order of the rooms: includes go strictly downwards, and some libraries have one door only."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree import File, Finding, Tree

# Level by room. A room includes rooms of a lower level, never a sister of its own.
LEVELS = {
    "include/rowcall": 0,
    "src/base": 1,
    "src/policy": 2,
    "src/settings": 2,
    "src/table": 2,
    "src/ledger": 2,
    "src/loop": 2,
    "src/mapping": 3,
    "src/http": 3,
    "src/lease": 3,
    "src/call": 4,
    "src/engine": 5,
    "src/files": 6,
    "src/telemetry": 6,
    "src/page": 7,
    "cli": 8,
    "python": 8,
}
# The mock API stands apart, so that it cannot share a mistake with what it audits.
APART = "mockapi"
# Whom the hosts may include beside the order: the command line starts the mock API; the Python package
# must do without Arrow C++, so without `files`.
ALSO = {"cli": {APART}, "python": set()}
NOT = {"python": {"src/files"}}

# Which rooms may include a library's headers.
DOORS = (
    (re.compile(r"^nanoarrow/"), "nanoarrow", {"src/table"}),
    (
        re.compile(r"^boost/(asio|beast)"),
        "Asio and Beast",
        {"src/loop", "src/http", "src/lease", "src/call", "src/engine", "src/page", APART},
    ),
    (re.compile(r"^(arrow|parquet)/"), "Arrow C++", {"src/files"}),
    (re.compile(r"^sqlite3\.h$"), "SQLite", {"src/ledger"}),
    (re.compile(r"^CLI/"), "CLI11", {"cli"}),
    (re.compile(r"^hiredis/"), "hiredis", {"src/lease"}),
    (re.compile(r"^toml\+\+/"), "toml++", {"src/settings"}),
)

BANNED_NAMES = {"util", "utils", "common", "misc", "helper", "helpers"}

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def room_of(path: str) -> str:
    """The room a file stands in, or "" where the order says nothing (tests, bench, fuzz)."""
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return f"src/{parts[1]}"
    if parts[:2] == ["include", "rowcall"]:
        return "include/rowcall"
    return parts[0] if parts[0] in ("cli", "python", APART) and len(parts) > 1 else ""


def room_included(name: str) -> str:
    """The room that a quoted include reaches, or "" when it names no room ("x.h" of the same folder)."""
    first = name.split("/")[0] if "/" in name else ""
    if first == "rowcall":
        return "include/rowcall"
    if first in ("cli", "python", APART):
        return first
    return f"src/{first}" if first else ""


def includes(file: File) -> Iterator[tuple[int, bool, str]]:
    """The (line, quoted, name) of each include."""
    for number, line in enumerate(file.code_lines, start=1):
        if match := _INCLUDE.match(line):
            yield number, match.group(1) == '"', match.group(2)


def _order_broken(room: str, other: str) -> str:
    """Why `room` may not include `other`; "" when it may."""
    if other == room or other == "include/rowcall":
        return ""
    if room == APART:
        return f"mockapi includes {other}; it shares only include/rowcall with the rest"
    if other == APART:
        return "" if APART in ALSO.get(room, set()) else f"{room} includes mockapi; only cli may"
    if other not in LEVELS:
        return f"{other} is no room of tests/tidy/rooms.py"
    if other in NOT.get(room, set()):
        return f"{room} must do without {other}"
    if LEVELS[other] == LEVELS[room]:
        return f"{room} includes its sister {other} (both level {LEVELS[room]})"
    if LEVELS[other] > LEVELS[room]:
        return f"{room} (level {LEVELS[room]}) includes {other} (level {LEVELS[other]}); includes go downwards only"
    return ""


def check_order(tree: Tree) -> Iterator[Finding]:
    """Includes go strictly downwards."""
    for file in tree.cxx():
        room = room_of(file.path)
        if not room:
            continue
        if room not in LEVELS and room != APART:
            yield Finding(
                file.path, 0, f"{room} is no room: give it a level in tests/tidy/rooms.py and ARCHITECTURE.md"
            )
            continue
        for line, quoted, name in includes(file):
            if not quoted:
                continue
            if "/" not in name:
                yield Finding(
                    file.path, line, f'"{name}" is written without its room, as in "{room.split("/")[-1]}/{name}"'
                )
            elif reason := _order_broken(room, room_included(name)):
                yield Finding(file.path, line, reason)


def check_doors(tree: Tree) -> Iterator[Finding]:
    """A library with a door of its own is included only there."""
    for file in tree.cxx():
        room = room_of(file.path)
        if not room:
            continue
        for line, _, name in includes(file):
            for pattern, library, allowed in DOORS:
                if pattern.search(name) and room not in allowed:
                    rooms = ", ".join(sorted(allowed))
                    yield Finding(file.path, line, f"{room} includes <{name}>; {library} is for {rooms} only")


def check_names(tree: Tree) -> Iterator[Finding]:
    """No room and no file is called util, common or misc."""
    for path in sorted(tree.all_paths):
        for part in path.split("/"):
            if part.split(".")[0] in BANNED_NAMES:
                yield Finding(path, 0, f"nothing here is called {part}: name it after what it does")


def check_listed(tree: Tree) -> Iterator[Finding]:
    """Every .cc of a room is compiled: its CMakeLists.txt names it."""
    for file in tree.files:
        room = room_of(file.path)
        if file.suffix != ".cc" or not room or room == "python":
            continue
        lists = tree.get(f"{room}/CMakeLists.txt")
        name = file.path[len(room) + 1 :]
        if lists is None:
            yield Finding(file.path, 0, f"{room} has no CMakeLists.txt")
        elif name not in re.split(r"[\s()\"]+", lists.text):
            yield Finding(file.path, 0, f"{room}/CMakeLists.txt does not name {name}, so nobody compiles it")


def check_table(tree: Tree) -> Iterator[Finding]:
    """The room table of ARCHITECTURE.md is the truth: same rooms, same levels, and each folder exists."""
    page = tree.get("ARCHITECTURE.md")
    if page is None:
        return
    told: dict[str, str] = {}
    for number, line in enumerate(page.lines, start=1):
        match = re.match(r"^\|\s*(\d+|-)\s*\|(.*?)\|", line)
        if not match:
            continue
        for room in re.findall(r"`([\w/]+?)/?`", match.group(2)):
            told[room] = match.group(1)
            if room not in tree.paths:
                yield Finding(page.path, number, f"there is no folder {room}/")
            if room in LEVELS and match.group(1) != str(LEVELS[room]):
                yield Finding(page.path, number, f"{room} is of level {LEVELS[room]}, not {match.group(1)}")
    for room in [*LEVELS, APART]:
        if room in tree.paths and room not in told:
            yield Finding(page.path, 0, f"the table of rooms leaves out {room}/")
