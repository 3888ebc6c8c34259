# SPDX-License-Identifier: Apache-2.0
"""The co_await rule: what g++ 12.2 compiles wrongly is found, what is harmless is not."""

import pytest
from cxx import risky_awaits, without_comments

RISKY = {
    "braced argument": "void f() { co_await send(Request{1}); }",
    "braced argument without a type": "void f() { co_await send({1, 2}); }",
    "braced before the await, same statement": "void f() { both(Request{1}, co_await next()); }",
    "over several lines": "void f() {\n  co_await send(\n      Request{\n          1});\n}",
    "in a condition": "void f() { if (co_await send(Request{1})) { g(); } }",
    "in a loop condition": "void f() { while (auto x = co_await next(Options{.n = 1})) use(x); }",
    "temporary around the await": "auto f() { co_return Wrapped{co_await next()}; }",
    "capturing lambda": "void f() { co_await each([&](int x) { use(x); }); }",
    "capture with initialiser": "void f() { co_await each([n = 1](int x) { use(x + n); }); }",
    "inside a lambda": "auto g = [](int x) -> awaitable<int> { co_await send(Request{x}); };",
    "in a nested block": "void f() { for (;;) { if (a) { co_await send(Request{1}); } } }",
    "template braces": "void f() { co_await send(std::vector<int>{1}); }",
    "in a method with a trailing type": "auto T::f() const -> awaitable<int> { co_await send(R{1}); }",
}

HARMLESS = {
    "no await": "void f() { send(Request{1}); }",
    "named first": "void f() { Request r{1}; co_await send(r); }",
    "the next statement": "void f() { co_await send(r); use(Request{1}); }",
    "a declaration": "void f() { std::vector<int> v{co_await next()}; }",
    "lambda without captures": "void f() { co_await each([](int x) { use(x); }); }",
    "block after the await": "void f() { if (co_await next()) { use(Request{1}); } }",
    "await within a spawned lambda": "void f() { spawn(loop, [&]() -> awaitable<void> { co_await next(); }); }",
    "subscript": "void f() { co_await all[next_index]; }",
    "attribute": "[[nodiscard]] awaitable<int> f() { co_return co_await next(); }",
    "in a comment": "void f() { /* co_await send(R{1}) */ g(); }",
    "in a text": 'void f() { co_await send("R{1}"); }',
    "constructor with braces": "T::T() : a_{1}, b_{2} { start(); }",
    "class with default members": "struct T { int a = 0; std::string b{}; awaitable<int> f() { co_await next(); } };",
}


@pytest.mark.parametrize("code", RISKY.values(), ids=RISKY.keys())
def test_finds_risky_await(code):
    assert risky_awaits(without_comments(code))


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS.keys())
def test_leaves_harmless_await(code):
    assert risky_awaits(without_comments(code)) == []


def test_finds_structured_binding():
    code = "void f() {\n  auto [a, b] = co_await next();\n}"
    assert risky_awaits(code) == [(2, "a structured binding of a co_await: name the value first")]


def test_names_the_line_of_the_await():
    code = "void f() {\n  int a = 1;\n  co_await send(\n      R{1});\n}\n"
    assert [line for line, _ in risky_awaits(code)] == [3]


def test_blanks_comments_and_literals_but_keeps_lines():
    text = 'int a = 1\'000;  // "not a text\nauto s = "// no comment";\n/* one\ntwo */ auto r = R"x(a)" b)x";\n'
    code = without_comments(text)
    assert code.count("\n") == text.count("\n")
    assert len(code) == len(text)
    assert "comment" not in code
    assert "two" not in code
    assert "1'000" in code
    assert 'R"' not in code.replace('auto r = "', "")
