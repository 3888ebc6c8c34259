# SPDX-License-Identifier: Apache-2.0
"""Rules for every text file: licence line, white space, words and places that do not belong here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rooms import includes
from tree import File, Finding, Tree

LICENCE = "SPDX-License-Identifier: Apache-2.0"
_LICENSED_SUFFIXES = {".cc", ".h", ".py", ".sh", ".cmake", ".lua", ".in"}
_LICENSED_NAMES = {"CMakeLists.txt", "dev"}
_LICENSED_PATHS = {".ci/run"}

# Input and expected output of tests are what they are.
_DATA_SUFFIXES = {".csv", ".ndjson", ".json", ".golden", ".patch"}
# This folder has to name what it forbids.
_OWN_FOLDER = "tests/tidy/"

# Hosts of package registries: the clients know them, and a mirror is set in the clients' own settings.
# Put together here, so that this file does not name them either.
_REGISTRIES = {
    "org": ("pypi", "pythonhosted", "npmjs", "maven", "debian", "golang", "conda", "rubygems"),
    "io": ("crates", "docker", "quay", "ghcr"),
    "com": ("yarnpkg", "ubuntu"),
}
_HOST = re.compile(
    r"(?i)(?:https?://|\b)(?:[\w-]+\.)*(?:"
    + "|".join(rf"(?:{'|'.join(names)})\.{end}" for end, names in _REGISTRIES.items())
    + r")\b"
)
_MACHINE_PATH = re.compile(r"(?<![\w.$}/])/(?:work|root|home/[\w-]+|tmp/wt-[\w-]+|Users/[\w-]+)(?:/|\b)")
_UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))")
_PRINTING = re.compile(
    r"\bstd::(?:cout|cerr|clog|exit|quick_exit|_Exit|abort|terminate)\b"
    r"|(?<![\w.>:])(?:v?f?printf|puts|fputs|putchar|exit|_exit|quick_exit)\s*\("
    r"|(?<![\w>])(?:std)?::(?:v?f?printf|puts|fputs|putchar|exit|_exit|abort)\s*\("
)
# A terminate handler has no other way to end.
_MAY_PRINT = {"src/base/assert.cc", "src/telemetry/unexpected.cc"}


def check_licence(tree: Tree) -> Iterator[Finding]:
    """Every source file begins with its SPDX line, or has it right below the #! line."""
    for file in tree.files:
        needs = file.suffix in _LICENSED_SUFFIXES or file.name in _LICENSED_NAMES or file.path in _LICENSED_PATHS
        if needs and file.text.strip() and not _has_licence(file):
            yield Finding(file.path, 1, f"the first line must be the comment {LICENCE}")


def _has_licence(file: File) -> bool:
    line = file.lines[1] if file.lines[0].startswith("#!") and len(file.lines) > 1 else file.lines[0]
    return line.lstrip("/#-<! ").startswith(LICENCE)


def check_white_space(tree: Tree) -> Iterator[Finding]:
    """No white space at the end of a line, no tabs in C++ and Python, one newline at the end of a file."""
    for file in tree.files:
        if file.suffix in _DATA_SUFFIXES or "/golden/" in file.path or file.path.startswith("fuzz/corpus/"):
            continue
        for number, line in enumerate(file.lines, start=1):
            if line != line.rstrip():
                yield Finding(file.path, number, "white space at the end of the line")
            if "\t" in line and (file.is_cxx or file.suffix == ".py"):
                yield Finding(file.path, number, "a tab")
        if file.text and (not file.text.endswith("\n") or file.text.endswith("\n\n")):
            yield Finding(file.path, len(file.lines), "a file ends with exactly one newline")


def check_words(tree: Tree) -> Iterator[Finding]:
    """Nothing unfinished without an issue, no registry's host, no path of one machine."""
    for file in tree.files:
        own = file.path.startswith(_OWN_FOLDER)
        for number, line in enumerate(file.lines, start=1):
            if not own and (match := _UNFINISHED.search(line)):
                yield Finding(
                    file.path, number, f"{match.group()} without an issue: finish it, or write {match.group()}(#N)"
                )
            if match := _HOST.search(line):
                yield Finding(file.path, number, f"{match.group()}: a package registry is named by its client only")
            if not own and (match := _MACHINE_PATH.search(line)):
                yield Finding(file.path, number, f"{match.group()}: a path of one machine")


def _test_files(tree: Tree) -> set[str]:
    """*_test.cc, and what only they include."""
    tests = {file.path for file in tree.cxx() if file.name.endswith("_test.cc")}
    included_by: dict[str, set[str]] = {}
    for file in tree.cxx():
        for _, quoted, name in includes(file):
            if quoted:
                included_by.setdefault(f"src/{name}", set()).add(file.path)
    while more := {path for path, users in included_by.items() if path not in tests and users <= tests}:
        tests |= more
    # A header's own .cc is as much of a test as the header.
    return tests | {path.removesuffix(".h") + ".cc" for path in tests if path.endswith(".h")}


def check_printing(tree: Tree) -> Iterator[Finding]:
    """Rooms of src/ neither print nor end the process: that is for the hosts."""
    tests = _test_files(tree)
    for file in tree.cxx():
        if not file.path.startswith("src/") or file.path in _MAY_PRINT or file.path in tests:
            continue
        for number, line in enumerate(file.code_lines, start=1):
            if match := _PRINTING.search(line):
                yield Finding(
                    file.path, number, f"{match.group().strip('( ')}: src/ neither prints nor exits; return an Error"
                )
