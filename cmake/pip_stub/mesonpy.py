# SPDX-License-Identifier: Apache-2.0
"""Lets pip fetch source archives without running their builds.

`pip download` asks a source archive's build backend for metadata. nanoarrow's would configure the whole
project, which takes minutes and needs a compiler; simdjson's would install Cython. This stand-in answers with
the metadata alone.
"""

import os


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    with open("PKG-INFO", encoding="utf-8") as package:
        text = package.read()
    name = next(line.split(": ", 1)[1] for line in text.splitlines() if line.startswith("Name: "))
    info = os.path.join(metadata_directory, f"{name.strip().replace('-', '_')}-0.dist-info")
    os.makedirs(info, exist_ok=True)
    with open(os.path.join(info, "METADATA"), "w", encoding="utf-8") as metadata:
        metadata.write(text)
    with open(os.path.join(info, "WHEEL"), "w", encoding="utf-8") as wheel:
        wheel.write("Wheel-Version: 1.0\nGenerator: rowcall\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return os.path.basename(info)
