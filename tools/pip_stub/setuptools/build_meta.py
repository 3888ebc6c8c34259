# SPDX-License-Identifier: Apache-2.0
"""The backend pip asks for an archive without pyproject.toml: answered from PKG-INFO, running no setup.py."""

# cmake/pip_stub, which answers the same way for nanoarrow, is on the path too.
import mesonpy as __legacy__  # noqa: F401 (pip looks up setuptools.build_meta:__legacy__)
