# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Checks that read the source and run nothing.

CLANG_FORMAT="clang-format-19"

# sources PATTERN...: files of this tree that git tracks or would track.
sources() {
  git ls-files --cached --others --exclude-standard --deduplicate -- "$@" | while read -r file; do
    [[ ! -f "$file" ]] || printf '%s\n' "$file"
  done
}

cxx_sources() { sources '*.cc' '*.h'; }
shell_sources() { sources dev .ci/run '*.sh'; }

# Says which files, not every place in them: ./dev format mends them all.
lint_cxx_format() {
  cxx_sources | xargs -r "$CLANG_FORMAT" --dry-run -Werror 2>&1 |
    sed -En 's/^([^:]+):[0-9]+:.*-Wclang-format-violations.*/\1: not formatted/p; /^(xargs|error|Configuration|YAML)/p' |
    sort -u
}
# -x: follow "source"; the parts of ./dev are read together, so that names shared among them are seen.
lint_shell() { shell_sources | xargs -r shellcheck -x -S style; }
lint_ruff() { "$VENV/bin/ruff" check --quiet . && "$VENV/bin/ruff" format --check --quiet .; }
lint_mypy() { "$VENV/bin/mypy" --no-error-summary; }

#: format | rewrite C++ with clang-format 19 and Python with ruff
cmd_format() {
  need_packages build check
  need_python check
  cxx_sources | xargs -r "$CLANG_FORMAT" -i
  "$VENV/bin/ruff" check --quiet --fix-only .
  "$VENV/bin/ruff" format --quiet .
}

#: lint [--quick] [--tests] [FILE...] | clang-format, shellcheck, ruff, mypy and clang-tidy (not --quick); *_test.cc only with --tests
cmd_lint() {
  local failed=() check quick=no tidy_arguments=()
  while (($# != 0)); do
    case "$1" in
      --quick) quick=yes ;;
      --tests) tidy_arguments+=(--tests) ;;
      -*) usage_error lint "there is no flag $1" ;;
      *) tidy_arguments+=("$1") ;;
    esac
    shift
  done
  need_packages build check
  need_python build check
  for check in cxx_format shell ruff mypy; do
    "lint_$check" || failed+=("$check")
  done
  if [[ "$quick" == no ]]; then
    configure release
    "$PYTHON" tools/dev/clang_tidy.py --build build/release --cache "$USER_CACHE/clang-tidy" \
      --jobs "$(jobs_at_once)" "${tidy_arguments[@]}" || failed+=(clang-tidy)
  fi
  ((${#failed[@]} == 0)) || die "lint found faults in: ${failed[*]} (./dev format mends formatting)"
}

#: tidy | the house rules: order of the rooms, sizes, words, links
cmd_tidy() {
  need_packages build check
  need_python check
  "$PYTHON" tests/tidy/tidy.py
}
