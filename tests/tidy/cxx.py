# SPDX-License-Identifier: Apache-2.0
"""Just enough of C++ for the house rules: comments and literals, and the statements around co_await."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise

_LITERAL = re.compile(
    r"""
    (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<raw> R"(?P<mark>[^\s()\\]{0,16})\( .*? \)(?P=mark)" )
  | (?P<include> ^[ \t]*\#[ \t]*include[^\n]* )
  | (?P<text> "(?:\\.|[^"\\\n])*" )
  | (?P<char> (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+' )
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def without_comments(text: str) -> str:
    """The text with comments and the insides of string and character literals made blank; lines stay lines."""

    def replace(match: re.Match[str]) -> str:
        whole = match.group(0)
        if match.lastgroup == "include" or match.group("include"):
            return whole
        if match.group("comment"):
            return _blank(whole)
        if match.group("raw"):
            return '"' + _blank(whole[1:-1]) + '"'
        return whole[0] + _blank(whole[1:-1]) + whole[-1]

    return _LITERAL.sub(replace, text)


_TOKEN = re.compile(r"[A-Za-z_]\w*|->|::|\S")
_BINDING = re.compile(r"\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*co_await\b")
_TYPE_WORDS = {"class", "struct", "union", "enum", "namespace", "extern", "concept"}
_BLOCK_WORDS = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
_NOT_A_NAME = {"return", "co_return", "co_await", "co_yield", "throw", "case", "new", "delete"}


@dataclasses.dataclass
class _Statement:
    """What is known of the statement being read, at one level of braces."""

    kind: str = "block"  # What the braces around it are: block, lambda or init.
    await_line: int = 0
    braced: bool = False
    capturing: bool = False
    depth: int = 0  # Of ( and [ within the statement.
    lambda_depth: int = -1  # The depth at which a lambda was announced and waits for its body.
    words: list[str] = dataclasses.field(default_factory=list)

    def restart(self) -> None:
        self.await_line, self.braced, self.capturing, self.lambda_depth = 0, False, False, -1
        self.words = []


def _is_name(word: str) -> bool:
    return bool(re.match(r"[A-Za-z_]", word)) and word not in _NOT_A_NAME


def _opens_block(statement: _Statement) -> bool:
    """Does a { at this place open a block, rather than an initialiser?"""
    if statement.depth > 0:
        return False
    words = statement.words
    if not words or words[-1] in (")", "}", ":") or words[-1] in _BLOCK_WORDS or _TYPE_WORDS & set(words):
        return True
    # A function with a trailing return type: ") -> awaitable<int> {".
    return any(word == "->" and (before == ")" or before in _BLOCK_WORDS) for before, word in pairwise(words))


def _declares(words: list[str]) -> bool:
    """Do the words end like a declaration, "Type name", whose braces initialise a variable and no temporary?"""
    if len(words) < 2 or not _is_name(words[-1]):
        return False
    return _is_name(words[-2]) or words[-2] in (">", "&", "*")


class _Reader:
    def __init__(self) -> None:
        self.stack = [_Statement()]
        self.found: list[tuple[int, str]] = []

    def judge(self, statement: _Statement) -> None:
        if statement.await_line and statement.braced:
            self.found.append((statement.await_line, "a braced temporary in a co_await statement: name it first"))
        if statement.await_line and statement.capturing:
            self.found.append((statement.await_line, "a capturing lambda in a co_await statement: name it first"))
        statement.restart()

    def bracket(self, following: str) -> None:
        """A [ : a subscript, an attribute, or the captures of a lambda."""
        top = self.stack[-1]
        before = top.words[-1] if top.words else ""
        if not (_is_name(before) or before in (")", "]", '"')) and following != "[" and before != "[":
            top.lambda_depth = top.depth
            top.capturing |= following != "]"
        top.depth += 1

    def open_brace(self) -> None:
        top = self.stack[-1]
        if top.lambda_depth == top.depth:
            top.lambda_depth = -1
            self.stack.append(_Statement("lambda"))
        elif _opens_block(top):
            self.judge(top)
            self.stack.append(_Statement("block"))
        else:
            top.braced |= not _declares(top.words)
            self.stack.append(_Statement("init"))

    def close_brace(self) -> None:
        if len(self.stack) == 1:
            return  # Unbalanced, as within #if branches.
        inner = self.stack.pop()
        outer = self.stack[-1]
        if inner.kind == "init":
            # Its parts belong to the statement around it.
            outer.await_line = outer.await_line or inner.await_line
            outer.braced |= inner.braced
            outer.capturing |= inner.capturing
        else:
            self.judge(inner)
        if inner.kind == "block":
            outer.restart()
        else:
            outer.words.append("}")

    def read(self, word: str, following: str, line: int) -> None:
        top = self.stack[-1]
        if word == "{":
            self.open_brace()
            return
        if word == "}":
            self.close_brace()
            return
        if word == ";" and top.depth == 0 and top.kind != "init":
            self.judge(top)
            return
        if word == "[":
            self.bracket(following)
        elif word == "(":
            top.depth += 1
        elif word in (")", "]"):
            top.depth = max(0, top.depth - 1)
        elif word == "co_await":
            top.await_line = line
        top.words.append(word)


def risky_awaits(code: str) -> list[tuple[int, str]]:
    """The (line, reason) of co_await statements that g++ 12.2 compiles wrongly; `code` is without comments."""
    reader = _Reader()
    for match in _BINDING.finditer(code):
        place = code.count("\n", 0, match.start()) + 1
        reader.found.append((place, "a structured binding of a co_await: name the value first"))
    for number, line in enumerate(code.split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        words = [*_TOKEN.findall(line), ""]
        for word, following in pairwise(words):
            reader.read(word, following, number)
    return sorted(set(reader.found))
