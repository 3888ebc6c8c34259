// SPDX-License-Identifier: Apache-2.0
// Text from elsewhere (an answer, a file name, a system message), made fit for a log line or a terminal.
//
// A line break in an error message must not forge a second log line, and an escape sequence in an answer
// must not reach the user's terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "rowcall/time.h"

namespace rowcall::telemetry {

/// Appends `text` as valid UTF-8 on one line: line break, tab and the like as \n, \t; other control
/// characters (C1 included) as \x1b; bytes that are no UTF-8 as U+FFFD.
void append_plain(std::string& out, std::string_view text);
std::string plain(std::string_view text);

/// Columns a terminal needs for plain text: wide characters (CJK, emoji) take two, combining marks none.
int columns_of(std::string_view text);

/// At most `columns` columns of plain text, cut at a character; the last one kept becomes "~" when
/// something was cut off.
std::string clipped(std::string_view text, int columns);

/// UTC with milliseconds, as in "2026-03-01T09:05:00.042Z".
std::string utc_text(WallTime at);

}  // namespace rowcall::telemetry
