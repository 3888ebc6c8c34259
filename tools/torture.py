# SPDX-License-Identifier: Apache-2.0
"""Real processes, killed with SIGKILL at random moments, until the promises break or the kills are used up.

    ./dev torture --kills 100 --seed 1

Each round is a job of its own: a table with unreadable and refused rows, a mock API with latency and errors, a
sink on disk or in S3 (a folder of parts or one file). Its process is killed one to four times: at any moment, just
when the ledger is synced, just when a part appears, in the first moments of going on, twice in a row. Then it runs
to its end, and is judged from outside:

- the table is that of an undisturbed run: every answered row once, in order, with its answer;
- every refused and unreadable row is in the failure table, once, and in no part of the sink;
- the API carried out no more calls twice than were in flight or not yet synced at the kills, which is what a
  tenth of a second brings, or in no part yet when the run directory was lost; and each came with the same
  Idempotency-Key (a row is known by its key there: another key would be another row);
- the ledger says that it is complete, and its sums add up.

The same seed plays the same rounds, as far as real time can be repeated.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import parts

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "torture"
BUCKET = "torture"

ROWS = 4000
RATE = 2000
LATENCY_S = 0.05
# What may be repeated for each kill, beside the calls in flight: the answers of one sync interval of 100 ms, which is
# looked at every 50 ms, on a machine that may be busy and a disk that takes its time.
INTERVAL_S = 0.4

SINKS = ("folder", "file", "s3 folder", "s3 file")
MOMENTS = ("any", "sync", "part", "resume", "any")


@dataclasses.dataclass
class Round:
    """One job and its processes."""

    number: int
    dice: random.Random
    sink: str
    order: str
    folder: Path
    api: parts.MockApi
    env: dict[str, str]
    kills: int = 0
    losses: int = 0
    repeats_allowed: int = 0
    called_again: int = 0  # rows that a lost run directory had known, and the notes do not
    log: list[str] = dataclasses.field(default_factory=list)

    @property
    def run_dir(self) -> Path:
        return self.folder / "run"

    @property
    def table(self) -> Path:
        return self.folder / "in.csv"

    @property
    def target(self) -> str:
        return {
            "folder": f"{self.folder}/out/",
            "file": f"{self.folder}/out.parquet",
            "s3 folder": f"s3://{BUCKET}/{self.number}/out/",
            "s3 file": f"s3://{BUCKET}/{self.number}/out.parquet",
        }[self.sink]


def refused(row: int) -> bool:
    return row % 37 == 5


def unreadable(row: int) -> bool:
    return row % 501 == 7


def write_table(path: Path) -> None:
    with path.open("w") as out:
        out.write("id,name,refuse\n")
        for row in range(ROWS):
            if unreadable(row):
                out.write(f"{row},too,many,cells,here\n")
            else:
                out.write(f"{row},row {row},{'true' if refused(row) else 'false'}\n")


def command_of(game: Round) -> list[str]:
    return [
        *(str(parts.rowcall_path()), "run", str(game.table), "--url", game.api.url + "/score"),
        *("--rate", f"{RATE}/s", "--to", game.target, "--run-dir", str(game.run_dir), "--order", game.order, "--quiet"),
        *("--response", "score=/score:double!", "--response", "label=/label:string"),
        *("--set", f"sink.part_rows={game.dice.choice([300, 700, 1500])}", "--set", "source.batch_size=100"),
        *("--set", "retry.max_attempts=50", "--set", "retry.base=20ms"),
        *("--set", "source.types={refuse='bool',id='int64'}"),
    ]


def start(command: list[str], game: Round) -> subprocess.Popen[bytes]:
    log = (game.folder / "output.txt").open("ab")
    with log:
        return subprocess.Popen(
            command,
            env={**os.environ, **game.env},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def size_of(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        seen = path.stat()
        return seen.st_size, seen.st_mtime_ns
    return (0, 0)


def parts_seen(game: Round, store: parts.S3) -> int:
    """Files that look like parts, wherever this sink puts them."""
    folders = [
        game.run_dir / "staging",
        game.run_dir / "failures",
        game.folder / "out",
        store.folder / BUCKET / str(game.number),
    ]
    return sum(1 for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file())


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None and not happened():
        time.sleep(0.0005)


def wait_for_moment(moment: str, process: subprocess.Popen[bytes], game: Round, store: parts.S3) -> None:
    dice = game.dice
    if moment == "resume":
        time.sleep(dice.uniform(0, 0.25))
        return
    time.sleep(dice.uniform(0.05, 1.8))
    if moment == "sync":
        wal = game.run_dir / "ledger.db-wal"
        before = size_of(wal)
        wait_for(lambda: size_of(wal) != before, process, 2)
    elif moment == "part":
        files = parts_seen(game, store)
        wait_for(lambda: parts_seen(game, store) != files, process, 3)
        if dice.random() < 0.5:
            time.sleep(dice.uniform(0, 0.02))


def status(game: Round) -> dict[str, Any] | None:
    """What the ledger says; nothing if the run had not begun when it was killed."""
    done = parts.rowcall("status", game.run_dir, "--json")
    return json.loads(done.out) if done.code == 0 else None


def note_kill(game: Round, store: parts.S3, moment: str) -> str:
    """What may be repeated after this kill: what the API has answered and neither ledger nor notes know."""
    time.sleep(LATENCY_S * 3)  # the API carries out what it has received
    stats = game.api.stats()
    said = status(game)
    durable = 0 if said is None else said["ok"] + said["failed"] + said["answers_kept"]
    if game.losses > 0:  # the ledger that is made anew may not have taken the notes over yet
        durable = max(durable, rows_noted(game, store))
    carried_out = stats["rows_unique"]
    lost = max(carried_out - durable, 0)
    most = int(RATE * (INTERVAL_S + LATENCY_S * 3)) + game.called_again
    game.log.append(f"killed ({moment}): {carried_out} rows had arrived, {durable} are durable")
    game.repeats_allowed += lost
    if lost > most:
        return f"{lost} calls were not durable at a kill; {most} may be in flight or wait for a sync"
    return ""


def rows_noted(game: Round, store: parts.S3) -> int:
    """Rows of which the notes beside the parts tell how they ended, unreadable ones aside."""
    place = game.target.removeprefix("s3://")
    folder = (store.folder / place if place != game.target else Path(place)) / "_rowcall"
    answered = 0
    failed: set[int] = set()
    for index in range(len(list(folder.glob("part-*.json")))):
        file = folder / f"part-{index:05}.json"
        if not file.exists():
            break
        note = json.loads(file.read_text().splitlines()[0])
        answered = note["so_far"]["ok"]
        for reason in note["unanswered"]:
            if reason["error_class"] != "unreadable":
                for first, end in (map(int, span.split("-")) for span in reason["rows"].split()):
                    failed |= set(range(first, end))
    return answered + len(failed)


def lose_run_directory(game: Round, store: parts.S3) -> None:
    shutil.rmtree(game.run_dir, ignore_errors=True)
    carried_out, noted = game.api.stats()["rows_unique"], rows_noted(game, store)
    game.called_again = carried_out - noted
    game.repeats_allowed += game.called_again
    game.losses += 1
    game.log.append(f"run directory lost: {carried_out} rows had arrived, {noted} are in parts that are noted")


def kill_some_times(command: list[str], game: Round, store: parts.S3, left: int) -> str:
    wanted = min(game.dice.randint(1, 4), left)
    while game.kills < wanted:
        moment = "resume" if game.kills > 0 and game.dice.random() < 0.4 else game.dice.choice(MOMENTS)
        process = start(command, game)
        wait_for_moment(moment, process, game, store)
        if process.poll() is not None:
            return "" if process.returncode in (0, 4) else f"the run ended with {process.returncode}"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        game.kills += 1
        if trouble := note_kill(game, store, moment):
            return trouble
        if "folder" in game.sink and game.dice.random() < 0.3:
            lose_run_directory(game, store)
    return ""


def read_sink(game: Round, store: parts.S3) -> pa.Table:
    place = game.target
    if place.startswith("s3://"):
        place = str(store.folder / place.removeprefix("s3://"))
    path = Path(place)
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    return pa.concat_tables(pq.read_table(file) for file in files)


def expected_answers(api: parts.MockApi, folder: Path, env: dict[str, str]) -> dict[int, tuple[float, str]]:
    """The answers of an undisturbed run, by id."""
    write_table(folder / "in.csv")
    done = parts.rowcall(
        *("run", folder / "in.csv", "--url", api.url + "/score", "--rate", "unlimited", "--to", folder / "out.parquet"),
        *(
            "--run-dir",
            folder / "run",
            "--quiet",
            "--response",
            "score=/score:double!",
            "--response",
            "label=/label:string",
        ),
        *("--set", "source.types={refuse='bool',id='int64'}"),
        env=env,
    )
    if done.code != 4:
        raise SystemExit(f"the undisturbed run: {done}")
    table = pq.read_table(folder / "out.parquet")
    return {row["id"]: (row["score"], row["label"]) for row in table.to_pylist()}


def read_failures(game: Round) -> dict[int, str]:
    found: dict[int, str] = {}
    for file in sorted((game.run_dir / "failures").rglob("*.parquet")):
        for row in pq.read_table(file).to_pylist():
            if row["row_id"] in found:
                return {-1: f"row {row['row_id']} is in the failure table twice"}
            found[row["row_id"]] = row["error_class"]
    return found


def judge(game: Round, store: parts.S3, expected: dict[int, tuple[float, str]]) -> str:
    rows = read_sink(game, store).to_pylist()
    ids = [row["id"] for row in rows]
    if len(set(ids)) != len(ids):
        return f"{len(ids) - len(set(ids))} rows are in the table twice"
    if game.order == "input" and ids != sorted(ids):
        return "the table is out of order"
    if set(ids) != set(expected):
        return f"the table has {len(ids)} rows instead of {len(expected)}"
    for row in rows:
        if (row["score"], row["label"]) != expected[row["id"]]:
            return f"row {row['id']} has another answer than in an undisturbed run"
    failures = read_failures(game)
    if -1 in failures:
        return failures[-1]
    wanted = {row for row in range(ROWS) if refused(row) or unreadable(row)}
    if set(failures) != wanted:
        return f"the failure table has {len(failures)} rows instead of {len(wanted)}"
    if any((kind == "unreadable") != unreadable(row) for row, kind in failures.items()):
        return "the failure table calls a row unreadable that is not, or the other way"
    said = status(game)
    if said is None or said["state"] != "complete" or not said["sums_add_up"]:
        return f"the ledger says {said}"
    stats = game.api.stats()
    callable_rows = ROWS - sum(unreadable(row) for row in range(ROWS))
    if stats["rows_unique"] != callable_rows or stats["idempotency"]["violations"] != 0:
        other = stats["idempotency"]["violations"]
        return f"{stats['rows_unique']} keys came for {callable_rows} rows, {other} with another body"
    if stats["rows_answered_twice"] > game.repeats_allowed:
        return f"{stats['rows_answered_twice']} rows were answered twice, {game.repeats_allowed} may have been"
    return ""


def play(game: Round, store: parts.S3, left: int, expected: dict[int, tuple[float, str]]) -> str:
    write_table(game.table)
    command = command_of(game)
    if trouble := kill_some_times(command, game, store, left):
        return trouble
    process = start(command, game)
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        return "the last run did not end within 60 s"
    if code not in (0, 4):
        return f"the last run ended with {code}"
    return judge(game, store, expected)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30, help="how many processes to kill (30)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same rounds (1)")
    options = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    totals = {"rounds": 0, "kills": 0, "losses": 0, "repeated": 0, "allowed": 0, "violations": 0}
    with parts.S3(FOLDER / "s3") as store:
        store.make_bucket(BUCKET)
        undisturbed = FOLDER / "undisturbed"
        undisturbed.mkdir()
        with parts.MockApi() as api:
            expected = expected_answers(api, undisturbed, store.env)
        dice = random.Random(options.seed)
        while totals["kills"] < options.kills:
            number = totals["rounds"] + 1
            own = random.Random(dice.random())
            folder = FOLDER / str(number)
            folder.mkdir()
            with parts.MockApi(latency=f"{int(LATENCY_S * 1000)}ms", jitter="20ms", errors="503:0.02") as api:
                game = Round(
                    number,
                    own,
                    SINKS[number % len(SINKS)],
                    own.choice(["input", "input", "any"]),
                    folder,
                    api,
                    store.env,
                )
                trouble = play(game, store, options.kills - totals["kills"], expected)
                repeated = api.stats()["rows_answered_twice"]
            totals["rounds"] += 1
            totals["kills"] += game.kills
            totals["losses"] += game.losses
            totals["repeated"] += repeated
            totals["allowed"] += game.repeats_allowed
            words = f"round {number}: {game.sink}, order {game.order}, {game.kills} kills, {game.losses} losses, "
            words += f"{repeated} answered twice (of {game.repeats_allowed} that might have been)"
            print(words + (f"  VIOLATION: {trouble}" if trouble else ""), flush=True)
            if trouble:
                totals["violations"] += 1
                print("".join(f"  {line}\n" for line in game.log) + f"  kept in {folder}", flush=True)
                print("  " + (folder / "output.txt").read_text()[-3000:].replace("\n", "\n  "), flush=True)
                if totals["violations"] >= 5:
                    break
            else:
                shutil.rmtree(folder)
    print(
        f"{totals['kills']} kills in {totals['rounds']} rounds of {ROWS} rows (seed {options.seed}), "
        f"{totals['losses']} run directories lost: "
        f"{totals['repeated']} rows answered twice, {totals['allowed']} might have been; "
        f"{totals['violations']} violations"
    )
    return 1 if totals["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
