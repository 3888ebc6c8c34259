# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The main job on real input, and the numbers beside a script that does the same.

#: demo [--records N] | a real table from S3 through a rate-limited API and back, checked
cmd_demo() {
  ./dev build
  need_python build
  need_versitygw
  "$PYTHON" tools/demo.py "$@"
}

#: bench [--records N] [--report] | rowcall beside aiohttp+pandas and wrk, in one run; --report writes the README's table
cmd_bench() {
  ./dev build
  need_packages bench
  need_python build bench
  "$PYTHON" bench/run.py "$@"
}

#: screenshots | pictures of the live page and of a report for docs/images/, from a real run
cmd_screenshots() {
  ./dev build
  need_packages watch
  need_python build
  "$PYTHON" tools/screenshots.py "$@"
}
