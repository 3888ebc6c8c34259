# SPDX-License-Identifier: Apache-2.0
"""How long files and functions are. A mirror, not a law: only a file over 800 lines is a fault."""

from __future__ import annotations

from collections.abc import Iterator

import lizard
from tree import File, Finding, Tree

FILE_LINES_WARN = 500
FILE_LINES_MAX = 800
FUNCTION_LINES_WARN = 60


def _is_ours(file: File) -> bool:
    return file.is_cxx or file.suffix in (".py", ".sh") or file.name == "dev"


def check_files(tree: Tree) -> Iterator[Finding]:
    """A file of more than 500 lines is worth a look; of more than 800 it is a fault."""
    for file in tree.files:
        lines = len(file.lines) - 1
        if _is_ours(file) and lines > FILE_LINES_WARN:
            text = f"{lines} lines: a room with too much in it (more than {FILE_LINES_MAX} is a fault)"
            yield Finding(file.path, 0, text, warning=lines <= FILE_LINES_MAX)


def check_functions(tree: Tree) -> Iterator[Finding]:
    """A function of more than 60 lines is worth a look."""
    for file in tree.files:
        if not (file.is_cxx or file.suffix == ".py") or file.name.endswith("_test.cc"):
            continue
        for function in lizard.analyze_file.analyze_source_code(file.path, file.text).function_list:
            length = function.end_line - function.start_line + 1
            if length > FUNCTION_LINES_WARN:
                text = f"{function.name} has {length} lines (more than {FUNCTION_LINES_WARN})"
                yield Finding(file.path, function.start_line, text, warning=True)
