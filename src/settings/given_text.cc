// SPDX-License-Identifier: Apache-2.0
#include "settings/given_text.h"

#include <optional>
#include <utility>

#include "base/parse.h"
#include "settings/toml_file.h"

namespace rowcall::settings {
namespace {

bool is_list(Kind kind) {
  return kind == Kind::kTexts || kind == Kind::kRates || kind == Kind::kCaps;
}

bool takes_numbers(Kind kind) {
  return kind == Kind::kWhole || kind == Kind::kReal || kind == Kind::kShare || kind == Kind::kDuration ||
         kind == Kind::kBytes || kind == Kind::kCaps;
}

bool is_text_only(Kind kind) {
  return kind == Kind::kText || kind == Kind::kChoice || kind == Kind::kSecret;
}

}  // namespace

Value plain_value(const Setting& setting, std::string_view text) {
  if (setting.kind == Kind::kTruth && (text == "true" || text == "false")) return text == "true";
  if (takes_numbers(setting.kind)) {
    if (auto whole = parse_int(text)) return *whole;
    bool whole_only = setting.kind == Kind::kWhole || setting.kind == Kind::kBytes;
    if (auto real = parse_double(text); real && !whole_only) return *real;
  }
  return std::string(text);
}

Value flag_value(const Setting& setting, const std::vector<std::string>& texts) {
  if (setting.kind == Kind::kTruth && texts.back().empty()) return true;
  if (!is_list(setting.kind) || texts.size() == 1) return plain_value(setting, texts.back());
  List list;
  for (const std::string& text : texts) list.push_back(plain_value(setting, text));
  return list;
}

Read<Entry> split_entry(std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return complain(
        {.found = "no \"=\"", .expected = "NAME=VALUE", .mend = "Write the name, \"=\" and the value."});
  }
  return Entry{std::string(trimmed(text.substr(0, equals))), std::string(text.substr(equals + 1))};
}

Value set_value(const Target& target, std::string_view text) {
  std::optional<Value> parsed = parse_toml_value(text);
  Kind kind = target.entry.empty() ? target.setting->kind : Kind::kText;
  bool usable = parsed.has_value();
  if (usable && is_text_only(kind)) usable = parsed->text() != nullptr;
  if (usable && kind == Kind::kTexts) usable = parsed->text() != nullptr || parsed->list() != nullptr;
  return usable ? *std::move(parsed) : Value(std::string(text));
}

}  // namespace rowcall::settings
