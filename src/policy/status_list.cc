// SPDX-License-Identifier: Apache-2.0
#include "policy/status_list.h"

#include "base/parse.h"

namespace rowcall::policy {
namespace {

struct Span {
  int first;
  int last;
};

std::optional<int> code(std::string_view text) {
  if (text.size() != 3) return std::nullopt;
  auto value = parse_int(text);
  if (!value || *value < 100 || *value > 599) return std::nullopt;
  return static_cast<int>(*value);
}

std::optional<Span> span(std::string_view text) {
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' && lower(text.substr(1)) == "xx") {
    int first = (text[0] - '0') * 100;
    return Span{first, first + 99};
  }
  auto dash = text.find('-');
  auto first = code(trimmed(text.substr(0, dash)));
  auto last = dash == std::string_view::npos ? first : code(trimmed(text.substr(dash + 1)));
  if (!first || !last || *last < *first) return std::nullopt;
  return Span{*first, *last};
}

}  // namespace

std::optional<StatusList> StatusList::parse(std::string_view text) {
  StatusList list;
  for (std::string_view entry : split(text, ',')) {
    bool in = !entry.starts_with('!');
    auto codes = span(trimmed(in ? entry : entry.substr(1)));
    if (!codes) return std::nullopt;
    bool changes = in;
    for (int status = codes->first; status <= codes->last; ++status) {
      changes = changes || list.has(status);
      list.codes_[static_cast<std::size_t>(status)] = in;
    }
    if (!changes) return std::nullopt;
  }
  return list;
}

}  // namespace rowcall::policy
