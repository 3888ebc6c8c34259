# SPDX-License-Identifier: Apache-2.0
"""Relative links in Markdown lead somewhere, to the heading they name too."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from urllib.parse import unquote

from tree import Finding, Tree

_LINK = re.compile(r"(?<!\\)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def _slug(heading: str) -> str:
    """The anchor that a heading gets: lower case, no punctuation, blanks as dashes."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def _outside_code(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that are not in a fenced block, without their code spans."""
    fence = ""
    for number, line in enumerate(lines, start=1):
        mark = re.match(r"^\s*(```+|~~~+)", line)
        if mark and (not fence or mark.group(1).startswith(fence)):
            fence = "" if fence else mark.group(1)
        elif not fence:
            yield number, line


def anchors(text: str) -> set[str]:
    found: set[str] = set(re.findall(r'<a\s+(?:id|name)="([^"]+)"', text))
    for _, line in _outside_code(text.split("\n")):
        if match := _HEADING.match(line):
            slug, again = _slug(match.group(1)), 0
            while (slug if not again else f"{slug}-{again}") in found:
                again += 1
            found.add(slug if not again else f"{slug}-{again}")
    return found


def check_links(tree: Tree) -> Iterator[Finding]:
    """Every relative link in a *.md file resolves."""
    for page in tree.files:
        if page.suffix != ".md":
            continue
        for number, line in _outside_code(page.lines):
            plain = re.sub(r"`[^`]*`", "", line)
            for target in [*_LINK.findall(plain), *_DEFINITION.findall(plain)]:
                if re.match(r"^[a-z][a-z0-9+.-]*:", target):
                    continue
                path, _, anchor = unquote(target).partition("#")
                full = posixpath.normpath(posixpath.join(page.folder, path)) if path else page.path
                if full != "." and full not in tree.paths:
                    yield Finding(page.path, number, f"the link {target} leads nowhere")
                elif anchor and full.endswith(".md"):
                    other = tree.get(full)
                    if other is not None and anchor.lower() not in anchors(other.text):
                        yield Finding(page.path, number, f"the link {target}: {full} has no such heading")
