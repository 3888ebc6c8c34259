# SPDX-License-Identifier: Apache-2.0
"""A table in, a scripted API, a table out, exactly. README.md tells what a case is made of."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

import parts

CASES = sorted(folder.parent for folder in Path(__file__).parent.glob("*/job.toml"))
WRITE = os.environ.get("ROWCALL_WRITE_GOLDEN") == "1"


def same(expected: Path, got: str | None) -> None:
    """`got` is what the file holds; None: there is no such file."""
    if WRITE:
        expected.unlink(missing_ok=True)
        if got is not None:
            expected.write_text(got)
    assert (expected.read_text() if expected.exists() else None) == got


def shown(seen: parts.Seen) -> str:
    """A request without what differs from run to run."""
    names = ("authorization", "content-type", "idempotency-key", "x-", "accept")
    headers = {name.lower(): value for name, value in seen.headers.items() if name.lower().startswith(names)}
    if "idempotency-key" in headers:
        headers["idempotency-key"] = re.sub(r"[0-9a-f]", "0", headers["idempotency-key"])
    named = [f"{name}: {value}" for name, value in sorted(headers.items())]
    return "\n".join([f"{seen.method} {seen.target}", *named, seen.body]).rstrip() + "\n"


def read_all(folder: Path) -> str | None:
    files = sorted(file for file in folder.rglob("*.ndjson") if not file.name.startswith("_"))
    return "".join(file.read_text() for file in files) or None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path, tmp_path: Path) -> None:
    (source,) = case.glob("input.*")
    script = tomllib.loads((case / "server.toml").read_text())
    form = "csv" if (case / "output.csv").exists() else "ndjson"
    out, run = tmp_path / f"out.{form}", tmp_path / "run"
    with parts.ScriptedApi(script["reply"]) as api:
        done = parts.rowcall(
            *("run", case / "job.toml", "--from", source.name, "--to", out, "--run-dir", run, "--quiet"),
            *("--set", f"request.url={api.url}{script.get('path', '/')}", "--set", "retry.base=1ms"),
            *("--set", "sink.format=" + form, "--no-env-file"),
            cwd=case,
            env={"GOLDEN_SECRET": "s3cr3t", "HOME": str(tmp_path)},
        )
    assert done.code in (0, 4), done
    assert "s3cr3t" not in done.out + done.err
    for file in run.rglob("*"):
        assert not file.is_file() or b"s3cr3t" not in file.read_bytes(), file
    same(case / f"output.{form}", out.read_text() if out.exists() else None)
    same(case / "failures.ndjson", read_all(run / "failures"))
    if (case / "requests.txt").exists():
        texts = [shown(seen) for seen in api.seen]
        same(case / "requests.txt", "\n".join(sorted(texts)))
