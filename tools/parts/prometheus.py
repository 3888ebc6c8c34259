# SPDX-License-Identifier: Apache-2.0
"""A real Prometheus that scrapes one target every second."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Self

from parts.process import start_on_free_port
from parts.programs import program


class Prometheus:
    """Prometheus over `target` ("127.0.0.1:9090"), keeping its data in `folder`."""

    def __init__(self, folder: Path, target: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 1s}\n"
            f"scrape_configs: [{{job_name: rowcall, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        self.part, port = start_on_free_port(
            "prometheus",
            [
                program("prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:{port}",
            ],
        )
        self.url = f"http://127.0.0.1:{port}"

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples an expression has now."""
        where = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(where, timeout=10) as answer:
            samples: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return samples

    def stop(self) -> None:
        self.part.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
