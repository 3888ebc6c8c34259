# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# System packages: tools/dev/packages.txt lists them, need_packages installs those that are missing.

# package_rows GROUP...: the rows "package probe what-for" of the groups.
package_rows() {
  awk -v groups=" $* " '/^[a-z]/ && index(groups, " " $1 " ") {
    row = $2 " " $3; for (i = 4; i <= NF; i++) row = row " " $i; print row }' tools/dev/packages.txt
}

# need_packages GROUP...: what the groups list is installed, or the task ends with a list of what is missing.
need_packages() {
  if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    need_debian_packages "$@"
  else
    need_probed_packages "$@"
  fi
}

# try_packages GROUP...: the same, for what the task can do without: then it says so and goes on.
try_packages() {
  (need_packages "$@") || say "-- going on without them: tests that need them are skipped"
}

need_debian_packages() {
  local package probe use name installed missing=()
  installed=" $(dpkg-query -W -f '${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | tr '\n' ' ') "
  while read -r package probe use; do
    for name in ${package//,/ }; do
      [[ "$installed" != *" $name "* ]] || continue 2
    done
    missing+=("$package")
  done < <(package_rows "$@")
  ((${#missing[@]} == 0)) || step "apt installs: ${missing[*]}" apt_install "${missing[@]}"
}

# as_root COMMAND...: as we are when root, else through sudo.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# apt_choice A,B: the first of the alternatives that apt can install.
apt_choice() {
  local name
  for name in ${1//,/ }; do
    if apt-cache show "$name" >/dev/null 2>&1; then
      printf '%s\n' "$name"
      return
    fi
  done
  return 1
}

# apt_try PACKAGE...: install them with the package lists as they are.
apt_try() {
  local package name names=()
  for package in "$@"; do
    name="$(apt_choice "$package")" || return 1
    names+=("$name")
  done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o Dpkg::Use-Pty=0 "${names[@]}" >"$CACHE/apt.log" 2>&1
}

apt_install() {
  mkdir -p "$CACHE"
  if ((EUID != 0)) && ! command -v sudo >/dev/null; then
    die "not root and no sudo here; as root run: apt-get install --no-install-recommends ${*//,*/}"
  fi
  if ! apt_try "$@"; then
    as_root apt-get update -qq >"$CACHE/apt.log" 2>&1 || say "-- apt-get update failed: $(tail -n 1 "$CACHE/apt.log")"
    if ! apt_try "$@"; then
      tail -n 15 "$CACHE/apt.log" >&2
      die "apt could not install: $* (the messages above are from .cache/apt.log)"
    fi
  fi
}

# probe_ok PROBE: is there such a command, header or Python module?
probe_ok() {
  case "$1" in
    -) return 0 ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    py:*) python3 -c "import ${1#py:}" 2>/dev/null ;;
    hdr:*) printf '#include <%s>\n' "${1#hdr:}" | "${CXX:-c++}" -std=c++20 -E -x c++ -o /dev/null - 2>/dev/null ;;
    *) die "tools/dev/packages.txt: unknown probe $1" ;;
  esac
}

need_probed_packages() {
  local package probe use missing=() stamp="$CACHE/probed-$*"
  # Looking for headers takes seconds; what was there once is taken to be there still.
  [[ "$(cat "$stamp" 2>/dev/null)" != "$(digest tools/dev/packages.txt)" ]] || return 0
  while read -r package probe use; do
    probe_ok "$probe" || missing+=("$(printf '  %-22s %-22s %s' "${package%%,*}" "${probe#*:}" "$use")")
  done < <(package_rows "$@")
  if ((${#missing[@]} == 0)); then
    digest tools/dev/packages.txt >"$stamp"
    return
  fi
  printf 'dev: there is no apt here, and these are missing (Debian package, command or header, what it is for):\n' >&2
  printf '%s\n' "${missing[@]}" >&2
  die "install them with your system's package manager and run the task again"
}
