# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# .venv with the pinned Python packages of tools/requirements/*.txt.

VENV="$ROOT/.venv"
PYTHON="$VENV/bin/python"

# base_python: the interpreter .venv is made from. Debian's own first: its headers are in Debian's packages.
base_python() {
  local candidate
  for candidate in ${ROWCALL_PYTHON:-/usr/bin/python3 python3}; do
    if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  die "no Python 3.11 or newer with the venv module; set ROWCALL_PYTHON to one"
}

# need_python GROUP...: .venv exists and holds what tools/requirements/GROUP.txt pins.
need_python() {
  local group file stamp
  need_packages build
  if ! "$PYTHON" -c 'import pip' 2>/dev/null; then
    step "python makes .venv" "$(base_python)" -m venv --clear "$VENV"
  fi
  for group in "$@"; do
    file="tools/requirements/$group.txt"
    stamp="$VENV/.rowcall-$group"
    if [[ "$(cat "$stamp" 2>/dev/null)" != "$(digest "$file")" ]]; then
      step "pip installs $file" pip_install "$file"
      digest "$file" >"$stamp"
    fi
  done
}

pip_install() {
  "$PYTHON" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes -r "$1" ||
    die "pip could not install $1 (its messages are above); is the package index reachable?"
}

#: lock | pin what tools/requirements/*.in name, and all it needs, with hashes
cmd_lock() {
  local group
  need_python lock
  for group in build go check bench frames wheel pyarrow17 pyarrow22 spark spark4.1 lock; do
    step "pip-compile tools/requirements/$group.in" env -C tools/requirements \
      CUSTOM_COMPILE_COMMAND="./dev lock" "$VENV/bin/pip-compile" --quiet --generate-hashes \
      --allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links "$group.in" -o "$group.txt"
  done
}
