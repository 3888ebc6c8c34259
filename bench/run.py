# SPDX-License-Identifier: Apache-2.0
"""rowcall beside a script that does the same and beside wrk, in one run: ./dev bench [--records N] [--runs N].

    max      one POST a row, the API answers at once: how many rows a second, at what CPU
    rate     a limit of 5000 a second, the API answers after 20 ms: is the limit kept, and how much of it used
    wrk      the bound: the same request again and again, no table in or out

The client has core 0 to itself, the mock API core 1. Every case runs --runs times, the cases in turn, so that
a busy moment of the machine hits all of them; the table gives medians. Processor time is that of the
client's whole process tree, start-up, reading and writing included. Of a shared machine, trust the
processor time and the ratios of one run, not the rows a second.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import parts  # noqa: E402 (found through the line above)

CLIENT_CORE, SERVER_CORE = "0", "1"


@dataclasses.dataclass(frozen=True)
class Measure:
    """One run of one case."""

    rows: int
    seconds: float
    cpu_us_per_row: float
    rss_mb: float
    worst_second: int
    mean_rate: float  # Arrivals a second at the API, from the first to the last.

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds


@dataclasses.dataclass(frozen=True)
class Plan:
    folder: Path
    table: Path
    rows: int
    rate: int  # 0: as fast as it goes.


def pinned(core: str) -> list[str]:
    return ["taskset", "-c", core] if (os.cpu_count() or 1) > 1 else []


@dataclasses.dataclass(frozen=True)
class Took:
    """What a command took, its children included."""

    seconds: float
    cpu_s: float
    rss_mb: float
    output: str


def run_pinned(folder: Path, command: Sequence[str]) -> Took:
    """Runs the command on the client's core."""
    usage = folder / "usage.json"
    helper = [sys.executable, "-S", "-E", str(ROOT / "bench" / "measured.py"), str(usage)]
    done = subprocess.run(
        [*pinned(CLIENT_CORE), *helper, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    took = json.loads(usage.read_text())
    if code := took.pop("code"):
        raise SystemExit(f"bench: {' '.join(command)} ended with code {code}:\n{done.stdout[-4000:]}")
    return Took(**took, output=done.stdout)


def mock(rate: int) -> parts.MockApi:
    """An API that never refuses: whoever goes over the limit is seen to do so in its statistics."""
    slow = {"latency": "20ms"} if rate else {}
    return parts.MockApi(before=pinned(SERVER_CORE), quiet=True, **slow)


def measure(plan: Plan, arguments_of: Callable[[str, Path], list[str]], program: list[str]) -> Measure:
    """Runs a client that reads plan.table and writes a Parquet file, and checks that every row is in it.

    `arguments_of` makes the program's arguments from the API's URL and the output file.
    """
    out = plan.folder / "out.parquet"
    out.unlink(missing_ok=True)
    with mock(plan.rate) as api:
        took = run_pinned(plan.folder, [*program, *arguments_of(api.url + "/score", out)])
        stats = api.stats()
    table = pq.read_table(out)
    rows = table.num_rows
    scored = rows - table["score"].null_count
    if rows != plan.rows or scored != rows:
        errors = table["error"].drop_null().unique().to_pylist()[:3] if "error" in table.column_names else ""
        raise SystemExit(f"bench: {plan.rows} rows in, {rows} out, {scored} of them with a score {errors}")
    return Measure(
        rows=rows,
        seconds=took.seconds,
        cpu_us_per_row=1e6 * took.cpu_s / rows,
        rss_mb=took.rss_mb,
        worst_second=stats["worst_1s"],
        mean_rate=stats["mean_rate_per_s"],
    )


def measure_rowcall(plan: Plan) -> Measure:
    with tempfile.TemporaryDirectory(dir=plan.folder) as folder:
        return measure(
            plan,
            lambda url, out: [
                *("run", str(plan.table), "--url", url, "--to", str(out), "--run-dir", f"{folder}/run", "--quiet"),
                *("--response", "score=/score:double", "--response", "label=/label:string"),
                *("--rate", f"{plan.rate}/s" if plan.rate else "unlimited"),
            ],
            program=[str(parts.rowcall_path())],
        )


def measure_aiohttp(plan: Plan) -> Measure:
    return measure(
        plan,
        lambda url, out: [str(plan.table), url, str(out), "--rate", str(plan.rate)],
        program=[sys.executable, str(ROOT / "bench" / "aiohttp_pandas.py")],
    )


def measure_wrk(plan: Plan) -> Measure:
    """wrk sends one fixed body of about a row's size for five seconds."""
    body = plan.folder / "body.lua"
    body.write_text(
        'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = [[{json.dumps({'id': 1, 'name': 'x' * 150})}]]\n"
    )
    with mock(0) as api:
        took = run_pinned(plan.folder, ["wrk", "-t1", "-c64", "-d5s", "-s", str(body), api.url + "/score"])
        stats = api.stats()
    done = re.search(r"(\d+) requests in", took.output)
    if not done:
        raise SystemExit(f"bench: wrk said nothing of requests:\n{took.output}")
    rows = int(done.group(1))
    return Measure(
        rows, took.seconds, 1e6 * took.cpu_s / rows, took.rss_mb, stats["worst_1s"], stats["mean_rate_per_s"]
    )


def median(measures: list[Measure]) -> Measure:
    """Each figure's median, but the worst of the worst seconds: a limit is kept always or not at all."""
    figures = {
        field.name: statistics.median(getattr(one, field.name) for one in measures)
        for field in dataclasses.fields(Measure)
    }
    figures["worst_second"] = max(one.worst_second for one in measures)
    return Measure(**figures)


def report(results: dict[str, Measure], rate: int) -> list[str]:
    lines = [
        f"{'case':<16} {'rows/s':>9} {'CPU us/row':>11} {'memory MB':>10} {'worst second':>13} {'of the limit':>13}"
    ]
    for name, one in results.items():
        limited = "rate" in name
        worst = f"{one.worst_second:,}{' OVER' if one.worst_second > rate else ''}" if limited else "-"
        share = f"{100 * one.mean_rate / rate:.1f} %" if limited else "-"
        lines.append(
            f"{name:<14} {one.rows_per_s:>9,.0f} {one.cpu_us_per_row:>11.1f} {one.rss_mb:>10.0f} "
            f"{worst:>13} {share:>13}"
        )
    for name, other in (("aiohttp max", "rowcall max"), ("aiohttp rate", "rowcall rate"), ("rowcall max", "wrk")):
        if name in results and other in results:
            ratio = results[name].cpu_us_per_row / results[other].cpu_us_per_row
            lines.append(f"CPU a row: {name} takes {ratio:.1f} times that of {other}")
    return lines


README = ROOT / "README.md"
BEGIN, END = "<!-- numbers: made by ./dev bench --report -->", "<!-- numbers end -->"
CALLED = {
    "rowcall max": "rowcall, as fast as it goes",
    "aiohttp max": "aiohttp + pandas, as fast as it goes",
    "wrk": "wrk: the same request again and again, no table",
    "rowcall rate": "rowcall at {rate}",
    "aiohttp rate": "aiohttp + pandas + aiolimiter at {rate}",
}


def readme_table(results: dict[str, Measure], options: argparse.Namespace, machine: str) -> list[str]:
    """The medians as a table in Markdown, with what they were measured on."""
    limit = f"{options.rate:,}/s"
    lines = [
        "| who | rows/s | CPU us a row | memory | worst second | of the limit used |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, one in results.items():
        limited = "rate" in name
        over = one.worst_second > options.rate
        worst = f"**{one.worst_second:,}, over**" if over else f"{one.worst_second:,}"
        cells = [
            CALLED[name].format(rate=limit),
            f"{one.rows_per_s:,.0f}",
            f"{one.cpu_us_per_row:.1f}",
            f"{one.rss_mb:.0f} MB",
            worst if limited else "-",
            f"{100 * one.mean_rate / options.rate:.1f} %" if limited else "-",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        f"Medians of {options.runs} runs on {datetime.date.today():%Y-%m-%d}; {machine}; {options.records:,} rows, "
        f"with the limit {options.rate_records:,}; client on core {CLIENT_CORE}, API on core {SERVER_CORE}. The worst "
        "second is the worst of all runs, as the API counted it. On a shared machine trust CPU and ratios, not rows/s.",
    ]
    return lines


def write_readme(readme: Path, lines: list[str]) -> None:
    """Puts the lines between the two marks."""
    text = readme.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"bench: {readme.name} has no place for the numbers: the lines {BEGIN} and {END}")
    readme.write_text("\n".join([before + BEGIN, "", *lines, "", END + after]))


CASES: dict[str, tuple[Callable[[Plan], Measure], bool]] = {
    "rowcall max": (measure_rowcall, False),
    "aiohttp max": (measure_aiohttp, False),
    "wrk": (measure_wrk, False),
    "rowcall rate": (measure_rowcall, True),
    "aiohttp rate": (measure_aiohttp, True),
}


def generate(folder: Path, rows: int) -> Path:
    table = folder / f"rows-{rows}.csv"
    if not table.exists():
        done = parts.rowcall("generate", "--records", str(rows), "--format", "csv", "--seed", "1", "--out", table)
        if done.code != 0:
            raise SystemExit(f"bench: rowcall generate failed: {done}")
    return table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="./dev bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=100_000, metavar="N", help="rows of a run at full speed")
    parser.add_argument("--rate-records", type=int, default=50_000, metavar="N", help="rows of a run with a limit")
    parser.add_argument("--rate", type=int, default=5000, metavar="N", help="the limit, calls a second")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs of each case")
    parser.add_argument("--case", action="append", choices=CASES, help="only this case (may be repeated)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run's figures there")
    parser.add_argument("--report", action="store_true", help="write the table of README.md from this run; all cases")
    options = parser.parse_args()
    if options.report and options.case:
        parser.error("--report wants all cases")
    if min(options.records, options.rate_records, options.rate, options.runs) < 1:
        parser.error("all numbers must be above 0")
    return options


def main() -> int:
    options = arguments()
    measures: dict[str, list[Measure]] = {name: [] for name in options.case or CASES}
    with tempfile.TemporaryDirectory(prefix="rowcall-bench-") as name:
        folder = Path(name)
        for number in range(options.runs):
            for case in measures:
                run, limited = CASES[case]
                rows = options.rate_records if limited else options.records
                one = run(Plan(folder, generate(folder, rows), rows, options.rate if limited else 0))
                measures[case].append(one)
                print(
                    f"run {number + 1} of {options.runs}: {case:<14} {one.rows_per_s:>9,.0f} rows/s "
                    f"{one.cpu_us_per_row:>8.1f} us of CPU a row",
                    flush=True,
                )
    medians = {name: median(runs) for name, runs in measures.items()}
    print(f"\nmedians of {options.runs} runs; client on core {CLIENT_CORE}, API on core {SERVER_CORE}")
    print("\n".join(report(medians, options.rate)))
    machine = f"{platform.platform()}, {os.cpu_count()} cores"
    if options.report:
        write_readme(README, readme_table(medians, options, machine))
        print(f"\n{README.name} has the numbers of this run")
    if options.json:
        document = {
            "machine": machine,
            "options": {key: str(value) for key, value in vars(options).items()},
            "runs": {name: [dataclasses.asdict(one) for one in runs] for name, runs in measures.items()},
            "medians": {name: dataclasses.asdict(one) for name, one in medians.items()},
        }
        options.json.write_text(json.dumps(document, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
