// SPDX-License-Identifier: Apache-2.0
#include "telemetry/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

#include "base/parse.h"

namespace rowcall::telemetry {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Surroundings surroundings_of(int fd) {
  Surroundings out;
  out.tty = ::isatty(fd) == 1;
  out.term = from_environment("TERM");
  out.no_color = from_environment("NO_COLOR");
  out.ci = from_environment("CI");
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    out.locale = from_environment(name);
    if (!out.locale.empty()) break;
  }
  return out;
}

Display display_for(const Surroundings& where, bool quiet) {
  if (quiet) return Display::kNone;
  bool in_ci = !where.ci.empty() && where.ci != "false" && where.ci != "0";
  bool can_move = where.tty && !where.term.empty() && where.term != "dumb";
  return can_move && !in_ci ? Display::kLive : Display::kLines;
}

bool colour_for(const Surroundings& where) {
  return where.tty && where.no_color.empty() && !where.term.empty() && where.term != "dumb";
}

bool unicode_for(const Surroundings& where) {
  std::string locale = lower(where.locale);
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  TerminalSize out;
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return out;
  if (size.ws_col > 0) out.columns = size.ws_col;
  if (size.ws_row > 0) out.rows = size.ws_row;
  return out;
}

}  // namespace rowcall::telemetry
