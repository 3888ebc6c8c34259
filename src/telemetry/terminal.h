// SPDX-License-Identifier: Apache-2.0
// What kind of place standard error is, and so what may be shown on it.
#pragma once

#include <string>

namespace rowcall::telemetry {

enum class Display {
  kLive,   ///< One display, redrawn in place.
  kLines,  ///< A line every 5 seconds: a pipe, a file, CI, a terminal without cursor movement.
  kNone,   ///< Nothing.
};

/// What is known of the place, from the descriptor and the environment.
struct Surroundings {
  bool tty = false;
  std::string term;      ///< TERM
  std::string no_color;  ///< NO_COLOR (no-color.org): any value but the empty one means no colour.
  std::string ci;        ///< CI: set by the well-known build services.
  std::string locale;    ///< The first of LC_ALL, LC_CTYPE, LANG that is set.
};

Surroundings surroundings_of(int fd);

Display display_for(const Surroundings& where, bool quiet);
bool colour_for(const Surroundings& where);
/// True when characters beyond ASCII will be shown as such.
bool unicode_for(const Surroundings& where);

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};
/// The size at this moment; 80 x 24 where it is not known.
TerminalSize terminal_size(int fd);

}  // namespace rowcall::telemetry
