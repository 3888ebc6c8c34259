# SPDX-License-Identifier: Apache-2.0
"""A tour of the Python package, to be read from top to bottom and run: python examples/python/tutorial.py URL

URL is an API that scores a row; `rowcall mock-api --port 8080` serves one at http://127.0.0.1:8080.
"""

import asyncio
import sys

import pandas as pd
import pyarrow as pa

import rowcall

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080"

# A table of customers. One of them is refused by the mock API, as real ones are.
customers = pd.DataFrame(
    {
        "id": [1, 2, 3, 4],
        "name": ["Ada", "Grace", "Edsger", "Barbara"],
        "refuse": [False, False, True, False],
    },
    index=["a", "b", "c", "d"],
)

# Before anything is sent: what would be?
ask = {
    "url": url + "/score",
    "rate": "5000/s",
    "response": {"score": "/score:double", "label": "/label:string"},
}
print(rowcall.plan(customers, **ask))

# One call a row, at most 5000 in any second, and the answers beside the rows.
scored = rowcall.enrich(customers, **ask)
print(scored)
assert list(scored.index) == ["a", "b", "d"]

# Nothing is lost: the row that was refused is here, with the reason.
print(scored.failures[["id", "status", "message"]])
print(scored.counts)
assert scored.counts.rows == scored.counts.ok + scored.counts.failed == 4
assert scored.report.worst_window[0]["calls"] <= 5000

# A wrong setting is told before anything is sent.
try:
    rowcall.enrich(customers, **ask, timeout="soon")
except rowcall.SettingError as error:
    print(error)

# More than fits into memory: batches in, batches out.
reader = pa.RecordBatchReader.from_batches(
    pa.schema([("id", pa.int64())]),
    (pa.record_batch({"id": range(start, start + 1000)}) for start in range(0, 10_000, 1000)),
)
total = 0.0
with rowcall.stream(reader, **{**ask, "rate": "unlimited"}) as batches:
    for batch in batches:
        total += sum(batch.column("score").to_pylist())
print(f"mean score {total / batches.run.counts.ok:.3f} of {batches.run.counts.ok} rows")


# What a template cannot say, a function can: here, a column that is made for the request alone.
def with_initial(batch: pa.RecordBatch) -> pa.RecordBatch:
    initials = [name[0] for name in batch.column("name").to_pylist()]
    return pa.RecordBatch.from_arrays([*batch.columns, pa.array(initials)], [*batch.schema.names, "initial"])


body = '{"id": {{id}}, "initial": {{initial}}}'
print(rowcall.enrich(customers, request=with_initial, body=body, **ask))

# In an asyncio program the loop goes on meanwhile.
print(len(asyncio.run(rowcall.enrich_async(customers, **ask))))
