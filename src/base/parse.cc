// SPDX-License-Identifier: Apache-2.0
#include "base/parse.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace rowcall {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Longest unit names first, so that "ms" is not read as "m" with an "s" left over.
constexpr std::array<Unit, 14> kDurationUnits = {{{"min", 60e9},
                                                  {"ms", 1e6},
                                                  {"us", 1e3},
                                                  {"ns", 1},
                                                  {"sec", 1e9},
                                                  {"second", 1e9},
                                                  {"minute", 60e9},
                                                  {"hour", 3600e9},
                                                  {"day", 86400e9},
                                                  {"s", 1e9},
                                                  {"m", 60e9},
                                                  {"h", 3600e9},
                                                  {"d", 86400e9},
                                                  {"", 1e9}}};
constexpr std::array<Unit, 14> kByteUnits = {{{"kib", 1024.},
                                              {"mib", 1048576.},
                                              {"gib", 1073741824.},
                                              {"ki", 1024.},
                                              {"mi", 1048576.},
                                              {"gi", 1073741824.},
                                              {"kb", 1024.},
                                              {"mb", 1048576.},
                                              {"gb", 1073741824.},
                                              {"k", 1024.},
                                              {"m", 1048576.},
                                              {"g", 1073741824.},
                                              {"b", 1},
                                              {"", 1}}};

template <std::size_t N>
std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  text = trimmed(text);
  double number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string name = lower(trimmed(text.substr(static_cast<std::size_t>(end - text.data()))));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    double value = number * unit.factor;
    if (value > 9e18) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

template <class... Args>
std::string formatted(const char* format, Args... args) {
  char buffer[64];
  int n = std::snprintf(buffer, sizeof buffer, format, args...);
  return std::string(buffer, static_cast<std::size_t>(n));
}

}  // namespace

std::optional<std::int64_t> parse_int(std::string_view text) {
  text = trimmed(text);
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_double(std::string_view text) {
  text = trimmed(text);
  double value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<Duration> parse_duration(std::string_view text) {
  auto value = parse_with_unit(text, kDurationUnits);
  if (!value) return std::nullopt;
  return Duration(std::llround(*value));
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  auto value = parse_with_unit(text, kByteUnits);
  if (!value) return std::nullopt;
  return std::llround(*value);
}

std::string duration_text(Duration d) {
  auto ns = d.count();
  if (ns == 0) return "0s";
  struct Step {
    std::int64_t ns;
    const char* unit;
  };
  for (Step step : {Step{86'400'000'000'000, "d"}, Step{3'600'000'000'000, "h"}, Step{60'000'000'000, "min"},
                    Step{1'000'000'000, "s"}, Step{1'000'000, "ms"}, Step{1'000, "us"}}) {
    if (ns % step.ns == 0) return std::to_string(ns / step.ns) + step.unit;
  }
  return std::to_string(ns) + "ns";
}

std::string bytes_text(std::int64_t bytes) {
  if (bytes != 0 && bytes % (1 << 30) == 0) return std::to_string(bytes >> 30) + "GB";
  if (bytes != 0 && bytes % (1 << 20) == 0) return std::to_string(bytes >> 20) + "MB";
  if (bytes != 0 && bytes % (1 << 10) == 0) return std::to_string(bytes >> 10) + "KB";
  return std::to_string(bytes);
}

std::string grouped(std::int64_t n) {
  std::string digits = std::to_string(n < 0 ? -n : n);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return n < 0 ? "-" + digits : digits;
}

std::string duration_words(Duration d) {
  double s = seconds(d);
  if (s < 10) return formatted("%.1f s", s);
  auto whole = static_cast<long long>(std::llround(s));
  if (whole < 60) return formatted("%lld s", whole);
  if (whole < 3600) return formatted("%lld min %02lld s", whole / 60, whole % 60);
  if (whole < 86400) return formatted("%lld h %02lld min", whole / 3600, whole / 60 % 60);
  return formatted("%lld d %02lld h", whole / 86400, whole / 3600 % 24);
}

std::string bytes_words(std::int64_t bytes) {
  auto b = static_cast<double>(bytes);
  if (b < 1e3) return formatted("%lld B", static_cast<long long>(bytes));
  if (b < 1e6) return formatted("%.0f kB", b / 1e3);
  if (b < 1e9) return formatted("%.1f MB", b / 1e6);
  return formatted("%.2f GB", b / 1e9);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  if (trimmed(text).empty()) return parts;
  for (;;) {
    auto end = text.find(separator);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && lower(a) == lower(b);
}

}  // namespace rowcall
