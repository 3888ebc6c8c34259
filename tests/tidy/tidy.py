#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the house rules of CONTRIBUTING.md that a machine can check: tidy.py [--root FOLDER] [RULE...]"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import links
import rooms
import sizes
import words
from cxx import risky_awaits
from tree import Finding, Tree, read_tree


def check_awaits(tree: Tree) -> Iterator[Finding]:
    """No co_await statement of a kind that g++ 12.2 compiles wrongly."""
    for file in tree.cxx():
        for line, text in risky_awaits(file.code):
            yield Finding(file.path, line, text)


RULES: dict[str, Callable[[Tree], Iterator[Finding]]] = {
    "order": rooms.check_order,
    "doors": rooms.check_doors,
    "names": rooms.check_names,
    "listed": rooms.check_listed,
    "table": rooms.check_table,
    "licence": words.check_licence,
    "white-space": words.check_white_space,
    "words": words.check_words,
    "printing": words.check_printing,
    "awaits": check_awaits,
    "files": sizes.check_files,
    "functions": sizes.check_functions,
    "links": links.check_links,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("rules", nargs="*", metavar="RULE", help=f"only these: {', '.join(RULES)}")
    options = parser.parse_args()
    if unknown := set(options.rules) - set(RULES):
        parser.error(f"no rule is called {', '.join(sorted(unknown))}")

    tree = read_tree(options.root)
    faults = warnings = 0
    for name in options.rules or RULES:
        for finding in sorted(set(RULES[name](tree))):
            print(f"{finding} [{name}]")
            warnings += finding.warning
            faults += not finding.warning
    print(f"tidy: {len(tree.files)} files, {len(options.rules or RULES)} rules, {faults} faults, {warnings} warnings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
