// SPDX-License-Identifier: Apache-2.0
// A .env file: NAME=VALUE lines.
//
// Blank lines and lines that begin with "#" say nothing. "export " may stand in front. A value without
// quotes ends at " #" or at the end of its line, blanks around it left out; in single quotes it is taken as
// it stands; in double quotes \n, \r, \t, \" and \\ have their usual meaning. Variables are not expanded,
// and a value is one line. A name that comes twice has its last value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"

namespace rowcall::settings {

struct EnvLine {
  std::string name;
  std::string value;
  int line = 0;
};

/// The lines of `text` that set something, a name once each. `file` is what errors call it. Errors repeat
/// neither names nor values: a line that cannot be read may be part of a secret.
Result<std::vector<EnvLine>> parse_dotenv(std::string_view text, std::string_view file);

}  // namespace rowcall::settings
