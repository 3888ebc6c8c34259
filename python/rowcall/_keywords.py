# SPDX-License-Identifier: Apache-2.0
"""Which setting a keyword means, and values as the engine takes them.

There is no list of settings here: the engine has the only one.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import numbers
import os
from collections.abc import Mapping
from typing import Any

from rowcall import _engine
from rowcall._errors import SettingError

Given = tuple[str, Any, str]


@functools.cache
def keyword_keys() -> dict[str, str]:
    """The key of each keyword: a setting goes by its flag, as in `rows_per_call`, and by its key with `_` for
    the dot, as in `retry_max_attempts`."""
    keys: dict[str, str] = {}
    for setting in _engine.settings():
        keys[setting["key"].replace(".", "_")] = setting["key"]
    for setting in _engine.settings():
        if setting["flag"]:
            keys[setting["flag"].removeprefix("--").replace("-", "_")] = setting["key"]
    return keys


def plain(value: Any) -> Any:
    """Python's own kinds of values as a job file would write them."""
    if isinstance(value, datetime.timedelta):
        return f"{round(value / datetime.timedelta(microseconds=1))}us"
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def given_values(settings: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> list[Given]:
    """What `settings=` and keywords set, keywords last. None leaves a setting alone."""
    given: list[Given] = []
    for key, value in (settings or {}).items():
        if value is not None:
            given.append((key, _checked(value, key), f"settings[{key!r}]"))
    keys = keyword_keys()
    for name, value in keywords.items():
        if name not in keys:
            near = difflib.get_close_matches(name, keys, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingError(f"keyword {name}: no such setting; expected a keyword such as rate or timeout.{hint}")
        if value is not None:
            given.append((keys[name], _checked(value, keys[name]), f"keyword {name}"))
    return given


def _checked(value: Any, key: str) -> Any:
    value = plain(value)
    if isinstance(value, Mapping) or not hasattr(value, "__arrow_c_stream__"):
        return value
    raise SettingError(f"{key}: a table; expected a value of a setting")
