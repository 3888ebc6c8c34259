# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The adaptive control against an API in trouble.

#: scenarios [NAME...] [--client NAME] [--realtime] [--pictures] [--json FILE] | rowcall, a fixed rate and AWS's algorithm at an API in trouble, one table
cmd_scenarios() {
  ./dev build rowcall
  need_python build bench
  "$PYTHON" tools/scenarios.py "$@"
}
