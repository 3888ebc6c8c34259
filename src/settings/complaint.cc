// SPDX-License-Identifier: Apache-2.0
#include "settings/complaint.h"

#include <algorithm>

namespace rowcall::settings {

bool can_be_shown(std::string_view name) {
  auto word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return name.size() <= 64 && std::ranges::all_of(name, word);
}

std::string Place::of(std::string_view key, std::string_view under, int line) const {
  std::string out = text;
  if (line > 0) out += " line " + std::to_string(line);
  if (!names_setting) {
    if (!out.empty()) out += ": ";
    out += key;
  }
  if (!under.empty() && can_be_shown(under)) {
    out += out.ends_with(key) ? "." : " ";
    out += under;
  }
  return out;
}

Error error_of(Complaint complaint, const Place& place, std::string_view key, int line) {
  Error error;
  error.code = ErrorCode::kSetting;
  error.place = place.of(key, complaint.under, complaint.line > 0 ? complaint.line : line);
  error.found = std::move(complaint.found);
  error.expected = std::move(complaint.expected);
  error.mend = std::move(complaint.mend);
  return error;
}

}  // namespace rowcall::settings
