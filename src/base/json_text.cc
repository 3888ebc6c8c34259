// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace rowcall::json {
namespace {

// 0: passes through; otherwise the letter after the backslash ('u' for \u00XX).
constexpr std::array<char, 256> make_escapes() {
  std::array<char, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table[c] = 'u';
  table['\b'] = 'b';
  table['\t'] = 't';
  table['\n'] = 'n';
  table['\f'] = 'f';
  table['\r'] = 'r';
  table['"'] = '"';
  table['\\'] = '\\';
  return table;
}
constexpr std::array<char, 256> kEscapes = make_escapes();

template <class Number>
void append_number(std::string& out, Number value) {
  char buffer[40];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  out.append(buffer, end);
}

}  // namespace

void append_escaped(std::string& out, std::string_view text) {
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    char escape = kEscapes[byte];
    if (escape == 0) [[likely]]
      continue;
    out.append(text, from, i - from);
    from = i + 1;
    out += '\\';
    out += escape;
    if (escape == 'u') {
      static constexpr char digits[] = "0123456789abcdef";
      out += "00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  out.append(text, from, text.size() - from);
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text);
  out += '"';
}

void append_int(std::string& out, std::int64_t value) {
  append_number(out, value);
}
void append_uint(std::string& out, std::uint64_t value) {
  append_number(out, value);
}

void append_double(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  append_number(out, value);
}

void append_float(std::string& out, float value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  append_number(out, value);
}

std::string& Object::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_string(out_, name);
  out_ += ':';
  return out_;
}

std::string& Array::item() {
  if (!first_) out_ += ',';
  first_ = false;
  return out_;
}

}  // namespace rowcall::json
