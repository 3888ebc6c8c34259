# SPDX-License-Identifier: Apache-2.0
"""The files that the house rules are checked on, and what a rule reports."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from cxx import without_comments


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """A breach of a rule, or (warning) something to look at."""

    path: str
    line: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning: " if self.warning else ""
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {kind}{self.text}"


@dataclasses.dataclass(frozen=True)
class File:
    """A text file of the tree. `path` is relative to the root, with forward slashes."""

    path: str
    text: str

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.path).parent)

    @property
    def is_cxx(self) -> bool:
        return self.suffix in (".cc", ".h")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def code(self) -> str:
        """C++ with comments and the insides of literals blanked out, line for line."""
        return without_comments(self.text)

    @cached_property
    def code_lines(self) -> list[str]:
        return self.code.split("\n")


@dataclasses.dataclass
class Tree:
    """All text files that git tracks or would track."""

    root: Path
    files: list[File]

    @cached_property
    def paths(self) -> set[str]:
        """Every file and every folder that holds one."""
        found: set[str] = set()
        for path in self.all_paths:
            found.add(path)
            found.update(str(parent) for parent in PurePosixPath(path).parents)
        return found

    all_paths: list[str] = dataclasses.field(default_factory=list)

    def cxx(self) -> Iterator[File]:
        return (file for file in self.files if file.is_cxx)

    def get(self, path: str) -> File | None:
        return next((file for file in self.files if file.path == path), None)


def read_tree(root: Path) -> Tree:
    listing = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"],
        capture_output=True,
        text=True,
        check=True,
    )
    paths = [path for path in listing.stdout.split("\0") if path and (root / path).is_file()]
    files = []
    for path in paths:
        content = (root / path).read_bytes()
        if b"\0" in content:
            continue
        try:
            files.append(File(path, content.decode("utf-8")))
        except UnicodeDecodeError:
            continue
    return Tree(root, files, paths)
