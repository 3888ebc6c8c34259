// SPDX-License-Identifier: Apache-2.0
#include "ledger/range_text.h"

#include "base/parse.h"

namespace rowcall::ledger {

std::string text_of(const std::vector<RowRange>& ranges) {
  std::string text;
  for (const RowRange& range : ranges) {
    if (!text.empty()) text += ' ';
    text += std::to_string(range.first) + "-" + std::to_string(range.end);
  }
  return text;
}

std::optional<std::vector<RowRange>> ranges_of(std::string_view text) {
  std::vector<RowRange> ranges;
  if (text.empty()) return ranges;
  for (std::string_view part : split(text, ' ')) {
    auto ends = split(part, '-');
    if (ends.size() != 2) return std::nullopt;
    auto first = parse_int(ends[0]);
    auto end = parse_int(ends[1]);
    if (!first || !end || *first >= *end) return std::nullopt;
    ranges.push_back({*first, *end});
  }
  return ranges;
}

}  // namespace rowcall::ledger
