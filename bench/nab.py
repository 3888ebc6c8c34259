# SPDX-License-Identifier: Apache-2.0
"""The anomaly watch on the Numenta Anomaly Benchmark (NAB): python bench/nab.py FOLDER.

FOLDER is a clone of github.com/numenta/NAB: 58 series, their labels, and the results of other detectors.

A detector is scored as NAB does it (Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms", 2015):
the first detection in a window of an anomaly earns the more the earlier it comes, a window without one costs,
and a detection outside costs the more the farther it is behind a window. NAB chooses a detector's threshold on the
very series it is then scored on; here it is chosen on one half of the series and scored on the other, both ways.

Before anything else the rule itself is checked: it must give the published scores of NAB's null, random and
windowed Gaussian detectors from their stored results.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import math
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "build" / "release" / "bench" / "rowcall_nab_alarms"
PROBATION_SHARE, PROBATION_MOST = 0.15, 750
PROFILES = {"standard": "standard", "low FP": "reward_low_FP_rate", "low FN": "reward_low_FN_rate"}
# Factors of the shipped limits of the charts: from alarms at every breath to hardly any.
FACTORS = sorted({1.0, *(round(0.1 * 1.2**i, 4) for i in range(26))})


@dataclasses.dataclass(frozen=True)
class Weights:
    """What a profile counts a window found, a window missed, and a false alarm."""

    found: float
    missed: float
    false_alarm: float


@dataclasses.dataclass(frozen=True)
class Series:
    name: str
    rows: int
    windows: list[tuple[int, int]]  # Both ends belong to it.

    @property
    def probation(self) -> int:
        """The first rows, in which nothing counts."""
        return min(math.floor(PROBATION_SHARE * self.rows), math.floor(PROBATION_SHARE * PROBATION_MOST / 0.15))


def sigmoid(y: float) -> float:
    """From 1 at the start of a window over 0 at its end down to -1."""
    return -1.0 if y > 3 else 2 / (1 + math.exp(5 * y)) - 1


BEST = sigmoid(-1)


def score(series: Series, detections: Iterable[int], weights: Weights) -> float:
    """The raw score of detections, given by their rows, in one series."""
    detections = [row for row in detections if row >= series.probation]
    counted = [(first, last) for first, last in series.windows if last >= series.probation]
    total = 0.0
    for first, last in counted:
        inside = [row for row in detections if first <= row <= last]
        width = last - first + 1
        # The value of a place falls from the left, so the first detection is the best one.
        best = sigmoid(-(last - inside[0] + 1) / width) * weights.found / BEST if inside else None
        total += -weights.missed if best is None else max(-weights.missed, best)
    for row in detections:
        if any(first <= row <= last for first, last in series.windows):
            continue
        before = [(first, last) for first, last in series.windows if last < row]
        cost = -1.0
        if before:
            first, last = before[-1]
            cost = sigmoid((row - last) / (last - first))
        total += weights.false_alarm * cost
    return total


def normalised(raw: float, of: list[Series], weights: Weights) -> float:
    """On NAB's scale: 0 for saying nothing, 100 for finding every window at once."""
    windows = sum(sum(last >= one.probation for _, last in one.windows) for one in of)
    return 100 * (raw + windows * weights.missed) / (windows * (weights.found + weights.missed))


def read_corpus(folder: Path) -> list[Series]:
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    out = []
    for name in sorted(windows):
        with (folder / "data" / name).open() as file:
            times = [line["timestamp"] for line in csv.DictReader(file)]
        place = {time: i for i, time in reversed(list(enumerate(times)))}
        spans = [(place[first.split(".")[0]], place[last.split(".")[0]]) for first, last in windows[name]]
        out.append(Series(name, len(times), spans))
    return out


def read_profiles(folder: Path) -> dict[str, Weights]:
    profiles = json.loads((folder / "config" / "profiles.json").read_text())
    costs = {ours: profiles[name]["CostMatrix"] for ours, name in PROFILES.items()}
    return {ours: Weights(cost["tpWeight"], cost["fnWeight"], cost["fpWeight"]) for ours, cost in costs.items()}


def check_rule(folder: Path, corpus: list[Series], profiles: dict[str, Weights]) -> bool:
    """Whether published scores come out again; prints both."""
    published = json.loads((folder / "results" / "final_results.json").read_text())
    thresholds = json.loads((folder / "config" / "thresholds.json").read_text())
    good = True
    for detector in ("null", "random", "windowedGaussian"):
        anomaly: dict[str, list[float]] = {}
        for one in corpus:
            group, file = one.name.split("/")
            with (folder / "results" / detector / group / f"{detector}_{file}").open() as lines:
                anomaly[one.name] = [float(line["anomaly_score"]) for line in csv.DictReader(lines)]
        for ours, name in PROFILES.items():
            least = thresholds[detector][name]["threshold"]
            raw = sum(
                score(one, (i for i, value in enumerate(anomaly[one.name]) if value >= least), profiles[ours])
                for one in corpus
            )
            got, stored = normalised(raw, corpus, profiles[ours]), published[detector][name]
            good = good and math.isclose(got, stored, abs_tol=1e-6)
            print(f"rule: {detector:<17} {ours:<9} {got:9.4f} here, {stored:9.4f} published")
    return good


def alarms(folder: Path, corpus: list[Series]) -> dict[float, dict[str, list[int]]]:
    """Where alarms begin, for every factor."""
    files = [str(folder / "data" / one.name) for one in corpus]
    factors = ",".join(map(str, FACTORS))
    done = subprocess.run([PROGRAM, factors, *files], check=True, capture_output=True, text=True)
    out: dict[float, dict[str, list[int]]] = {factor: {} for factor in FACTORS}
    for line in done.stdout.splitlines():
        file, factor, rows = line.split("\t")
        name = str(Path(file).relative_to(folder / "data"))
        out[float(factor)][name] = [int(row) for row in rows.split(",") if row]
    return out


def held_out(
    corpus: list[Series], found: dict[float, dict[str, list[int]]], weights: Weights
) -> tuple[float, float, list[float]]:
    """The score with thresholds from the other half, the best threshold on the whole, and those chosen."""
    halves = [corpus[0::2], corpus[1::2]]

    def raw(of: list[Series], factor: float) -> float:
        return sum(score(one, found[factor][one.name], weights) for one in of)

    chosen = [max((raw(half, factor), factor) for factor in FACTORS)[1] for half in halves]
    total = raw(halves[0], chosen[1]) + raw(halves[1], chosen[0])
    whole = max(raw(corpus, factor) for factor in FACTORS)
    return normalised(total, corpus, weights), normalised(whole, corpus, weights), chosen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if not PROGRAM.exists():
        print(f"nab: there is no {PROGRAM}; build it: ./dev build rowcall_nab_alarms", file=sys.stderr)
        return 2
    corpus, profiles = read_corpus(folder), read_profiles(folder)
    print(f"{len(corpus)} series, {sum(len(one.windows) for one in corpus)} windows")
    good = check_rule(folder, corpus, profiles)
    found = alarms(folder, corpus)
    for ours, weights in profiles.items():
        score_held, score_whole, chosen = held_out(corpus, found, weights)
        as_shipped = normalised(sum(score(one, found[1.0][one.name], weights) for one in corpus), corpus, weights)
        print(
            f"rowcall {ours:<9} threshold from the other half {score_held:6.2f} "
            f"(limits times {chosen[1]}, {chosen[0]}); "
            f"on the same series {score_whole:6.2f}; limits as shipped {as_shipped:6.2f}"
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
