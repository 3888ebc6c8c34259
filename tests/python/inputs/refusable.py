# SPDX-License-Identifier: Apache-2.0
"""A small table of which the mock API can be told to refuse rows, and what to ask for it."""

from __future__ import annotations

import pyarrow as pa

RESPONSE = {"score": "/score:double", "label": "/label:string"}
ROWS = 250


def table(rows: int = ROWS, refused: tuple[int, ...] = ()) -> pa.Table:
    """Rows of which the mock API refuses some."""
    return pa.table(
        {
            "id": pa.array(range(rows), pa.int64()),
            "name": [f"row {i}" for i in range(rows)],
            "refuse": [i in refused for i in range(rows)],
        }
    )


def settings(api) -> dict:
    return {"url": api.url + "/process", "rate": "unlimited", "response": RESPONSE}
