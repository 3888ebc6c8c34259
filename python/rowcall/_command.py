# SPDX-License-Identifier: Apache-2.0
"""The command `rowcall` that the wheel brings, and runs on files, which are its business."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rowcall import _engine
from rowcall._errors import Interrupted, NotFoundError, RowcallError, StoppedError, error_for
from rowcall._job import Job
from rowcall._report import Report, Run

logger = logging.getLogger("rowcall")

_DONE, _USAGE, _STOPPED, _ROWS_FAILED, _UNHEALTHY, _INTERRUPTED = 0, 2, 3, 4, 5, 130


class Output(str):
    """The path of an output table, as text, with the `failures`, `report` and `counts` of its run. `failures` is the
    path of the failure tables, or None."""

    failures: str | None
    report: Report
    _rowcall_run: Run

    @property
    def counts(self) -> Any:
        """Rows by ending, and calls."""
        return self.report.counts


def command_path() -> Path:
    """The command: $ROWCALL, else the one in the wheel. Raises NotFoundError."""
    given = os.environ.get("ROWCALL")
    path = Path(given) if given else Path(__file__).parent / "_bin" / "rowcall"
    if not path.exists():
        raise NotFoundError(
            f"{path}: the rowcall command is not there, which files and S3 need. Install the wheel, or set ROWCALL."
        )
    return path


def main() -> None:
    """The console command: becomes the bundled one."""
    path = str(command_path())
    os.execv(path, ["rowcall", *sys.argv[1:]])


def _environment() -> dict[str, str]:
    """Ours, without variables that set settings: the job has them already."""
    known = {name for setting in _engine.settings() for name in setting["environment"]}
    return {name: value for name, value in os.environ.items() if name not in known}


class _Process:
    """The command on a job, in a session of its own, its lines handed to logging."""

    def __init__(self, words: list[str], show: bool) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [command_path(), *words],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if show else subprocess.STDOUT,
            start_new_session=True,
            text=True,
            errors="replace",
        )

    def wait(self) -> int:
        """Its exit code. Ctrl-C is handed on, and waited for."""
        while (code := self._read()) is None:
            pass
        return code

    def _read(self) -> int | None:
        assert self._process.stdout is not None
        try:
            for line in self._process.stdout:
                self.lines.append(line.rstrip("\n"))
                logger.debug("%s", self.lines[-1])
            return self._process.wait()
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGINT)
            return None
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def error(self, otherwise: str) -> str:
        """What it said of its failure."""
        said = [line.removeprefix("rowcall: ") for line in self.lines if line.startswith("rowcall: ")]
        return said[-1] if said else otherwise


def run_words(words: list[str]) -> tuple[int, list[str], str]:
    """Runs a command to its end: exit code, what it printed, and its error."""
    process = _Process(words, show=False)
    code = process.wait()
    return code, process.lines, process.error(f"rowcall {words[0]} ended with exit code {code}")


@contextlib.contextmanager
def job_file(job: Job) -> Any:
    """The job as a file, by the job's own name; it holds no secrets."""
    with tempfile.TemporaryDirectory(prefix="rowcall-") as folder:
        path = Path(folder) / f"{job.get('name')}.toml"
        path.write_text(job.to_toml())
        yield str(path)


def run_directory(job: Job) -> Path:
    """Where the command keeps the run of a job."""
    return Path(job.get("run.dir") or Path("runs") / job.get("name"))


def run_job(job: Job, progress: bool | None) -> Output:
    """`rowcall run` on a job whose source is files."""
    show = progress is True or (progress is None and sys.stderr is not None and sys.stderr.isatty())
    with job_file(job) as path:
        process = _Process(["run", path, "--no-env-file", *([] if show else ["--quiet"])], show)
        code = process.wait()
    directory = run_directory(job)
    return _finish(code, directory, process.error(f"rowcall run ended with exit code {code}"))


def retry_run(directory: Path, progress: bool | None) -> Output:
    """`rowcall retry` on a run directory."""
    show = progress is True
    process = _Process(["retry", str(directory), *([] if show else ["--quiet"])], show)
    code = process.wait()
    # An interrupted retry is gone on with in its own folder, the last one.
    retries = sorted((directory / "retries").glob("*"), key=lambda path: int(path.name))
    place = retries[-1] if retries else directory
    return _finish(code, place, process.error(f"rowcall retry ended with exit code {code}"))


def _finish(code: int, directory: Path, error: str) -> Output:
    if code == _USAGE:
        raise error_for("setting", error)
    output = _output(directory)
    if code in (_DONE, _ROWS_FAILED) and output is not None:
        return output
    trouble: RowcallError | Interrupted
    if code == _INTERRUPTED:
        trouble = Interrupted("stopped by Ctrl-C; the same call goes on where it stopped")
    elif output is not None and output.report.details["error_code"]:
        trouble = error_for(output.report.details["error_code"], output.report.error)
    elif code == _STOPPED:
        trouble = StoppedError(error)
    else:
        trouble = RowcallError(error)
    trouble.partial = output
    raise trouble


def _output(directory: Path) -> Output | None:
    try:
        report = Report.from_json((directory / "summary.json").read_text())
    except FileNotFoundError:
        return None
    output = Output(report.details["sink"])
    output.report = report
    failures = report.details["failures"]
    output.failures = failures["path"] if failures else None
    run = Run(str(directory))
    run._end(report, output.failures)
    output._rowcall_run = run
    return output


def named_lines(lines: list[str]) -> dict[str, str]:
    """Lines such as "status       200 OK" by their names."""
    found = {}
    for line in lines:
        if match := re.match(r"(\S+(?: \S+)?)\s{2,}(.*)", line):
            found[match.group(1)] = match.group(2)
    return found
