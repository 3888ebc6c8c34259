// SPDX-License-Identifier: Apache-2.0
// Texts from flags, --set and the environment as values of a setting.
//
// What a text means depends on the setting: 5 is a number for run.workers, and text for name. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "settings/complaint.h"
#include "settings/setting.h"
#include "settings/value.h"

namespace rowcall::settings {

/// From the environment or a single flag: numbers and truths where the setting takes them, else text.
Value plain_value(const Setting& setting, std::string_view text);

/// From all occurrences of one flag, of which there is at least one: all of them for a list, else the last.
/// Without a text, a flag of a truth means true.
Value flag_value(const Setting& setting, const std::vector<std::string>& texts);

/// "NAME=VALUE" of a flag for a table.
Read<Entry> split_entry(std::string_view text);

/// From --set: a TOML value if the text is one that the setting can take, else the text itself.
Value set_value(const Target& target, std::string_view text);

}  // namespace rowcall::settings
