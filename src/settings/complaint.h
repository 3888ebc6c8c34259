// SPDX-License-Identifier: Apache-2.0
// Why a value will not do, and where it came from: the two halves of an error about a setting.
//
// Who judges a value does not know its place, and who knows the place does not judge. Plain data.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "rowcall/error.h"

namespace rowcall::settings {

struct Complaint {
  std::string found = {};
  std::string expected = {};
  std::string mend = {};
  std::string under = {};    ///< The entry of a table it is about; empty: the setting itself.
  int line = 0;              ///< The line of that entry, when it has one.
  bool shows_value = false;  ///< `found` repeats what was written.
};

/// Nothing: all is well.
using Verdict = std::optional<Complaint>;

/// What was read, or why it could not be.
template <class T>
using Read = std::expected<T, Complaint>;

inline std::unexpected<Complaint> complain(Complaint complaint) {
  return std::unexpected<Complaint>(std::move(complaint));
}

/// Where a value was written.
struct Place {
  std::string text;            ///< "job.toml", ".env line 4: MAX_WORKERS", "--rate"; may be empty.
  bool names_setting = false;  ///< `text` says which setting it is; else the key is added to it.

  /// "job.toml line 3: limits.rate"
  std::string of(std::string_view key, std::string_view under, int line) const;
};

/// The error for people.
Error error_of(Complaint complaint, const Place& place, std::string_view key, int line);

/// True when a name can be repeated in an error without fear: a short word of letters, digits, "_", "-", ".".
/// What is no such word may be a secret that was put where a name belongs.
bool can_be_shown(std::string_view name);

}  // namespace rowcall::settings
