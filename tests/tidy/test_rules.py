# SPDX-License-Identifier: Apache-2.0
"""Each house rule finds its breach in a small tree, and accepts the mended one."""

from pathlib import Path, PurePosixPath

import links
import pytest
import rooms
import sizes
import tidy
import words
from tree import File, Tree

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def tree_of(files: dict[str, str]) -> Tree:
    assert all(not PurePosixPath(path).is_absolute() for path in files)
    return Tree(Path("."), [File(path, text) for path, text in files.items()], list(files))


def findings(rule, files: dict[str, str]) -> list[str]:
    return [str(finding) for finding in rule(tree_of(files))]


@pytest.mark.parametrize(
    ("path", "include", "reason"),
    [
        ("src/policy/a.h", "base/b.h", ""),
        ("src/policy/a.h", "rowcall/job.h", ""),
        ("src/policy/a.h", "policy/c.h", ""),
        ("src/policy/a.h", "table/rows.h", "sister"),
        ("src/settings/a.h", "policy/limiter.h", "sister"),
        ("src/base/a.h", "policy/limiter.h", "downwards"),
        ("src/call/a_test.cc", "engine/run.h", "downwards"),
        ("src/engine/run.cc", "telemetry/log.h", "downwards"),
        ("src/engine/run.cc", "gone/x.h", "no room"),
        ("include/rowcall/job.h", "base/names.h", "downwards"),
        ("include/rowcall/job.h", "rowcall/time.h", ""),
        ("mockapi/a.cc", "rowcall/time.h", ""),
        ("mockapi/a.cc", "mockapi/b.h", ""),
        ("mockapi/a.cc", "base/names.h", "shares only"),
        ("cli/main.cc", "mockapi/serve.h", ""),
        ("cli/main.cc", "files/source.h", ""),
        ("cli/main.cc", "python/x.h", "sister"),
        ("src/engine/a.cc", "mockapi/serve.h", "only cli may"),
        ("python/src/module.cc", "engine/run.h", ""),
        ("python/src/module.cc", "files/source.h", "must do without"),
        ("src/policy/a.cc", "limiter.h", "without its room"),
        ("src/newroom/a.cc", "base/b.h", "give it a level"),
    ],
)
def test_order(path, include, reason):
    found = findings(rooms.check_order, {path: f'{SPDX}#include "{include}"\n'})
    assert len(found) == (1 if reason else 0)
    assert all(reason in text for text in found)


def test_order_ignores_commented_includes():
    assert findings(rooms.check_order, {"src/base/a.h": '// #include "policy/x.h"\n'}) == []


@pytest.mark.parametrize(
    ("path", "include", "allowed"),
    [
        ("src/table/a.cc", "<nanoarrow/nanoarrow.h>", True),
        ("src/engine/a.cc", "<nanoarrow/nanoarrow.h>", False),
        ("src/http/a.cc", "<boost/beast/http.hpp>", True),
        ("src/telemetry/a.cc", "<boost/asio.hpp>", False),
        ("src/telemetry/a.cc", "<boost/container/small_vector.hpp>", True),
        ("mockapi/a.cc", "<boost/asio.hpp>", True),
        ("src/files/a.cc", "<parquet/arrow/reader.h>", True),
        ("cli/main.cc", "<arrow/api.h>", False),
        ("src/ledger/a.cc", "<sqlite3.h>", True),
        ("src/engine/a.cc", "<sqlite3.h>", False),
        ("tests/sim/a.cc", "<boost/asio.hpp>", True),
    ],
)
def test_doors(path, include, allowed):
    assert bool(findings(rooms.check_doors, {path: f"#include {include}\n"})) is not allowed


@pytest.mark.parametrize("path", ["src/util/a.cc", "src/base/common.h", "python/rowcall/helpers.py"])
def test_names(path):
    assert findings(rooms.check_names, {path: ""})
    assert findings(rooms.check_names, {"src/base/utf8.h": ""}) == []


def test_listed():
    files = {"src/base/a.cc": "", "src/base/CMakeLists.txt": "rowcall_room(base SOURCES aa.cc b.cc)"}
    assert "does not name a.cc" in findings(rooms.check_listed, files)[0]
    files["src/base/CMakeLists.txt"] = "rowcall_room(base SOURCES a.cc)"
    assert findings(rooms.check_listed, files) == []


def test_table():
    row = "| {} | `{}/` | x |\n"
    whole = "".join(row.format(level, room) for room, level in rooms.LEVELS.items()) + row.format("-", "mockapi")
    folders = {f"{room}/CMakeLists.txt": "" for room in [*rooms.LEVELS, "mockapi"]}
    assert findings(rooms.check_table, {"ARCHITECTURE.md": whole, **folders}) == []
    assert findings(rooms.check_table, folders) == []
    wrong_level = whole.replace("| 1 | `src/base/`", "| 3 | `src/base/`")
    assert "is of level 1, not 3" in findings(rooms.check_table, {"ARCHITECTURE.md": wrong_level, **folders})[0]
    without = whole.replace("| 1 | `src/base/` | x |\n", "")
    assert "leaves out src/base" in findings(rooms.check_table, {"ARCHITECTURE.md": without, **folders})[0]
    extra = whole + row.format(2, "src/gone")
    assert "no folder src/gone" in findings(rooms.check_table, {"ARCHITECTURE.md": extra, **folders})[0]


@pytest.mark.parametrize(
    ("path", "text", "ok"),
    [
        ("src/base/a.cc", SPDX, True),
        ("src/base/a.cc", "#pragma once\n", False),
        ("tools/a.py", "#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\n", True),
        ("dev", "#!/usr/bin/env bash\n\n", False),
        ("src/base/CMakeLists.txt", "project(x)\n", False),
        ("python/rowcall/__init__.py", "", True),
        ("README.md", "# rowcall\n", True),
    ],
)
def test_licence(path, text, ok):
    assert bool(findings(words.check_licence, {path: text})) is not ok


@pytest.mark.parametrize(
    ("text", "ok"),
    [("a\n", True), ("a \n", False), ("a\n\n", False), ("a", False), ("\ta\n", False), ("a\n\nb\n", True)],
)
def test_white_space(text, ok):
    assert bool(findings(words.check_white_space, {"src/base/a.cc": text})) is not ok


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("// TO" + "DO later\n", False),
        ("// TO" + "DO(#12) later\n", True),
        ("see https://py" + "pi.org/project/x\n", False),
        ("from proxy.go" + "lang.org\n", False),
        ("pip install pyarrow\n", True),
        ("see https://arrow.apache.org/docs\n", True),
        ("cd /ro" + "ot/x\n", False),
        ("cd /ho" + "me/me/x\n", False),
        ("GET /homes/1 and a/root/b\n", True),
        ("s3://bucket/work/x\n", True),
    ],
)
def test_words(text, ok):
    assert bool(findings(words.check_words, {"docs/a.md": text})) is not ok


@pytest.mark.parametrize(
    ("path", "line", "ok"),
    [
        ("src/base/a.cc", 'std::cout << "x";', False),
        ("src/base/a.cc", 'printf("x");', False),
        ("src/base/a.cc", "exit(1);", False),
        ("src/base/a.cc", "std::exit(1);", False),
        ("src/base/a.cc", 'std::fprintf(stderr, "x");', False),
        ("src/base/a.cc", 'std::snprintf(buffer, 4, "x");', True),
        ("src/base/a.cc", "window.exit(1); on_exit(2);", True),
        ("src/base/a.cc", "::abort();", False),
        ("src/engine/a.h", "void abort(const Error& why);", True),
        ("src/base/a.cc", '// printf("x")', True),
        ("src/base/assert.cc", "std::abort();", True),
        ("src/base/a_test.cc", "std::exit(1);", True),
        ("cli/main.cc", 'std::printf("x");', True),
    ],
)
def test_printing(path, line, ok):
    assert bool(findings(words.check_printing, {path: line + "\n"})) is not ok


def test_printing_in_what_only_tests_include():
    files = {"src/http/fake.h": "std::abort();\n", "src/http/a_test.cc": '#include "http/fake.h"\n'}
    assert findings(words.check_printing, files) == []
    files["src/http/a.cc"] = '#include "http/fake.h"\n'
    assert len(findings(words.check_printing, files)) == 1


def test_file_length():
    def found(lines):
        return list(sizes.check_files(tree_of({"src/base/a.cc": "x\n" * lines})))

    assert found(500) == []
    assert found(501)[0].warning
    assert not found(801)[0].warning


def test_function_length():
    def found(lines):
        body = "  work();\n" * lines
        return list(sizes.check_functions(tree_of({"src/base/a.cc": f"int f() {{\n{body}}}\n"})))

    assert found(58) == []
    assert found(59)[0].warning


@pytest.mark.parametrize(
    ("link", "ok"),
    [
        ("[a](docs/b.md)", True),
        ("[a](docs/)", True),
        ("[a](docs/b.md#two-words)", True),
        ("[a](docs/b.md#none)", False),
        ("[a](gone.md)", False),
        ("[a](#here)", True),
        ("[a](#there)", False),
        ("[a](https://example.com/gone.md)", True),
        ("`[a](gone.md)`", True),
        ("```\n[a](gone.md)\n```", True),
        ("[a]: gone.md", False),
    ],
)
def test_links(link, ok):
    files = {"README.md": f"# Here\n\n{link}\n", "docs/b.md": "# Two `words`\n"}
    assert bool(findings(links.check_links, files)) is not ok


def test_every_rule_is_registered():
    """A rule that nobody calls finds nothing."""
    modules = (rooms, words, sizes, links)
    rules = {rule for module in modules for name, rule in vars(module).items() if name.startswith("check_")}
    assert rules <= set(tidy.RULES.values())


def test_the_whole_command_finds_a_breach(tmp_path, monkeypatch, capsys):
    import subprocess

    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "src" / "base").mkdir(parents=True)
    (tmp_path / "src" / "base" / "CMakeLists.txt").write_text("# SPDX-License-Identifier: Apache-2.0\n# a.cc\n a.cc\n")
    source = tmp_path / "src" / "base" / "a.cc"
    source.write_text(f'{SPDX}#include "policy/x.h"\n')
    monkeypatch.setattr("sys.argv", ["tidy.py", "--root", str(tmp_path)])
    assert tidy.main() == 1
    assert "src/base/a.cc:2: src/base (level 1) includes src/policy (level 2)" in capsys.readouterr().out
    source.write_text(SPDX)
    assert tidy.main() == 0
