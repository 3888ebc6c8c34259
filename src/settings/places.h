// SPDX-License-Identifier: Apache-2.0
// Where each setting of a job was written, so that an error found later can still name file and line.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/setting.h"

namespace rowcall::settings {

/// A setting that is not in it kept its default.
struct Places {
  std::map<std::string, std::string, std::less<>> by_key;

  /// "job.toml line 7: request.rows_per_call", or the key alone.
  std::string of(std::string_view key) const;
  bool has(std::string_view key) const { return by_key.contains(key); }
};

/// `apply`, and remembers the place: of the setting, and of each entry of a table.
Result<void> put(Job& job, Places& places, const Target& target, const Value& value, const Place& place);

}  // namespace rowcall::settings
