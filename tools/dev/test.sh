# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Testing. Results are gathered as JUnit files in build/results/, which tools/dev/totals.py adds up.

RESULTS="$ROOT/build/results"

# part NAME COMMAND...: run one part of a test run; when it fails, remember that and go on.
FAILED_PARTS=()
part() {
  local name="$1"
  shift
  "$@" || FAILED_PARTS+=("$name")
}

# check NAME COMMAND...: a part that counts as one test in the totals.
check() {
  local before=${#FAILED_PARTS[@]} ending=passed
  part "$@"
  ((${#FAILED_PARTS[@]} == before)) || ending=failed
  printf '%s\t%s\n' "$ending" "$1" >>"$RESULTS/checks.tsv"
}

start_results() {
  rm -rf "$RESULTS"
  mkdir -p "$RESULTS/gtest"
}

# run_ctest PRESET [CTEST ARGUMENT...]: unit, sim and golden tests of a build.
run_ctest() {
  local preset="$1"
  shift
  GTEST_OUTPUT="xml:$RESULTS/gtest/" ctest --test-dir "build/$preset" --output-on-failure --no-tests=error \
    --parallel "$(nproc)" --timeout 900 --output-junit "$RESULTS/ctest.xml" -LE torture "$@"
}

# run_pytest [ARGUMENT...]: tests/tidy, tests/e2e, tests/python and the other folders that pytest.ini names.
run_pytest() {
  "$PYTHON" -m pytest -q --junitxml="$RESULTS/pytest.xml" "$@"
}

# close_results PRESET: print the totals last, and fail when anything failed.
close_results() {
  local code=0
  # shellcheck disable=SC2034 # printed by finish_task
  CLOSING_LINE="$("$PYTHON" tools/dev/totals.py "$RESULTS" "build/$1")" || code=1
  if ((${#FAILED_PARTS[@]} != 0)); then
    say "-- failed: ${FAILED_PARTS[*]}"
    code=1
  fi
  return "$code"
}

#: test [GROUP [ARGUMENT...]] | build and run all tests, or the GROUP unit (ctest), e2e (pytest) or checks (tidy, lint)
cmd_test() {
  local which="${1:-all}"
  [[ $# -eq 0 ]] || shift
  need_packages build check
  need_python build check frames
  start_results
  case "$which" in
    all)
      [[ $# -eq 0 ]] || usage_error test "all takes no arguments"
      check build ./dev build
      if ((${#FAILED_PARTS[@]} == 0)); then
        part unit step "ctest: unit, sim and golden tests" run_ctest release
        try_packages watch
        need_versitygw
        part pytest step "pytest: end to end, with real servers" run_pytest
      fi
      check tidy ./dev tidy
      check lint ./dev lint
      ;;
    unit)
      ./dev build
      part unit step "ctest: unit, sim and golden tests" run_ctest release "$@"
      ;;
    e2e)
      ./dev build
      try_packages watch
      need_versitygw
      part pytest step "pytest: end to end, with real servers" run_pytest "${@:-tests/e2e}"
      ;;
    checks)
      check tidy ./dev tidy
      check lint ./dev lint
      ;;
    *) usage_error test "no group of tests is called $which" ;;
  esac
  close_results release
}

# python_under_asan: the tests of the Python package, on a module with AddressSanitizer in a Python without it, with the
# C++ library, or the sanitizer would not find what throws in modules that bring their own (DuckDB). What Python, pyarrow
# and the others leave at their end is theirs; leaks.py looks for what our module left. No test that forks: the
# sanitizer's allocator does not lock itself for a fork, and a child of a process with threads can hang in it.
python_under_asan() {
  local reports="$RESULTS/asan" code=0
  mkdir -p "$reports"
  ROWCALL_PYTHON="$ROOT/build/asan/python" PYTHONMALLOC=malloc \
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so.6)" \
    ASAN_OPTIONS="detect_leaks=1:exitcode=0:log_path=$RESULTS/asan/report:fast_unwind_on_malloc=1" \
    run_pytest -o "pythonpath=tools tests/tidy tests/python/inputs tools/dev build/asan/python" -o timeout=900 tests/python -k "not fork" || code=1
  "$PYTHON" tools/dev/leaks.py "$reports" || code=1
  return "$code"
}

#: asan [CTEST ARGUMENT...] | unit, sim, golden and Python tests under AddressSanitizer, LeakSanitizer and UBSan
cmd_asan() {
  need_python build check frames
  export ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1"
  export ROWCALL_SIM_PART="${ROWCALL_SIM_PART:-5}" # of the seeds: a sanitizer is ten times slower
  build_preset asan
  (($# != 0)) || build_preset release rowcall # the Python tests' mock API
  start_results
  part unit step "ctest under asan" run_ctest asan "$@"
  (($# != 0)) || part python step "pytest under asan: the Python package" python_under_asan
  close_results asan
}

#: tsan [CTEST ARGUMENT...] | the same tests under ThreadSanitizer
cmd_tsan() {
  # Arrow and the Python wheel's libraries are not instrumented; what they do inside is not judged.
  export TSAN_OPTIONS="ignore_noninstrumented_modules=1:second_deadlock_stack=1:halt_on_error=0"
  export ROWCALL_SIM_PART="${ROWCALL_SIM_PART:-5}"
  build_preset tsan
  start_results
  part unit step "ctest under tsan" run_ctest tsan "$@"
  close_results tsan
}

#: coverage | line coverage per room by gcov; details in build/coverage/html/index.html
cmd_coverage() {
  build_preset coverage
  need_python check
  start_results
  find build/coverage -name '*.gcda' -delete
  part unit step "ctest, instrumented" run_ctest coverage
  mkdir -p build/coverage/html
  step "gcovr reads the counters" "$VENV/bin/gcovr" --root . --object-directory build/coverage build/coverage \
    --filter 'src/' --filter 'include/' --filter 'cli/' --filter 'mockapi/' --exclude '.*_test\.cc' \
    --exclude-throw-branches --gcov-ignore-parse-errors=negative_hits.warn --json-summary build/coverage/summary.json \
    --html-details build/coverage/html/index.html
  "$PYTHON" tools/dev/coverage_table.py build/coverage/summary.json
  close_results coverage
}

#: fuzz [--seconds N] [NAME...] | run the fuzzers of fuzz/ under AddressSanitizer, N seconds of processor time each (default 60)
cmd_fuzz() {
  local seconds=60 name names=()
  while (($# != 0)); do
    case "$1" in
      --seconds)
        [[ "${2:-}" =~ ^[0-9]+$ ]] || usage_error fuzz "--seconds needs a number"
        seconds="$2"
        shift 2
        ;;
      -*) usage_error fuzz "there is no flag $1" ;;
      *)
        names+=("$1")
        shift
        ;;
    esac
  done
  [[ -f fuzz/CMakeLists.txt ]] || die "there is no fuzz/ folder in this tree"
  ((${#names[@]} != 0)) || mapfile -t names < <(find fuzz -name '*_fuzz.cc' -exec basename {} _fuzz.cc \; | sort)
  build_preset asan "${names[@]/%/_fuzz}"
  for name in "${names[@]}"; do
    mkdir -p "build/fuzz/$name"
    # Each fuzzer is a plain main(): SECONDS, a seed of its own choice, findings into the folder.
    step "fuzz $name for $seconds s of processor time" env ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1 \
      "build/asan/fuzz/${name}_fuzz" --seconds "$seconds" --findings "build/fuzz/$name"
  done
}

#: torture [--kills N] [--seed S] | kill real runs with SIGKILL at random moments, and check that nothing is lost
cmd_torture() {
  ./dev build
  need_python build
  need_versitygw
  "$PYTHON" tools/torture.py "$@"
}
