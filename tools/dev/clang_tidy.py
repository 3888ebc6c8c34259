#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the tree, in parallel, and skips files it has already found good.

A file's verdict depends on its compile command, .clang-tidy, clang-tidy itself, the pinned packages, the
file and the headers of this tree that it includes. A hash of these names a verdict; good ones are kept in
--cache, so that a second run looks only at what changed, in a fresh clone too.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "clang-tidy-19"
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
INCLUDE_FOLDERS = (ROOT / "src", ROOT / "include", ROOT)
# g++ knows warnings that clang does not.
EXTRA = ("--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-unused-command-line-argument")


def headers_of(file: Path, seen: dict[Path, bytes]) -> None:
    """Puts the file and all headers of this tree that it includes, directly or not, into `seen`."""
    if file in seen:
        return
    seen[file] = file.read_bytes()
    for name in INCLUDE.findall(seen[file].decode("utf-8", "replace")):
        for folder in (file.parent, *INCLUDE_FOLDERS):
            if (folder / name).is_file():
                headers_of((folder / name).resolve(), seen)
                break


class Verdicts:
    """The good verdicts of earlier runs: empty files named by hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        version = subprocess.run([PROGRAM, "--version"], capture_output=True, check=True).stdout
        pins = (ROOT / "tools/requirements/build.txt").read_bytes()
        self.common = version + (ROOT / ".clang-tidy").read_bytes() + pins

    def place(self, entry: dict) -> Path:
        seen: dict[Path, bytes] = {}
        headers_of(Path(entry["file"]), seen)
        key = hashlib.sha256(self.common)
        key.update(entry["command"].replace(str(ROOT), "").encode())
        for path in sorted(seen):
            key.update(str(path.relative_to(ROOT)).encode() + b"\0" + seen[path] + b"\0")
        return self.folder / key.hexdigest()


def entries_of(build: Path, tests: bool, only: list[str]) -> list[dict]:
    """The compile commands of our own files: without generated code, and without *_test.cc unless asked for."""
    wanted = {(ROOT / name).resolve() for name in only}
    entries = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"]).resolve()
        if file.suffix != ".cc" or not file.is_relative_to(ROOT) or file.is_relative_to(ROOT / "build"):
            continue
        if wanted and file not in wanted:
            continue
        if file.name.endswith("_test.cc") and not tests and file not in wanted:
            continue
        # The compiler launcher is none of clang-tidy's business.
        words = shlex.split(entry["command"])
        entry["command"] = shlex.join(words[1:] if words[0].endswith("ccache") else words)
        entries.append(entry)
    return entries


def look_at(entry: dict, build: Path) -> tuple[bool, str]:
    done = subprocess.run(
        [PROGRAM, "-p", str(build), "--quiet", "--warnings-as-errors=*", *EXTRA, entry["file"]],
        capture_output=True,
        text=True,
    )
    return done.returncode == 0, done.stdout + ("" if done.stdout.strip() else done.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="a configured build folder")
    parser.add_argument("--cache", type=Path, required=True, help="where good verdicts are kept")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tests", action="store_true", help="look at *_test.cc too")
    parser.add_argument("files", nargs="*", help="only these")
    options = parser.parse_args()

    started = time.monotonic()
    verdicts = Verdicts(options.cache)
    entries = entries_of(options.build, options.tests, options.files)
    todo = [(entry, place) for entry in entries if not (place := verdicts.place(entry)).exists()]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        looks = {pool.submit(look_at, entry, options.build): (entry, place) for entry, place in todo}
        for look in concurrent.futures.as_completed(looks):
            entry, place = looks[look]
            good, text = look.result()
            if good:
                place.touch()
            else:
                bad += 1
                print(f"{Path(entry['file']).relative_to(ROOT)}:\n{text.replace(str(ROOT) + '/', '')}", flush=True)
    kept = len(entries) - len(todo)
    seconds = time.monotonic() - started
    print(f"clang-tidy: {len(entries)} files, {kept} unchanged since found good, {bad} with faults, {seconds:.0f} s")
    return 1 if bad or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
