# SPDX-License-Identifier: Apache-2.0
"""Where a table is called: in this process, or by Spark."""

from __future__ import annotations

import logging
import os
from typing import Any

from rowcall._errors import SettingError

logger = logging.getLogger("rowcall")


def files_of(table: Any) -> list[str] | None:
    """The paths that `table` names, or None when it is a table itself."""
    if isinstance(table, str | os.PathLike):
        return [os.fspath(table)]
    if isinstance(table, list | tuple) and table and all(isinstance(item, str | os.PathLike) for item in table):
        return [os.fspath(item) for item in table]
    return None


def is_spark(table: Any) -> bool:
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == "pyspark" for kind in type(table).__mro__
    )


def choose_engine(engine: str, table: Any) -> None:
    """Settles `engine=` for a table, and logs the choice and its reason. Raises SettingError."""
    if engine not in ("auto", "local", "spark"):
        raise SettingError(f'keyword engine: "{engine}"; expected "auto", "local" or "spark"')
    if is_spark(table):
        if engine == "local":
            raise SettingError(
                'keyword engine: "local", and a Spark DataFrame; expected a table of this process. Write it to files '
                "and enrich these, or take frame.toArrow()."
            )
        logger.info("engine: spark, since the table is a Spark DataFrame")
        return
    if engine == "spark":
        raise SettingError('keyword engine: "spark", and no Spark DataFrame; expected one, or spark.read of the files')
    why = "the command streams files in bounded memory" if files_of(table) else "the table is in this process"
    logger.info("engine: local, since %s", why if engine == "auto" else "it was asked for")
