# SPDX-License-Identifier: Apache-2.0
"""How the adaptive control behaves when an API misbehaves: the real binary against the mock API's scripts.

    ./dev scenarios                     every scenario, every client, one table
    ./dev scenarios NAME... --pictures  some of them; draw docs/images/rate/NAME.svg from the run
    ./dev scenarios --client rowcall    one client only
    ./dev scenarios --realtime          client and mock API go before everything else on the machine (chrt)

Each scenario is ten seconds of quiet, forty of trouble, twenty of quiet again, at a configured limit of 1000/s.
The same script is played to three clients: rowcall, rowcall without adaptive control and breaker ("fixed"),
and the AWS SDKs' adaptive rate limiter under aiohttp ("aws"). What is judged is the mock API's own list of
calls, so all three are measured from outside and alike.

It ends with exit code 0 when rowcall reaches every goal and no client of ours ever passes the limit.
"""

from __future__ import annotations

import argparse
import bisect
import concurrent.futures
import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import rate_picture

import parts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "scenarios"
PICTURES = ROOT / "docs" / "images" / "rate"
RATE = 1000
ROWS = 120_000
QUIET, TROUBLE, AFTER = 10.0, 40.0, 20.0
END = QUIET + TROUBLE
CLIENTS = ("rowcall", "fixed", "aws")
AT_ONCE = {"rowcall": 4, "fixed": 4, "aws": 2}
# A few percent of a core each, but on time: what else the machine does then costs a client nothing.
REALTIME = ("chrt", "--fifo", "50")


@dataclasses.dataclass(frozen=True)
class Call:
    at: float
    status: int
    wait: float  # ms from arrival to answer


@dataclasses.dataclass(frozen=True)
class Result:
    goodput: float | None  # share of the ideal, in the time of trouble
    wasted: int
    wasted_share: float
    converged: float | None  # s
    recovered: float | None
    p95: float  # ms
    worst: int  # calls in any second


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    script: str
    ideal: list[tuple[float, float, float]]  # from, to, calls a second that nobody could exceed
    goal: str
    reached: Callable[[Result], bool]
    settings: tuple[str, ...] = ()  # of the job, for rowcall


def cut(to: float, of: float = RATE) -> list[tuple[float, float, float]]:
    """After a cut the window of the last second holds too many calls: nothing gets through until some leave it."""
    return [(0, QUIET, RATE), (QUIET + 1 - to / of, END, to), (END, END + AFTER, RATE)]


def steady(per_s: float) -> list[tuple[float, float, float]]:
    return [(0, QUIET, RATE), (QUIET, END, per_s), (END, END + AFTER, RATE)]


def flapping() -> list[tuple[float, float, float]]:
    pieces = [(0.0, QUIET, 900.0)]
    for i in range(5):
        down = QUIET + 16 * i
        pieces += [(down + 0.5, down + 8, 450), (down + 8, down + 16, 900)]
    return pieces


def between(result: float | None, least: float) -> bool:
    return result is not None and result >= least


def within(result: float | None, most: float) -> bool:
    return result is not None and result <= most


SCENARIOS = [
    Scenario("healthy", "nothing happens", "0s latency 20ms", steady(RATE), "97 %", lambda r: between(r.goodput, 0.97)),
    Scenario(
        "limit-cut",
        "limit cut from 1000/s to 400/s",
        "0s limit 1000/s; 0s latency 20ms; 10s limit 400/s; 50s limit 1000/s",
        cut(400),
        "99 %, 1 % wasted, converged in 1 s",
        lambda r: between(r.goodput, 0.99) and r.wasted_share <= 0.01 and within(r.converged, 1),
    ),
    Scenario(
        "limit-5-percent",
        "limit 5 % below the configured one",
        "0s limit 1000/s; 0s latency 20ms; 10s limit 950/s; 50s limit 1000/s",
        cut(950),
        "98 %, 0.5 % wasted",
        lambda r: between(r.goodput, 0.98) and r.wasted_share <= 0.005,
    ),
    Scenario(
        "limit-flapping",
        "limit flapping between 450/s and 900/s every 8 s",
        "0s limit 900/s; 0s latency 20ms; 10s+16s*5 limit 450/s; 18s+16s*5 limit 900/s",
        flapping(),
        "90 %",
        lambda r: between(r.goodput, 0.90),
    ),
    Scenario(
        "limit-by-503",
        "limit cut to 400/s, refused with 503",
        "0s limit 1000/s; 0s limit-status 503; 0s latency 20ms; 10s limit 400/s; 50s limit 1000/s",
        cut(400),
        "90 %, 12 % wasted",
        lambda r: between(r.goodput, 0.90) and r.wasted_share <= 0.12,
    ),
    Scenario(
        "latency-step",
        "latency from 20 ms to 200 ms",
        "0s latency 20ms; 10s latency 200ms; 50s latency 20ms",
        steady(RATE),
        "92 %; 96 % is more than the 95 % that the strict guard leaves",
        lambda r: between(r.goodput, 0.92),
    ),
    Scenario(
        "latency-step-20ms",
        "latency from 20 ms to 200 ms, guard_max 20 ms",
        "0s latency 20ms; 10s latency 200ms; 50s latency 20ms",
        steady(RATE),
        "96 %",
        lambda r: between(r.goodput, 0.96),
        settings=("limits.guard_max=20ms",),
    ),
    Scenario(
        "capacity-cut",
        "capacity from 1500/s to 300/s, the rest queues",
        "0s latency 20ms; 0s capacity 1500/s; 10s capacity 300/s; 50s capacity 1500/s",
        steady(300),
        "0.5 % wasted, p95 under 100 ms",
        lambda r: r.wasted_share <= 0.005 and r.p95 < 100 and between(r.goodput, 0.95),
    ),
    Scenario(
        "errors-30-percent",
        "503 for 30 % of calls, whatever their rate",
        "0s latency 20ms; 10s errors 503:0.3; 50s errors none",
        steady(0.7 * RATE),
        "98 %",
        lambda r: between(r.goodput, 0.98),
    ),
    Scenario(
        "brown-out",
        "half of the calls fail, the others take 200 ms",
        "0s latency 20ms; 10s errors 503:0.5; 10s latency 200ms; 50s errors none; 50s latency 20ms",
        steady(0.5 * RATE),
        "85 %",
        lambda r: between(r.goodput, 0.85),
    ),
    Scenario(
        "outage",
        "20 s of outage",
        "0s latency 20ms; 30s outage 20s",
        [(0, 30, RATE), (END, END + AFTER, RATE)],
        "300 calls wasted, full speed in 5 s",
        lambda r: r.wasted <= 300 and within(r.recovered, 5),
    ),
    Scenario(
        "blips",
        "0.2 s of outage every 5 s",
        "0s latency 20ms; 10s+5s*8 outage 200ms",
        steady(0.96 * RATE),
        "95 %",
        lambda r: between(r.goodput, 0.95),
    ),
]


# ---- Judging ----


def ideal_calls(scenario: Scenario, begin: float, end: float) -> float:
    return sum(max(0.0, min(end, b) - max(begin, a)) * per_s for a, b, per_s in scenario.ideal)


def settled(good: Sequence[float], scenario: Scenario, begin: float, end: float) -> float | None:
    """Seconds from `begin` until three seconds follow of which every single one brings 90 % of the ideal."""
    t = begin
    while t + 4 <= end:
        for u in (t + 0.1 * i for i in range(31)):
            ideal = ideal_calls(scenario, u, u + 1)
            if bisect.bisect_left(good, u + 1) - bisect.bisect_left(good, u) < 0.9 * ideal:
                break
        else:
            return round(t - begin, 1)
        t += 0.1
    return None


def worst_second(calls: Sequence[Call]) -> int:
    worst, begin = 0, 0
    for end in range(len(calls)):
        while calls[begin].at + 1 <= calls[end].at:
            begin += 1
        worst = max(worst, end - begin + 1)
    return worst


def judged(scenario: Scenario, calls: Sequence[Call]) -> Result:
    good = [call.at for call in calls if call.status == 200]
    trouble = [call for call in calls if QUIET <= call.at < END]
    wasted = sum(call.status != 200 for call in trouble)
    ideal = ideal_calls(scenario, QUIET, END)
    got = sum(call.status == 200 for call in trouble)
    waits = sorted(call.wait for call in trouble if call.status == 200)
    return Result(
        goodput=got / ideal if ideal > 0 else None,
        wasted=wasted,
        wasted_share=wasted / max(len(trouble), 1),
        converged=settled(good, scenario, QUIET, END),
        recovered=settled(good, scenario, END, END + AFTER),
        p95=waits[len(waits) * 95 // 100] if waits else 0.0,
        worst=worst_second(calls),
    )


# ---- Running ----


def table(rows: int) -> Path:
    path = FOLDER / "rows.csv"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text("id,name\n" + "".join(f"{i},row {i}\n" for i in range(rows)))
    return path


def command_of(scenario: Scenario, client: str, url: str, source: Path, folder: Path) -> list[str]:
    if client == "aws":
        script = ROOT / "tools" / "aws_adaptive.py"
        return [sys.executable, str(script), "--url", url, "--rate", str(RATE), "--seconds", str(END + AFTER)]
    command = [str(parts.rowcall_path()), "run", str(source), "--url", url, "--rate", f"{RATE}/s"]
    command += ["--to", str(folder / "out.csv"), "--run-dir", str(folder / "run"), "--response", "score=/score:double"]
    command += [
        "--order",
        "any",
        "--seed",
        "7",
        "--set",
        "log.level=debug",
        "--set",
        "run.call_log=false",
        "--no-env-file",
    ]
    for setting in scenario.settings:
        command += ["--set", setting]
    if client == "fixed":
        command += ["--set", "limits.adaptive=false", "--set", "breaker.enabled=false"]
    return command


def play(scenario: Scenario, client: str, before: Sequence[str] = ()) -> list[Call]:
    """`before` goes in front of both commands."""
    folder = FOLDER / client / scenario.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    calls_file = folder / "calls.csv"
    with parts.MockApi(
        script=scenario.script, calls_file=calls_file, audit=f"{RATE}/s", seed=11, stamp="kernel", before=before
    ) as api:
        command = [*before, *command_of(scenario, client, api.url + "/score", table(ROWS), folder)]
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True, cwd=folder)
            try:
                wait_for(process, api, END + AFTER)
            finally:
                stop(process)
        api.stop()
    with calls_file.open() as file:
        return [Call(float(at), int(status), float(wait)) for at, status, wait in list(csv.reader(file))[1:]]


def wait_for(process: subprocess.Popen[bytes], api: parts.MockApi, seconds: float) -> None:
    """Until that long after the first call, as the mock API counts."""
    deadline = time.monotonic() + 30
    while api.stats()["arrivals"] == 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise parts.PartError(f"no call came: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]
        time.sleep(0.01)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return
    if process.returncode != 0:
        raise parts.PartError(f"ended with {process.returncode}: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# ---- Showing ----


def share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f} s"


def row(scenario: Scenario, client: str, result: Result) -> str:
    verdict = ""
    if client == "rowcall":
        good = scenario.reached(result) and result.worst <= RATE
        verdict = f"{scenario.goal}: {'reached' if good else 'MISSED'}"
    return (
        f"| {scenario.title if client == 'rowcall' else ''} | {client} | {share(result.goodput)} | "
        f"{result.wasted:,} ({100 * result.wasted_share:.2f} %) | {seconds(result.converged)} | "
        f"{seconds(result.recovered)} | {result.p95:.0f} ms | {result.worst:,} | {verdict} |"
    )


HEAD = (
    "| scenario | client | goodput, of the ideal | calls wasted | converged | recovered | p95 latency "
    "| worst second | goal |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
)


def run(
    scenarios: Sequence[Scenario], clients: Sequence[str], before: Sequence[str]
) -> dict[tuple[str, str], list[Call]]:
    """All runs of a client a few at a time: each needs a few percent of a core."""
    runs: dict[tuple[str, str], list[Call]] = {}
    table(ROWS)  # before several want it at the same time
    for client in clients:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE[client]) as pool:
            futures = {scenario.name: pool.submit(play, scenario, client, before) for scenario in scenarios}
            for name, future in futures.items():
                runs[name, client] = future.result()
                print(f"  {client}: {name} played", file=sys.stderr)
    return runs


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev scenarios", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="scenarios; all if none is named")
    parser.add_argument("--client", choices=CLIENTS, action="append", help="one client; may be given again")
    parser.add_argument("--pictures", action="store_true", help=f"draw {PICTURES.relative_to(ROOT)}/NAME.svg")
    parser.add_argument("--realtime", action="store_true", help="run client and mock API at real-time priority")
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures as JSON")
    options = parser.parse_args()
    unknown = set(options.names) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in SCENARIOS)}")
    scenarios = [scenario for scenario in SCENARIOS if not options.names or scenario.name in options.names]
    clients = options.client or list(CLIENTS)
    try:
        runs = run(scenarios, clients, REALTIME if options.realtime else ())
    except (parts.PartError, FileNotFoundError) as error:
        print(f"scenarios: {error}", file=sys.stderr)
        return 1
    results = {key: judged(next(s for s in scenarios if s.name == key[0]), calls) for key, calls in runs.items()}
    print(HEAD)
    for scenario in scenarios:
        for client in clients:
            print(row(scenario, client, results[scenario.name, client]))
    if options.pictures and "rowcall" in clients:
        PICTURES.mkdir(parents=True, exist_ok=True)
        for scenario in scenarios:
            sent = [(call.at, call.status == 200) for call in runs[scenario.name, "rowcall"]]
            svg = rate_picture.drawn(scenario.title, scenario.ideal, sent, END + AFTER, RATE)
            (PICTURES / f"{scenario.name}.svg").write_text(svg)
    if options.json:
        figures = {f"{name} {client}": dataclasses.asdict(result) for (name, client), result in results.items()}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    ours = [(s, results[s.name, "rowcall"]) for s in scenarios if (s.name, "rowcall") in results]
    good = all(s.reached(r) for s, r in ours)
    strict = all(r.worst <= RATE for (_, client), r in results.items() if client != "aws")
    return 0 if good and strict else 1


if __name__ == "__main__":
    sys.exit(main())
