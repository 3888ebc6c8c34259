# SPDX-License-Identifier: Apache-2.0
"""What comes before and after a run: plan, verify_rate and retry."""

from __future__ import annotations

import pytest
from refusable import RESPONSE, settings, table

import rowcall


def test_plan(api):
    before = api.stats()["arrivals"]
    plan = rowcall.plan(table(1000), url=api.url, rate="500/s", rows_per_call=10, response=RESPONSE)
    assert (plan.rows, plan.calls, plan.limits) == (1000, 100, ["500/s"])
    assert plan.time_at_least_s == pytest.approx(0.2)
    assert "id: int64" in plan.columns
    assert "score: double" in plan.added
    assert len(plan.requests) == 3
    assert '"name":"row 0"' in plan.requests[0]
    assert plan.requests[0] in str(plan).replace("\n  ", "\n")
    assert api.stats()["arrivals"] == before, "nothing was sent"
    with pytest.raises(rowcall.SettingError, match="nothing"):
        rowcall.plan(table(), body="{{nothing}}", **settings(api))


def test_verify_rate(api):
    out = rowcall.enrich(table(), run_dir="run", **{**settings(api), "rate": "10000/s"})
    for run in (out, "run"):
        verdict = rowcall.verify_rate(run)
        assert verdict
        assert "250" in str(verdict)
    assert not rowcall.verify_rate(out, rate="5/s")
    with pytest.raises(rowcall.SettingError):
        rowcall.verify_rate(out, rate="fast")
    with pytest.raises(rowcall.NotFoundError):
        rowcall.verify_rate("gone")
    with pytest.raises(rowcall.InputError, match="run_dir"):
        rowcall.verify_rate(rowcall.enrich(table(), **settings(api)))


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "duckdb"])
def test_retry(mock_api, api, kind):
    broken = mock_api(errors="500:1")
    source = table(20)
    if kind == "pandas":
        pytest.importorskip("pandas")
        source = source.to_pandas()
    elif kind == "polars":
        source = pytest.importorskip("polars").from_arrow(source)
    elif kind == "duckdb":
        duckdb = pytest.importorskip("duckdb")
        source = duckdb.sql("select * from source")
    out = rowcall.enrich(source, **settings(broken), max_attempts=1)
    again = rowcall.retry(out, **settings(api))
    assert rowcall.run_of(again).counts.ok == 20
    assert type(again) is type(source)
