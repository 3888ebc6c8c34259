// SPDX-License-Identifier: Apache-2.0
// The address of what lends permits to several runs: a coordinator of ours, or a Redis.
//
//     tcp://HOST:PORT
//     redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?key=NAME]
//
// Complaints never repeat user information. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "settings/complaint.h"

namespace rowcall::settings {

struct CoordinatorUrl {
  bool redis = false;
  std::string host;  ///< A name or an address; IPv6 without its brackets.
  std::string port;  ///< Digits.
  std::string user;  ///< Redis only, as are all that follow.
  std::string password;
  int database = 0;
  std::string key;  ///< Names the limit; empty: the API's host does.

  /// "redis://10.0.0.7:6379/0": without user information and key.
  std::string shown() const;
};

/// In user information and key, %XX stands for a byte.
Read<CoordinatorUrl> read_coordinator_url(std::string_view text);

/// For limits.coordinator: such a URL without user information, or "env:NAME", where such a URL is found.
Verdict check_coordinator(std::string_view text);

inline constexpr const char* kCoordinatorForm =
    "\"tcp://HOST:PORT\", \"redis://HOST:PORT/DATABASE\", or \"env:NAME\" with such a URL in that variable";

}  // namespace rowcall::settings
