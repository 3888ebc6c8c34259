# SPDX-License-Identifier: Apache-2.0
"""Programs of the system that tests and screenshots use: a browser, Prometheus."""

from __future__ import annotations

import shutil
from pathlib import Path

from parts.process import PartError


def program(name: str) -> str:
    """Where a program is."""
    found = shutil.which(name)
    if found is None:
        raise PartError(f"there is no {name} on this machine; ./dev setup installs it")
    return found


def chromium(profile: Path) -> list[str]:
    """The command of a headless browser with a profile of its own, which asks nobody for anything."""
    return [
        program("chromium"),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        f"--user-data-dir={profile}",
    ]
