// SPDX-License-Identifier: Apache-2.0
// TOML text as `Value`s, with lines. The only file that knows toml++.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "rowcall/error.h"

#include "settings/value.h"

namespace rowcall::settings {

/// The tables of a job file: entries in written order, each value with the line it stands on. `name` is
/// what errors call the file. Errors repeat nothing that could be a secret.
Result<Table> parse_toml(std::string_view text, std::string_view name);

/// `text` as the one TOML value it is; nothing when it is none (or a date, which no setting takes).
std::optional<Value> parse_toml_value(std::string_view text);

}  // namespace rowcall::settings
