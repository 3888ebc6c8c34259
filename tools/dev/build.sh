# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Building: packages, .venv, cmake, ninja.

# jobs: how many compilers at once: one per core, and 2 GB of free memory for each.
jobs_at_once() {
  local cores free_kb
  cores="$(nproc)"
  free_kb="$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null || true)"
  awk -v cores="$cores" -v kb="${free_kb:-0}" 'BEGIN {
    most = kb > 0 ? int(kb / 2097152) : 1; n = cores < most ? cores : most; print n < 1 ? 1 : n }'
}

# configure PRESET: run cmake when the preset, the pinned packages or the compiler launcher changed.
# (ninja itself sees changes of CMakeLists.txt.)
configure() {
  local preset="$1" folder="build/$1" wanted
  ROWCALL_LAUNCHER="$(command -v ccache || true)"
  export ROWCALL_LAUNCHER
  # Lets a fresh clone in another folder use what an earlier clone compiled.
  export CCACHE_BASEDIR="$ROOT" CCACHE_NOHASHDIR=1
  wanted="$(digest CMakePresets.json tools/requirements/build.txt "$ROWCALL_LAUNCHER" "$ROOT")"
  if [[ ! -f "$folder/build.ninja" || "$(cat "$folder/.configured" 2>/dev/null)" != "$wanted" ]]; then
    step "cmake configures $folder" cmake --preset "$preset" -Wno-dev --log-level=NOTICE
    printf '%s\n' "$wanted" >"$folder/.configured"
  fi
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset="$1"
  shift
  need_packages build
  need_python build
  configure "$preset"
  cmake --build "build/$preset" --parallel "$(jobs_at_once)" ${1:+--target "$@"}
}

#: setup | install everything the other tasks need
cmd_setup() {
  need_packages build check bench watch
  need_python build check bench
  need_versitygw
}

#: build [--preset NAME] [TARGET...] | build build/release/rowcall and the tests
cmd_build() {
  local preset=release
  if [[ "${1:-}" == --preset ]]; then
    [[ $# -ge 2 ]] || usage_error build "--preset needs a name"
    preset="$2"
    shift 2
  fi
  build_preset "$preset" "$@"
}

#: clean [--all] | remove build/; with --all also .venv, .cache and runs/
cmd_clean() {
  rm -rf build
  if [[ "${1:-}" == --all ]]; then
    rm -rf .venv .cache runs
    find . -name __pycache__ -type d -prune -exec rm -rf {} +
  fi
}
