# SPDX-License-Identifier: Apache-2.0
"""Exceptions. Each has the text that the command line prints for the same trouble."""

from __future__ import annotations

from typing import Any


class RowcallError(Exception):
    """Base of all errors of rowcall.

    `code` is the kind of trouble in one word, as in summary.json. `partial`, when it is not None, is what
    `enrich` would have returned, with the rows that were answered before the trouble: nothing that was paid
    for is lost.
    """

    code: str = "internal"
    partial: Any = None


class SettingError(RowcallError, ValueError):
    """A keyword, a setting, a key of the job file or a variable is wrong. Nothing was sent."""

    code = "setting"


class InputError(RowcallError, ValueError):
    """The input cannot be read as the table it should be."""

    code = "input"


class NotFoundError(RowcallError, LookupError):
    """A file, bucket, key, run or column does not exist."""

    code = "not_found"


class DeniedError(RowcallError):
    """Credentials are missing, wrong or not sufficient."""

    code = "denied"


class NetworkError(RowcallError):
    """The API or the object store cannot be reached."""

    code = "network"


class StorageError(RowcallError):
    """Writing failed: disk full, no permission, upload broken."""

    code = "storage"


class ChangedError(RowcallError):
    """Something changed under the run, such as an object that was replaced while it was read."""

    code = "changed"


class StoppedError(RowcallError):
    """The run was stopped before its end: a cap was reached, or somebody asked for it."""

    code = "stopped"


class ApiError(RowcallError):
    """The API refuses the run as a whole: fatal answers in a row, too many failed rows, a hold without end."""

    code = "api"


class AccountingError(RowcallError):
    """The counts do not add up. Always a bug of rowcall."""

    code = "accounting"


class InternalError(RowcallError):
    """An unexpected error, with its origin in the text."""

    code = "internal"


class HookError(RowcallError):
    """A hook raised, or returned what cannot be used. `__cause__` is what it raised."""

    code = "hook"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C: the run was stopped gracefully, calls in flight were finished.

    `partial` is what `enrich` would have returned, with the rows that were answered until then.
    """

    partial: Any = None


_TYPES: dict[str, type[RowcallError]] = {
    kind.code: kind
    for kind in (
        SettingError,
        InputError,
        NotFoundError,
        DeniedError,
        NetworkError,
        StorageError,
        ChangedError,
        StoppedError,
        ApiError,
        AccountingError,
        InternalError,
    )
}


def error_for(code: str, text: str) -> RowcallError:
    """The exception for an error of the engine."""
    error = _TYPES.get(code, InternalError)(text)
    error.code = code
    return error
