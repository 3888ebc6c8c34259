# SPDX-License-Identifier: Apache-2.0
"""The main job on real input: a table in S3, an API with a limit, the enriched table back in S3, checked.

    ./dev demo                 144,563 cities, through examples/cities/job.toml
    ./dev demo --records N     N generated rows

It starts a real S3 server and the mock API, runs the command as a user would, and then judges the run from
outside: the table that came out, what the API counted, the run's own summary. It ends with exit code 0 only
when nothing was lost, nothing called twice, the limit never passed and at least 97 % of it used.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cities
import verdict

import parts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "demo"
RUN = FOLDER / "run"
BUCKET = "rowcall-demo"
RATE = "5000/s"


@dataclasses.dataclass(frozen=True)
class Job:
    """A job file, and where in S3 it reads and writes ("BUCKET/KEY")."""

    file: Path
    source: str
    sink: str
    added: list[str]


def read_job(file: Path) -> Job:
    job = tomllib.loads(file.read_text())
    source, sink = job["source"]["path"], job["sink"]["path"]
    if isinstance(source, list) and len(source) == 1:
        source = source[0]
    for path in (source, sink):
        if not isinstance(path, str) or not path.startswith("s3://"):
            raise SystemExit(f"{file}: the demo reads and writes S3, and this job has {path}")
    return Job(file, source.removeprefix("s3://"), sink.removeprefix("s3://"), list(job["response"]["columns"]))


def cities_job(store: parts.S3) -> Job:
    """The example's job, with the cities where it looks for them."""
    job = read_job(ROOT / "examples" / "cities" / "job.toml")
    put(store, cities.cities_csv(), job)
    return job


def generated_job(store: parts.S3, records: int) -> Job:
    """A job on `records` rows that the command generates."""
    file = FOLDER / "job.toml"
    file.write_text(
        f'name = "demo-generated"\n\n[source]\npath = "s3://{BUCKET}/generated/rows.csv"\n\n'
        f'[response]\ncolumns = {{ score = "/score:double", label = "/label" }}\n\n[limits]\nrate = "{RATE}"\n\n'
        f'[sink]\npath = "s3://{BUCKET}/generated/scored.parquet"\n'
    )
    job = read_job(file)
    table = FOLDER / "rows.csv"
    flags = ["--records", str(records), "--format", "csv", "--seed", "7", "--out", str(table)]
    done = parts.rowcall("generate", *flags, timeout=3600)
    if done.code != 0:
        raise SystemExit(f"rowcall generate failed: {done}")
    put(store, table, job)
    table.unlink()
    return job


def put(store: parts.S3, table: Path, job: Job) -> None:
    """Puts the table where the job reads it. The server keeps objects as files."""
    for place in (job.source, job.sink):
        store.make_bucket(place.split("/")[0])
    target = store.folder / job.source
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(table, target)


def run_command(job: Job, env: Mapping[str, str]) -> int:
    """Runs the command on this terminal; its progress line is its own. Ctrl-C reaches it too, and it ends well."""
    command = [str(parts.rowcall_path()), "run", str(job.file), "--run-dir", str(RUN)]
    print("$ " + " ".join(command).replace(f"{ROOT}/", ""), flush=True)
    process = subprocess.Popen(command, env={**os.environ, **env})
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def judge(job: Job, store: parts.S3, stats: dict[str, Any], summary: dict[str, Any]) -> Iterator[verdict.Check]:
    files = store.filesystem()
    source = verdict.read_csv_as_text(job.source, files)
    output = verdict.read_parquet(job.sink, files)
    yield from verdict.check_tables(source, output, job.added)
    yield from verdict.check_summary(summary, source.num_rows)
    yield from verdict.check_audit(stats, summary)


def cost_line(summary: dict[str, Any]) -> str:
    rows, seconds = max(summary["rows"], 1), max(summary["duration_s"], 1e-9)
    return (
        f"{seconds:.1f} s, {rows / seconds:,.0f} rows/s, {1e6 * summary['cpu_s'] / rows:.1f} us of CPU a row, "
        f"{summary['rss_max_bytes'] / 2**20:.0f} MB of memory at most"
    )


def demo(records: int | None) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with parts.S3(FOLDER / "s3") as store, parts.MockApi(limit=RATE, latency="20ms", jitter="5ms") as api:
        print(f"S3 at {store.endpoint} (versitygw), API at {api.url} (mock, {RATE}, 15 to 25 ms)")
        job = cities_job(store) if records is None else generated_job(store, records)
        print(
            f"table s3://{job.source}, {(store.folder / job.source).stat().st_size / 1e6:.1f} MB; output s3://{job.sink}"
        )
        code = run_command(job, {**store.env, "API_ENDPOINT": api.url + "/score"})
        if code != 0:
            print(f"demo: the run ended with exit code {code}; its log is in {RUN.relative_to(ROOT)}/")
            return 1
        stats = api.stats()
        summary = json.loads((RUN / "summary.json").read_text())
        checks = list(judge(job, store, stats, summary))
    good = all(check.good for check in checks)
    print("\nverdict, judged from outside the run:")
    print("\n".join(map(str, checks)))
    print(f"  cost {cost_line(summary)}")
    print(f"  the table is {(FOLDER / 's3' / job.sink).relative_to(ROOT)}, the run's record {RUN.relative_to(ROOT)}/")
    print("demo: every row accounted for, never over the limit" if good else "demo: FAILED, see BAD above")
    return 0 if good else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, metavar="N", help="N generated rows instead of the cities")
    options = parser.parse_args()
    if options.records is not None and options.records < 1:
        parser.error("--records needs a number above 0")
    try:
        return demo(options.records)
    except (parts.PartError, FileNotFoundError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
