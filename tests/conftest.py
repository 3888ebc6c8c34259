# SPDX-License-Identifier: Apache-2.0
"""What holds for all tests, wherever they are started from."""

import signal


def pytest_configure() -> None:
    # A shell starts what it puts into the background with SIGINT ignored, and programs inherit that. The tests send
    # Ctrl-C to programs of theirs, so these begin as from a terminal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
