# SPDX-License-Identifier: Apache-2.0
"""The journal of a partition: answers of its attempts, on storage that all executors reach.

    CHECKPOINT/JOB/partition-00007/ATTEMPT-000001.arrow

Each file is one batch of answered rows, in Arrow's IPC file format, with their keys. It appears whole or not at
all: on a local disk it is written under another name first; an object of S3 appears when it is complete. Nothing
is ever changed; delete CHECKPOINT/JOB when the result is written.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any

import pyarrow as pa
from pyarrow import fs


class Journal:
    def __init__(self, checkpoint: str, job: str, partition: int, attempt: str) -> None:
        self._files, root = place_of(checkpoint)
        self._folder = f"{root}/{job}/partition-{partition:05d}"
        self._attempt = attempt
        self._count = 0
        self._files.create_dir(self._folder, recursive=True)

    def read(self) -> Any:
        """All answers of earlier attempts, or None."""
        selector = fs.FileSelector(self._folder, allow_not_found=True)
        tables = []
        for info in sorted(self._files.get_file_info(selector), key=lambda found: found.path):
            # A file that is gone or cut short was another attempt's, at work in this moment.
            if info.path.endswith(".arrow"):
                with contextlib.suppress(OSError, pa.ArrowInvalid):
                    with self._files.open_input_file(info.path) as file:
                        tables.append(pa.ipc.open_file(file).read_all())
        return pa.concat_tables(tables).combine_chunks() if tables else None

    def append(self, batch: Any) -> None:
        """Keeps a batch. It is on storage when this returns."""
        self._count += 1
        path = f"{self._folder}/{self._attempt}-{self._count:06d}.arrow"
        local = isinstance(self._files, fs.LocalFileSystem)
        writing = path + ".part" if local else path
        with self._files.open_output_stream(writing) as out, pa.ipc.new_file(out, batch.schema) as file:
            file.write_batch(batch)
        if local:
            _to_disk(writing)
            self._files.move(writing, path)


def _to_disk(path: str) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def place_of(checkpoint: str) -> tuple[Any, str]:
    if "://" not in checkpoint:
        return fs.LocalFileSystem(), os.path.abspath(checkpoint)
    if checkpoint.startswith("s3://") and (endpoint := os.environ.get("AWS_ENDPOINT_URL")):
        bucket = checkpoint.removeprefix("s3://").rstrip("/")
        return fs.S3FileSystem(endpoint_override=endpoint), bucket
    files, path = fs.FileSystem.from_uri(checkpoint)
    return files, path.rstrip("/")
