# SPDX-License-Identifier: Apache-2.0
"""The demo's verdict says BAD for everything that rowcall promises not to do."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import verdict
from pyarrow.fs import LocalFileSystem

SOURCE = pa.table({"name": ["a", "", "c"], "lat": ["1.50", "2", "3"]})
OUTPUT = pa.table({"name": ["a", None, "c"], "lat": [1.5, 2.0, 3.0], "score": [0.1, 0.2, 0.3]})
SUMMARY = {"rows": 3, "ok": 3, "no_match": 0, "failed": 0, "unreadable": 0, "skipped": 0, "attempts": 3}
LIMIT = {"limit": "5,000/s", "calls": 5000, "period_s": 1.0, "worst": 5000, "over": 0, "share_used": 0.975}
STATS = {"limits": [LIMIT], "duration_s": 20.0, "rows_answered_twice": 0, "arrivals": 3}


def bad(checks) -> list[str]:
    return [check.text.split(":")[0].split(" ")[0] for check in checks if not check.good]


def test_good_run():
    assert bad(verdict.check_tables(SOURCE, OUTPUT, ["score"])) == []
    assert bad(verdict.check_summary(SUMMARY, 3)) == []
    assert bad(verdict.check_audit(STATS, SUMMARY)) == []


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (OUTPUT.slice(1), ["rows"]),
        (pa.concat_tables([OUTPUT, OUTPUT]), ["rows"]),
        (OUTPUT.take([1, 0, 2]), ["order"]),
        (OUTPUT.drop_columns(["score"]), ["columns"]),
        (OUTPUT.drop_columns(["lat"]), ["columns"]),
        (OUTPUT.set_column(2, "score", pa.array([0.1, None, 0.3])), ["answers"]),
        (OUTPUT.set_column(0, "name", pa.array([1, 2, 3])), ["order"]),
    ],
)
def test_table_with_a_fault(output, found):
    assert bad(verdict.check_tables(SOURCE, output, ["score"])) == found


@pytest.mark.parametrize("change", [{"ok": 2}, {"ok": 2, "skipped": 1}, {"rows": 4, "failed": 1}, {"failed": 1}])
def test_summary_with_a_fault(change):
    assert bad(verdict.check_summary({**SUMMARY, **change}, 3)) == ["endings"]


@pytest.mark.parametrize(
    ("stats", "found"),
    [
        ({"limits": [{**LIMIT, "over": 1}]}, ["limit"]),
        ({"limits": [{**LIMIT, "worst": 5001}]}, ["limit"]),
        ({"limits": [{**LIMIT, "share_used": 0.96}]}, ["pace"]),
        ({"limits": [{**LIMIT, "share_used": 0.5}], "duration_s": 3.9}, []),
        ({"rows_answered_twice": 1}, ["paid"]),
        ({"arrivals": 4}, ["attempts"]),
    ],
)
def test_audit_with_a_fault(stats, found):
    assert bad(verdict.check_audit({**STATS, **stats}, SUMMARY)) == found


def test_reads_tables_as_they_are_written(tmp_path):
    files = LocalFileSystem()
    (tmp_path / "in.csv").write_text('zip,"a, b"\n00501,"x\ny"\n,1.50\n')
    table = verdict.read_csv_as_text(str(tmp_path / "in.csv"), files)
    assert table.to_pydict() == {"zip": ["00501", ""], "a, b": ["x\ny", "1.50"]}
    for number in (1, 0):
        (tmp_path / "out").mkdir(exist_ok=True)
        pq.write_table(OUTPUT.slice(number, 1), tmp_path / "out" / f"part-{number}.parquet")
    (tmp_path / "out" / "manifest.json").write_text("{}")
    assert verdict.read_parquet(f"{tmp_path}/out/", files).equals(OUTPUT.slice(0, 2))
    with pytest.raises(FileNotFoundError, match="is not there"):
        verdict.read_parquet(f"{tmp_path}/gone", files)
