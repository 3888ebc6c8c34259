# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Starting a task, telling what it does and how long it took, and failing in one way.

# Where things that can be fetched or made again are kept: per clone, and per user for fresh clones.
CACHE="$ROOT/.cache"
# shellcheck disable=SC2034 # read by servers.sh and checks.sh
USER_CACHE="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/rowcall"

# Set by a task that wants a line printed after everything else (the totals of a test run).
CLOSING_LINE=""

say() { printf '%s\n' "$*"; }

# die TEXT...: say what is wrong and how to mend it, and end the task.
die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# usage_error TASK TEXT: a wrong flag or argument.
usage_error() {
  printf 'dev: %s: %s (./dev help shows its arguments)\n' "$1" "$2" >&2
  exit 2
}

# seconds_since START, with START from $EPOCHREALTIME: "3.2 s" or "2 min 5 s".
seconds_since() {
  local micros=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  if ((micros < 60000000)); then
    printf '%d.%d s' $((micros / 1000000)) $((micros % 1000000 / 100000))
  else
    printf '%d min %d s' $((micros / 60000000)) $((micros / 1000000 % 60))
  fi
}

# step TEXT COMMAND...: run one part of a task which takes noticeable time.
step() {
  local text="$1" started="$EPOCHREALTIME"
  shift
  say "-- $text"
  "$@"
  say "-- $text: done in $(seconds_since "$started")"
}

# task_lines: "NAME ARGS | what it does", in the order of the task files.
task_lines() { sed -n 's/^#: //p' tools/dev/*.sh; }

# digest FILE_OR_TEXT...: one hash of the contents of the files and of the texts that are no files.
digest() {
  local item
  for item in "$@"; do
    if [[ -f "$item" ]]; then cat "$item"; else printf '%s\n' "$item"; fi
  done | sha256sum | cut -d' ' -f1
}

finish_task() {
  local code=$?
  if ((code == 0)); then
    say "== $TASK: done in $(seconds_since "$TASK_STARTED")"
  else
    say "== $TASK: FAILED after $(seconds_since "$TASK_STARTED")"
  fi
  [[ -z "$CLOSING_LINE" ]] || say "$CLOSING_LINE"
}

run_task() {
  local name="${1:-help}"
  case "$name" in -h | --help) name=help ;; esac
  [[ $# -eq 0 ]] || shift
  if ! declare -F "cmd_${name//-/_}" >/dev/null; then
    printf 'dev: there is no task "%s"; ./dev help lists them\n' "$name" >&2
    exit 2
  fi
  if [[ "$name" == help ]]; then
    cmd_help
    return
  fi
  mkdir -p "$CACHE"
  TASK="$name"
  TASK_STARTED="$EPOCHREALTIME"
  say "== $name: $(task_lines | sed -nE "s/^$name( [^|]*)?\| //p")"
  trap finish_task EXIT
  "cmd_${name//-/_}" "$@"
}

#: help | list the tasks
cmd_help() {
  say "usage: ./dev TASK [ARGUMENTS]"
  say ""
  task_lines | awk -F' [|] ' '{ printf "  %-36s %s\n", $1, $2 }'
  say ""
  say "Each task installs what it needs (apt and pip, once). docs/development.md tells more."
}
