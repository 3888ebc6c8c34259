# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The Python wheel: built, made to run from glibc 2.34 on, checked, and tried in clean environments.

WHEELS="$ROOT/dist"

# built_wheel: the path of the finished wheel.
built_wheel() { find "$WHEELS" -maxdepth 1 -name 'rowcall-*-manylinux_2_34_x86_64.whl'; }

make_wheel() {
  rm -rf "$WHEELS/raw" "$WHEELS"/*.whl
  mkdir -p "$WHEELS/raw"
  ROWCALL_LAUNCHER="$(command -v ccache || true)"
  export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
  # The compiler by the name that the other builds call it, so that ccache knows its work.
  CC=cc CXX=c++ CMAKE_CXX_COMPILER_LAUNCHER="$ROWCALL_LAUNCHER" CMAKE_C_COMPILER_LAUNCHER="$ROWCALL_LAUNCHER" \
    CMAKE_BUILD_PARALLEL_LEVEL="$(jobs_at_once)" CMAKE_GENERATOR=Ninja \
    "$PYTHON" -m pip wheel --quiet --no-deps --no-build-isolation --no-input --disable-pip-version-check \
    --wheel-dir "$WHEELS/raw" .
  PATH="$VENV/bin:$PATH" "$VENV/bin/auditwheel" repair --plat manylinux_2_34_x86_64 --wheel-dir "$WHEELS" "$WHEELS"/raw/*.whl
}

check_wheel() {
  local wheel
  wheel="$(built_wheel)"
  "$PYTHON" tools/dev/symbol_ceiling.py "$wheel"
  "$VENV/bin/auditwheel" show "$wheel" | grep -A1 'consistent with' || true
  "$VENV/bin/abi3audit" --strict --summary "$wheel"
  du -h "$wheel"
}

# try_wheel: the types' tests with the installed wheel, in a clean environment with another pyarrow.
try_wheel() {
  local pyarrow="$1" place="$CACHE/try-$1"
  rm -rf "$place"
  "$(base_python)" -m venv "$place"
  "$place/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
    -r "tools/requirements/$pyarrow.txt"
  "$place/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --no-deps --no-index "$(built_wheel)"
  "$place/bin/rowcall" --version
  ROWCALL_INSTALLED=1 "$place/bin/python" -m pytest -q -o "pythonpath=tools tests/python/inputs" \
    tests/python/test_types.py tests/python/test_enrich.py tests/python/test_checks.py
}

#: wheel [--try] | build the Python wheel dist/*.whl, and check that it runs from CPython 3.10 and glibc 2.34 on; --try: test it beside old pyarrows
cmd_wheel() {
  need_packages build
  need_python build wheel
  step "pip builds the wheel" make_wheel
  step "symbols, platform and ABI are checked" check_wheel
  [[ "${1:-}" == --try ]] || return 0
  step "tests beside pyarrow 17" try_wheel pyarrow17
  step "tests beside pyarrow 22" try_wheel pyarrow22
}
