// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redactor.h"

#include <algorithm>

#include "base/encode.h"
#include "base/json_text.h"
#include "base/parse.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kShortestValue = 4;
constexpr std::size_t kShortestLine = 16;  // a line of a key; "-----END" alone is no secret

}  // namespace

Redactor::Redactor(const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    std::string_view value = trimmed(secret);
    if (value.size() < kShortestValue) continue;
    needles_.emplace_back(value);
    append_percent(needles_.emplace_back(), value);
    json::append_escaped(needles_.emplace_back(), value);
    if (value.find('\n') == std::string_view::npos) continue;
    for (std::string_view line : split(value, '\n')) {
      if (line.size() >= kShortestLine && !line.starts_with("-----")) needles_.emplace_back(line);
    }
  }
  std::sort(needles_.begin(), needles_.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  needles_.erase(std::unique(needles_.begin(), needles_.end()), needles_.end());
}

std::string Redactor::masked(std::string_view text) const {
  std::string out(text);
  mask(out);
  return out;
}

void Redactor::mask(std::string& text) const {
  for (const std::string& needle : needles_) {
    for (auto at = text.find(needle); at != std::string::npos; at = text.find(needle, at + kMask.size())) {
      text.replace(at, needle.size(), kMask);
    }
  }
}

}  // namespace rowcall::telemetry
