# SPDX-License-Identifier: Apache-2.0
"""Stands in for setuptools while pip fetches a source archive that we only want a file from."""
