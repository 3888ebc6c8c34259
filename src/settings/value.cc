// SPDX-License-Identifier: Apache-2.0
#include "settings/value.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/utf8.h"

namespace rowcall::settings {
namespace {

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void append_basic(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == 0x7f) {
      out += "\\u007f";  // JSON lets it pass, TOML does not
    } else {
      json::append_escaped(out, std::string_view(&c, 1));
    }
  }
  out += '"';
}

void append_string(std::string& out, std::string_view text) {
  // A JSON body is easier to read without a backslash before every quote.
  bool many_escapes = text.find_first_of("\"\\") != std::string_view::npos;
  if (many_escapes && text.find('\'') == std::string_view::npos && std::ranges::none_of(text, is_control)) {
    out += '\'';
    out += text;
    out += '\'';
    return;
  }
  append_basic(out, text);
}

void append_real(std::string& out, double value) {
  std::string text;
  json::append_double(text, value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  out += text;
}

template <class Items, class Append>
void append_joined(std::string& out, const Items& items, Append append) {
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ", ";
    first = false;
    append(item);
  }
}

void append(std::string& out, const Value& value) {
  if (const bool* truth = value.truth()) {
    out += *truth ? "true" : "false";
  } else if (const std::int64_t* whole = value.whole()) {
    json::append_int(out, *whole);
  } else if (const double* real = value.real()) {
    append_real(out, *real);
  } else if (const std::string* text = value.text()) {
    append_string(out, *text);
  } else if (const List* list = value.list()) {
    out += '[';
    append_joined(out, *list, [&](const Value& item) { append(out, item); });
    out += ']';
  } else if (const Table* table = value.table()) {
    out += table->empty() ? "{" : "{ ";
    append_joined(out, *table, [&](const Entry& entry) {
      out += toml_key(entry.name) + " = ";
      append(out, entry.value);
    });
    out += table->empty() ? "}" : " }";
  }
}

}  // namespace

bool Value::operator==(const Value& other) const {
  return data == other.data;
}

std::string shown(const Value& value) {
  if (value.list() != nullptr) return "a list";
  if (value.table() != nullptr) return "a table";
  if (const std::string* text = value.text()) {
    std::string out;
    json::append_string(out, excerpt(*text, 60));
    return out;
  }
  return toml_text(value);
}

std::string toml_text(const Value& value) {
  std::string out;
  append(out, value);
  return out;
}

std::string toml_key(std::string_view name) {
  auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && std::ranges::all_of(name, bare)) return std::string(name);
  std::string out;
  append_basic(out, name);
  return out;
}

}  // namespace rowcall::settings
