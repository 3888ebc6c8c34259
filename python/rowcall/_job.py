# SPDX-License-Identifier: Apache-2.0
"""Jobs: what is to be done, from a job file, `.env`, the environment and keywords."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rowcall import _engine
from rowcall._keywords import Given, given_values


class Job:
    """What is to be done: request, response, limits.

    Every setting of docs/settings.md is a keyword. It goes by the name of its flag with `_` for `-`
    (`rows_per_call=10`, `to="out.parquet"`), and by its key with `_` for the dot (`retry_max_attempts=3`).
    `settings=` takes the same by key: `settings={"retry.max_attempts": 3}`. Durations may also be
    `datetime.timedelta`; a bare number means seconds.

    Later ones win: defaults, the job file (`from_file`), `.env` in the working directory or `env_file`
    (`env_file=False`: none), the environment, `settings`, keywords.

    Raises SettingError when a setting is wrong or one is missing. Nothing is sent. A job never changes;
    secrets are not in it, only their places ("env:NAME", "file:PATH").
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any] | None = None,
        env_file: str | os.PathLike[str] | bool | None = None,
        **keywords: Any,
    ) -> None:
        self._set_up(None, env_file, given_values(settings, keywords))

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        *,
        settings: Mapping[str, Any] | None = None,
        env_file: str | os.PathLike[str] | bool | None = None,
        **keywords: Any,
    ) -> Job:
        """The job of a job file (TOML), as `rowcall run FILE` reads it, with keywords on top.

        Raises NotFoundError when there is no such file, SettingError with file and line when it is wrong.
        """
        job = cls.__new__(cls)
        job._set_up(os.fspath(path), env_file, given_values(settings, keywords))
        return job

    def _set_up(
        self,
        job_file: str | None,
        env_file: str | os.PathLike[str] | bool | None,
        given: list[Given],
        brings_source: bool = True,
    ) -> None:
        self._job_file = job_file
        self._env_file = env_file
        self._given = given
        path = None if env_file is None or isinstance(env_file, bool) else os.fspath(env_file)
        self._job, exports = _engine.load(job_file, path, env_file is not False, brings_source, given)
        for name, value in exports.items():
            # For the AWS chain and for secrets named "env:NAME"; what is there already stays.
            os.environ.setdefault(name, value)

    def _with(self, given: list[Given], *, brings_source: bool = True) -> Job:
        """The same job with more set."""
        job = Job.__new__(Job)
        job._set_up(self._job_file, self._env_file, self._given + given, brings_source)
        return job

    def run(self, *, engine: str = "auto", progress: bool | None = None) -> Any:
        """Carries out a job that has its own source and sink, as `rowcall run` does, and returns the path of the
        output: `enrich` on the job's files. `engine` and `progress` as there."""
        from rowcall._enrich import run_files

        return run_files(self, engine, progress)

    def get(self, key: str) -> Any:
        """The value of a setting by its key, as in `job.get("limits.rate")`. Raises KeyError."""
        return self._job.get(key)

    def to_toml(self) -> str:
        """The job as a job file: every setting that differs from its default. It holds no secrets."""
        return self._job.toml()

    def __eq__(self, other: object) -> bool:
        return self._job == other._job if isinstance(other, Job) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<rowcall.Job {self.get('name')}: {self.get('request.method')} {self.get('request.url')}>"
