// SPDX-License-Identifier: Apache-2.0
#include "settings/column_text.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/nearest.h"
#include "base/parse.h"
#include "settings/read.h"

namespace rowcall::settings {
namespace {

const std::vector<std::string>& plain_types() {
  static const std::vector<std::string> names = {"string", "bool",      "int8",   "int16",  "int32", "int64",
                                                 "uint8",  "uint16",    "uint32", "uint64", "float", "double",
                                                 "date",   "timestamp", "binary", "json"};
  return names;
}

// What stands between the brackets behind `word`; nothing when the text has another form.
std::optional<std::string_view> inside(std::string_view type, std::string_view word, char open, char close) {
  if (!type.starts_with(word) || !type.ends_with(close)) return std::nullopt;
  type = trimmed(type.substr(word.size()));
  if (type.size() < 2 || type.front() != open) return std::nullopt;
  return type.substr(1, type.size() - 2);
}

// "decimal(10,2)", "decimal(10)": at most 38 digits, of which so many after the point.
bool is_decimal(std::string_view type) {
  auto text = inside(type, "decimal", '(', ')');
  auto parts = split(text.value_or(""), ',');
  if (parts.empty() || parts.size() > 2) return false;
  auto digits = parse_int(parts[0]);
  auto scale = parts.size() == 2 ? parse_int(parts[1]) : std::optional<std::int64_t>(0);
  return digits && scale && *digits >= 1 && *digits <= 38 && *scale >= 0 && *scale <= *digits;
}

// "timestamp[ms]", "timestamp[us, UTC]", "timestamp[UTC]".
bool is_timestamp(std::string_view type) {
  auto text = inside(type, "timestamp", '[', ']');
  if (!text) return false;
  return std::ranges::all_of(split(*text, ','), [](std::string_view part) {
    return part == "s" || part == "ms" || part == "us" || part == "ns" || equal_ignoring_case(part, "UTC");
  });
}

}  // namespace

const char* const kColumnForm = "\"/pointer:type\", with \"!\" at the end if the value must be there";

Verdict check_type(std::string_view type) {
  if (is_decimal(type) || is_timestamp(type) || std::ranges::find(plain_types(), type) != plain_types().end())
    return std::nullopt;
  std::string near = nearest(type, plain_types());
  return not_what(Value(std::string(type)), "one of " + std::string(kColumnTypes),
                  near.empty() ? "" : "Did you mean \"" + near + "\"?");
}

Verdict check_pointer(std::string_view pointer) {
  auto wrong = [&](std::string mend) {
    return not_what(Value(std::string(pointer)), "a JSON Pointer: empty, or beginning with \"/\"",
                    std::move(mend));
  };
  if (pointer.empty()) return std::nullopt;
  if (pointer.front() != '/') {
    std::string slashed = "/" + std::string(pointer.starts_with("$.") ? pointer.substr(2) : pointer);
    std::ranges::replace(slashed, '.', '/');
    return wrong("Write \"" + slashed + "\".");
  }
  for (std::size_t i = pointer.find('~'); i != std::string_view::npos; i = pointer.find('~', i + 1)) {
    bool escape = i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1');
    if (!escape) return wrong("Write ~0 for a tilde, ~1 for a slash inside a name.");
  }
  return std::nullopt;
}

Read<ResponseColumn> parse_column(const std::string& name, std::string_view text) {
  ResponseColumn column{.name = name, .pointer = {}, .type = "string"};
  std::string_view rest = trimmed(text);
  if (rest.ends_with('!')) {
    column.required = true;
    rest.remove_suffix(1);
  }
  if (auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    column.type = trimmed(rest.substr(colon + 1));
    rest = trimmed(rest.substr(0, colon));
    if (auto wrong = check_type(column.type)) {
      if (wrong->mend.empty()) {
        wrong->mend =
            "What stands after the last colon is the type; to name a key with a colon in it, add the type.";
      }
      return complain(*std::move(wrong));
    }
  } else if (rest.empty()) {
    return complain(not_what(Value(std::string(text)), kColumnForm, "Write \":json\" for the whole answer."));
  }
  if (auto wrong = check_pointer(rest)) return complain(*std::move(wrong));
  column.pointer = rest;
  return column;
}

std::string column_text(const ResponseColumn& column) {
  return column.pointer + ":" + column.type + (column.required ? "!" : "");
}

}  // namespace rowcall::settings
