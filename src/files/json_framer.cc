// SPDX-License-Identifier: Apache-2.0
#include "files/json_framer.h"

#include <algorithm>

namespace rowcall::files {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

JsonStep JsonFramer::next(std::string_view text, bool whole, JsonFrame& frame) {
  return kind_ == Kind::kLines ? next_line(text, whole, frame) : next_item(text, whole, frame);
}

JsonStep JsonFramer::next_line(std::string_view text, bool whole, JsonFrame& frame) {
  frame.begin = std::min(text.find_first_not_of(kBlanks), text.size());
  if (frame.begin == text.size()) return whole ? JsonStep::kEnd : JsonStep::kMore;
  std::size_t feed = text.find('\n', frame.begin);
  if (feed == std::string_view::npos && !whole) return JsonStep::kMore;
  frame.next = feed == std::string_view::npos ? text.size() : feed + 1;
  frame.end = text.substr(0, frame.next).find_last_not_of(kBlanks) + 1;
  return JsonStep::kRecord;
}

JsonStep JsonFramer::next_item(std::string_view text, bool whole, JsonFrame& frame) {
  Expect expect = expect_;
  frame.begin = 0;
  for (;; ++frame.begin) {
    frame.begin = std::min(text.find_first_not_of(kBlanks, frame.begin), text.size());
    if (frame.begin == text.size()) {
      expect_ = expect;
      if (!whole) return JsonStep::kMore;
      return expect == Expect::kNothing ? JsonStep::kEnd : JsonStep::kBroken;
    }
    char c = text[frame.begin];
    if (expect == Expect::kArray && c == '[') {
      expect = Expect::kFirst;
    } else if (expect == Expect::kComma && c == ',') {
      expect = Expect::kItem;
    } else if ((expect == Expect::kComma || expect == Expect::kFirst) && c == ']') {
      expect = Expect::kNothing;
    } else {
      break;
    }
  }
  expect_ = expect;
  if (expect != Expect::kFirst && expect != Expect::kItem) return JsonStep::kBroken;
  if (text[frame.begin] == ']' || text[frame.begin] == ',') return JsonStep::kBroken;
  begin_skip();
  std::size_t at = frame.begin;
  if (!scan(text, at)) {
    if (!whole) return JsonStep::kMore;
    // The file ends inside: what there is is a record, and the next look finds the array not closed.
    at = text.size();
  }
  frame.end = text.substr(0, at).find_last_not_of(kBlanks) + 1;
  frame.next = at;
  expect_ = Expect::kComma;
  return JsonStep::kRecord;
}

void JsonFramer::begin_skip() {
  depth_ = 0;
  quoted_ = false;
  escaped_ = false;
}

bool JsonFramer::skip(std::string_view text, std::size_t& bytes) {
  bytes = 0;
  if (kind_ == Kind::kLines) {
    std::size_t feed = text.find('\n');
    bytes = feed == std::string_view::npos ? text.size() : feed + 1;
    return feed != std::string_view::npos;
  }
  if (!scan(text, bytes)) return false;
  expect_ = Expect::kComma;
  return true;
}

// Goes on to the comma or bracket behind the item; false when the text ends before.
bool JsonFramer::scan(std::string_view text, std::size_t& at) {
  for (; at < text.size(); ++at) {
    char c = text[at];
    if (quoted_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        quoted_ = false;
      }
      continue;
    }
    switch (c) {
      case '"': quoted_ = true; break;
      case '{':
      case '[': ++depth_; break;
      case '}':
      case ']':
        if (depth_ == 0 && c == ']') return true;
        depth_ -= depth_ > 0 ? 1 : 0;
        break;
      case ',':
        if (depth_ == 0) return true;
        break;
      default: break;
    }
  }
  return false;
}

const char* JsonFramer::expected() const {
  switch (expect_) {
    case Expect::kArray: return "\"[\", the begin of an array of objects";
    case Expect::kFirst:
    case Expect::kItem: return "an object";
    case Expect::kComma: return "\",\" or \"]\" behind an item";
    case Expect::kNothing: return "nothing behind the array";
  }
  return "";
}

}  // namespace rowcall::files
