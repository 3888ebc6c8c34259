// SPDX-License-Identifier: Apache-2.0
// The parts of an http or https URL that rowcall needs, templates left in place.
#pragma once

#include <string>
#include <string_view>

#include "rowcall/error.h"

namespace rowcall::mapping {

struct Url {
  bool tls = false;
  std::string host;       ///< Without brackets.
  std::string port;       ///< The scheme's own if none is given.
  std::string authority;  ///< As it goes into the Host header.
  std::string target;     ///< Path and query, "/" if there is none; may hold {{column}}.
};

/// Fails for other schemes, a host with a template in it, user names or passwords, fragments, blanks. The
/// error names `setting`.
Result<Url> parse_url(std::string_view text, std::string_view setting);

}  // namespace rowcall::mapping
