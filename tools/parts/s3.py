# SPDX-License-Identifier: Apache-2.0
"""A real S3 server on loopback: versitygw over a folder. Buckets are folders, objects are files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from parts.process import ROOT, PartError, start_on_free_port

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

ACCESS_KEY = "rowcall-test"
SECRET_KEY = "rowcall-test-secret"
REGION = "us-east-1"


class S3:
    """versitygw, serving `folder`."""

    def __init__(self, folder: Path) -> None:
        program = ROOT / ".cache" / "bin" / "versitygw"
        if not program.exists():
            raise PartError(f"{program.relative_to(ROOT)} is missing; ./dev setup builds it")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # Without --keep-alive: with it, streamed multipart uploads of the AWS SDK fail now and then.
        self.part, port = start_on_free_port(
            "versitygw",
            [program, "--port", "127.0.0.1:{port}", "--quiet", "posix", folder],
            {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
        )
        self.endpoint = f"http://127.0.0.1:{port}"

    @property
    def env(self) -> dict[str, str]:
        """What a client needs to reach it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            # Else a client without credentials asks the link-local metadata address of EC2.
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def make_bucket(self, name: str) -> Path:
        """An empty bucket; the folder its objects are files of."""
        bucket = self.folder / name
        bucket.mkdir(exist_ok=True)
        return bucket

    def filesystem(self) -> S3FileSystem:
        """pyarrow's view of it."""
        from pyarrow.fs import S3FileSystem

        return S3FileSystem(
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            region=REGION,
            endpoint_override=self.endpoint.removeprefix("http://"),
            scheme="http",
            background_writes=False,
        )

    def stop(self) -> None:
        self.part.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
