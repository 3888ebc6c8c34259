# SPDX-License-Identifier: Apache-2.0
"""The check that a wheel runs on the systems it names."""

from __future__ import annotations

import symbol_ceiling


def test_too_new():
    line = "0000000000000000      DF *UND*\t0000000000000000 ({}) {}"
    listing = "\n".join(
        [
            line.format("GLIBC_2.34", "pthread_create"),
            line.format("GLIBC_2.36", "arc4random"),
            line.format("GLIBCXX_3.4.30", "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE"),
            line.format("GLIBCXX_3.4.29", "_ZSt8to_charsPcS_d"),
            "0000000000001234 g    DF .text\t0000000000000010  Base        PyInit__engine",
            "0000000000001234 g    DF .text\t0000000000000010  GLIBC_2.99  ours",
        ]
    )
    assert list(symbol_ceiling.too_new(listing)) == [
        "arc4random of GLIBC_2.36",
        "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE of GLIBCXX_3.4.30",
    ]
