# SPDX-License-Identifier: Apache-2.0
"""measured.py FILE COMMAND...: runs the command, and writes what it took to FILE as JSON.

A process of its own, and a small one: Linux counts the memory of the process that starts a program into the
program's peak, and bench/run.py is larger than what it measures.
"""

import json
import os
import sys
import time

started = time.monotonic()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
took = {
    "code": os.waitstatus_to_exitcode(status),
    "seconds": time.monotonic() - started,
    "cpu_s": usage.ru_utime + usage.ru_stime,
    "rss_mb": usage.ru_maxrss / 1024,
}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(took, file)
