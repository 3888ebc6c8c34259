# SPDX-License-Identifier: Apache-2.0
"""The backend pip asks for setuptools' archives: answered from PKG-INFO, running no setup.py."""

import mesonpy as __legacy__  # noqa: F401 (for an archive without pyproject.toml)
from mesonpy import prepare_metadata_for_build_wheel  # noqa: F401
