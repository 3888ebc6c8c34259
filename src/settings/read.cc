// SPDX-License-Identifier: Apache-2.0
#include "settings/read.h"

#include <charconv>
#include <cmath>

#include "base/nearest.h"
#include "base/parse.h"
#include "base/utf8.h"

namespace rowcall::settings {
namespace {

bool within(std::int64_t number, Range range) {
  return number >= range.least && number <= range.most;
}

// Numbers written in quotes are the commonest slip in a job file.
std::string unquote_mend(const Value& value) {
  if (value.text() == nullptr || !parse_double(*value.text())) return {};
  return "Write the number without quotes.";
}

std::optional<double> number_of(const Value& value) {
  if (value.whole() != nullptr) return static_cast<double>(*value.whole());
  if (value.real() != nullptr && std::isfinite(*value.real())) return *value.real();
  return std::nullopt;
}

// Twelve digits: share * 100 is seldom exact, and "7%" is what was meant.
std::string percent_text(double share) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, share * 100, std::chars_format::general, 12).ptr;
  return std::string(buffer, end) + "%";
}

std::optional<double> parse_percent(std::string_view text) {
  text = trimmed(text);
  if (!text.ends_with('%')) return std::nullopt;
  auto number = parse_double(text.substr(0, text.size() - 1));
  if (!number) return std::nullopt;
  return *number / 100;
}

}  // namespace

Complaint not_what(const Value& value, const std::string& expects, std::string mend) {
  return {.found = shown(value), .expected = expects, .mend = std::move(mend), .shows_value = true};
}

std::string whole_form(Range range) {
  if (range.most == INT64_MAX) return "a whole number, at least " + grouped(range.least);
  return "a whole number from " + grouped(range.least) + " to " + grouped(range.most);
}

std::string duration_form(Range range) {
  return "a duration from " + duration_text(Duration(range.least)) + " to " +
         duration_text(Duration(range.most)) + ", such as \"250ms\", \"10s\" or \"5min\"";
}

std::string bytes_form(Range range) {
  return "a size from " + bytes_text(range.least) + " to " + bytes_text(range.most) +
         ", such as \"64KB\" or \"8MB\"";
}

std::string choice_form(std::span<const std::string> choices) {
  std::string out = "one of ";
  for (const std::string& choice : choices) {
    if (!out.ends_with(' ')) out += ", ";
    out += '"' + choice + '"';
  }
  return out;
}

Read<bool> read_truth(const Value& value, const std::string& expects) {
  if (value.truth() != nullptr) return *value.truth();
  std::string mend;
  if (value.text() != nullptr && (*value.text() == "true" || *value.text() == "false")) {
    mend = "Write it without quotes.";
  }
  return complain(not_what(value, expects, mend));
}

Read<std::int64_t> read_whole(const Value& value, Range range, const std::string& expects) {
  if (value.whole() == nullptr) return complain(not_what(value, expects, unquote_mend(value)));
  if (!within(*value.whole(), range)) return complain(not_what(value, expects));
  return *value.whole();
}

Read<std::uint64_t> read_seed(const Value& value, const std::string& expects) {
  if (value.whole() != nullptr && *value.whole() >= 0) return static_cast<std::uint64_t>(*value.whole());
  if (const std::string* text = value.text()) {
    std::uint64_t seed = 0;
    auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seed);
    if (error == std::errc() && end == text->data() + text->size()) return seed;
  }
  return complain(not_what(value, expects));
}

Read<double> read_real(const Value& value, double least, double most, const std::string& expects) {
  auto number = number_of(value);
  if (!number) return complain(not_what(value, expects, unquote_mend(value)));
  if (*number < least || *number > most) return complain(not_what(value, expects));
  return *number;
}

Read<double> read_share(const Value& value, const std::string& expects) {
  auto share = value.text() != nullptr ? parse_percent(*value.text()) : number_of(value);
  if (!share || *share < 0 || *share > 1) return complain(not_what(value, expects));
  return *share;
}

Read<Duration> read_duration(const Value& value, Range range, const std::string& expects) {
  std::optional<Duration> duration;
  if (value.text() != nullptr) {
    duration = parse_duration(*value.text());
  } else if (auto number = number_of(value); number && std::abs(*number) < 9e9) {
    duration = from_seconds(*number);
  }
  if (!duration || !within(duration->count(), range)) return complain(not_what(value, expects));
  return *duration;
}

Read<std::int64_t> read_bytes(const Value& value, Range range, const std::string& expects) {
  std::optional<std::int64_t> bytes;
  if (value.text() != nullptr) bytes = parse_bytes(*value.text());
  if (value.whole() != nullptr) bytes = *value.whole();
  if (!bytes || !within(*bytes, range)) return complain(not_what(value, expects));
  return *bytes;
}

Read<std::string> read_text(const Value& value, const std::string& expects) {
  if (value.text() == nullptr) {
    bool scalar = value.list() == nullptr && value.table() == nullptr;
    return complain(not_what(value, expects, scalar ? "Put quotes around it." : ""));
  }
  if (!is_utf8(*value.text()) || value.text()->find('\0') != std::string::npos) {
    return complain({.found = "text that is not valid UTF-8, or holds a zero byte", .expected = expects});
  }
  return *value.text();
}

Read<char> read_character(const Value& value, const std::string& expects) {
  const std::string* text = value.text();
  if (text == nullptr) return complain(not_what(value, expects));
  if (*text == "\\t" || *text == "tab") return '\t';
  bool usable =
      text->size() == 1 && (text->front() == '\t' || (text->front() >= 0x20 && text->front() < 0x7f));
  if (!usable) return complain(not_what(value, expects));
  return text->front();
}

Read<std::size_t> read_choice(const Value& value, std::span<const std::string> choices,
                              const std::string& expects) {
  if (value.text() == nullptr) return complain(not_what(value, expects));
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (equal_ignoring_case(*value.text(), choices[i])) return i;
  }
  std::string near = nearest(*value.text(), choices);
  return complain(not_what(value, expects, near.empty() ? "" : "Did you mean \"" + near + "\"?"));
}

Read<std::vector<std::string>> read_texts(const Value& value, const std::string& expects) {
  if (value.text() != nullptr) {
    auto text = read_text(value, expects);
    if (!text) return complain(std::move(text).error());
    return std::vector<std::string>{*std::move(text)};
  }
  if (value.list() == nullptr) return complain(not_what(value, expects, "Put quotes around it."));
  std::vector<std::string> texts;
  for (const Value& item : *value.list()) {
    auto text = read_text(item, expects);
    if (!text) {
      text.error().found += " in the list";
      text.error().line = item.line;
      return complain(std::move(text).error());
    }
    texts.push_back(*std::move(text));
  }
  return texts;
}

Read<Caps> read_caps(const Value& value, const std::string& expects) {
  auto add = [](Caps& caps, const Value& item) {
    std::optional<std::int64_t> count;
    std::optional<double> share;
    if (item.whole() != nullptr) count = *item.whole();
    if (item.real() != nullptr) share = *item.real();
    if (item.text() != nullptr) {
      count = parse_int(*item.text());
      share = parse_percent(*item.text());
    }
    if (count && *count >= 0 && caps.count == 0) {
      caps.count = *count;
      return true;
    }
    if (share && *share >= 0 && *share <= 1 && caps.share == 0) {
      caps.share = *share;
      return true;
    }
    return false;
  };
  Caps caps;
  if (value.list() == nullptr) {
    if (!add(caps, value)) return complain(not_what(value, expects));
    return caps;
  }
  for (const Value& item : *value.list()) {
    if (!add(caps, item)) return complain(not_what(item, expects));
  }
  return caps;
}

Value share_value(double share) {
  std::string text = percent_text(share);
  if (parse_percent(text) == share) return text;
  return share;
}

Value caps_value(Caps caps) {
  if (caps.share == 0) return caps.count;
  if (caps.count == 0) return share_value(caps.share);
  return List{caps.count, share_value(caps.share)};
}

Value texts_value(const std::vector<std::string>& texts) {
  if (texts.size() == 1) return texts.front();
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

}  // namespace rowcall::settings
