// SPDX-License-Identifier: Apache-2.0
#include "telemetry/plain_text.h"

#include <cstdint>
#include <cstdio>

#include "base/utf8.h"

namespace rowcall::telemetry {
namespace {

// The first code point of valid UTF-8, and how many bytes it takes.
struct CodePoint {
  std::uint32_t value;
  std::size_t bytes;
};

CodePoint first_of(std::string_view text) {
  auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  std::uint32_t lead = at(0);
  std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {lead, 1};
  std::uint32_t value = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) value = value << 6 | (at(i) & 0x3F);
  return {value, bytes};
}

// The blocks of Unicode's East Asian Width that matter; a wrong guess shifts a line by one column.
int columns_of(std::uint32_t c) {
  bool combining = (c >= 0x300 && c <= 0x36F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F);
  if (combining) return 0;
  bool wide = (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
              (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
              (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1FAFF) ||
              (c >= 0x20000 && c <= 0x3FFFD);
  return wide ? 2 : 1;
}

void append_control(std::string& out, std::uint32_t c) {
  switch (c) {
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\x%02x", c);
      out += buffer;
    }
  }
}

void append_plain_utf8(std::string& out, std::string_view text) {
  while (!text.empty()) {
    CodePoint c = first_of(text);
    if (c.value < 0x20 || (c.value >= 0x7F && c.value <= 0x9F)) {
      append_control(out, c.value);
    } else {
      out += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
}

}  // namespace

void append_plain(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_plain_utf8(out, text);
  append_plain_utf8(out, excerpt(text, std::string_view::npos));
}

std::string plain(std::string_view text) {
  std::string out;
  append_plain(out, text);
  return out;
}

int columns_of(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    CodePoint c = first_of(text);
    columns += columns_of(c.value);
    text.remove_prefix(c.bytes);
  }
  return columns;
}

std::string clipped(std::string_view text, int columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (columns <= 0) return {};
  int used = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    CodePoint c = first_of(text.substr(end));
    if (used + columns_of(c.value) > columns - 1) break;
    used += columns_of(c.value);
    end += c.bytes;
  }
  return std::string(text.substr(0, end)) + "~";
}

std::string utc_text(WallTime at) {
  auto day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::milliseconds>(at - day));
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return buffer;
}

}  // namespace rowcall::telemetry
