// SPDX-License-Identifier: Apache-2.0
#include "files/cell_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/parse.h"
#include "table/calendar.h"

namespace rowcall::files {
namespace {

using table::TypeId;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// The parts of a JSON number (RFC 8259, section 6).
struct Number {
  int whole = 0;        // digits before the point
  int fraction = -1;    // behind it; -1 without a point
  int significant = 0;  // without zeros in front, nor at the end of a fraction
  bool exponent = false;
  bool exponent_signed = false;
  bool zero = false;
};

std::optional<Number> number_in(std::string_view text) {
  Number number;
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t begin = at;
  int leading = 0;   // zeros in front of the first digit that counts
  int trailing = 0;  // zeros since the last digit that counts
  auto take_digits = [&] {
    std::size_t first = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      trailing = text[at] == '0' ? trailing + 1 : 0;
      if (text[at] == '0' && number.significant == leading) ++leading;
      ++number.significant;
    }
    return static_cast<int>(at - first);
  };
  number.whole = take_digits();
  if (number.whole == 0 || (number.whole > 1 && text[begin] == '0')) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    ++at;
    trailing = 0;
    number.fraction = take_digits();
    if (number.fraction == 0) return std::nullopt;
  } else {
    trailing = 0;
  }
  number.zero = leading == number.significant;
  number.significant -= number.zero ? leading : leading + trailing;
  if (at < text.size() && (text[at] | 0x20) == 'e') {
    ++at;
    number.exponent = true;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
      number.exponent_signed = true;
      ++at;
    }
    std::size_t first = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == first) return std::nullopt;
  }
  if (at != text.size()) return std::nullopt;
  return number;
}

template <class Integer>
bool store_integer(std::string_view text, CellValue& out) {
  std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t> value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::in_range<Integer>(value))
    return false;
  out.integer = static_cast<std::int64_t>(value);
  return true;
}

bool read_integer(std::string_view text, TypeId type, bool exact, CellValue& out) {
  if (exact && type == TypeId::kInt64) return exact_int(text, out.integer);
  if (!exact) {
    text = trimmed(text);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  }
  switch (type) {
    case TypeId::kInt8: return store_integer<std::int8_t>(text, out);
    case TypeId::kInt16: return store_integer<std::int16_t>(text, out);
    case TypeId::kInt32: return store_integer<std::int32_t>(text, out);
    case TypeId::kUint8: return store_integer<std::uint8_t>(text, out);
    case TypeId::kUint16: return store_integer<std::uint16_t>(text, out);
    case TypeId::kUint32: return store_integer<std::uint32_t>(text, out);
    case TypeId::kUint64: return store_integer<std::uint64_t>(text, out);
    default: return store_integer<std::int64_t>(text, out);
  }
}

bool read_real(std::string_view text, TypeId type, bool exact, CellValue& out) {
  if (exact && type == TypeId::kDouble) return exact_double(text, out.real);
  text = trimmed(text);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  auto value = parse_double(text);
  if (!value) return false;
  out.real = *value;
  return type != TypeId::kFloat || std::abs(*value) <= std::numeric_limits<float>::max();
}

bool read_bool(std::string_view text, bool exact, CellValue& out) {
  if (text == "true" || text == "True" || text == "TRUE") {
    out.integer = 1;
    return true;
  }
  if (text == "false" || text == "False" || text == "FALSE") {
    out.integer = 0;
    return true;
  }
  if (exact) return false;
  text = trimmed(text);
  bool yes = equal_ignoring_case(text, "true") || text == "1";
  out.integer = yes ? 1 : 0;
  return yes || equal_ignoring_case(text, "false") || text == "0";
}

// Exact: written in UTC and with no more than microseconds, so that the moment is told whole.
bool read_timestamp(std::string_view text, bool exact, CellValue& out) {
  if (exact) {
    constexpr std::size_t kSeconds = std::string_view("2024-02-29T13:05:07").size();
    if (text.size() < kSeconds + 1 || text.size() > kSeconds + 8 || text[10] != 'T' || text.back() != 'Z' ||
        text[16] != ':' || text[kSeconds] == ',') {
      return false;
    }
  } else {
    text = trimmed(text);
  }
  auto micros = table::parse_timestamp(text);
  if (micros) out.integer = *micros;
  return micros.has_value();
}

// Reads a number; true when a double gives back all its digits.
bool keeps_digits(std::string_view text, const Number& number, double& out) {
  constexpr int kDigitsAlwaysKept = 15;  // std::numeric_limits<double>::digits10
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out)) return false;
  if (number.zero) return true;
  if (number.significant <= kDigitsAlwaysKept) return true;
  // More digits than every double keeps are fine if it is these that this double is written with.
  char buffer[40];
  auto written = std::to_chars(buffer, buffer + sizeof buffer, out);
  if (std::string_view(buffer, written.ptr) == text) return true;
  written = std::to_chars(buffer, buffer + sizeof buffer, out, std::chars_format::fixed);
  return written.ec == std::errc() && std::string_view(buffer, written.ptr) == text;
}

}  // namespace

bool exact_int(std::string_view text, std::int64_t& out) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || !is_digit(digits[0]) || (digits[0] == '0' && text.size() > 1)) return false;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool is_json_number(std::string_view text) {
  return number_in(text).has_value();
}

bool exact_double(std::string_view text, double& out) {
  auto number = number_in(text);
  if (number && number->exponent && !number->exponent_signed) return false;
  return number && keeps_digits(text, *number, out);
}

bool exact_json_double(std::string_view text, double& out) {
  auto number = number_in(text);
  return number && keeps_digits(text, *number, out);
}
int decimals_of(std::string_view number) {
  std::size_t point = number.find('.');
  if (point == std::string_view::npos) return -1;
  std::size_t end = std::min(number.find_first_not_of("0123456789", point + 1), number.size());
  return static_cast<int>(end - point - 1);
}

bool read_cell(std::string_view text, const table::ColumnType& type, bool exact, CellValue& out) {
  out.null = false;
  switch (type.id) {
    case TypeId::kString:
    case TypeId::kJson: out.text = text; return true;
    case TypeId::kBool: return read_bool(text, exact, out);
    case TypeId::kFloat:
    case TypeId::kDouble: return read_real(text, type.id, exact, out);
    case TypeId::kTimestamp: return read_timestamp(text, exact, out);
    case TypeId::kDate: {
      auto days = table::parse_date(exact ? text : trimmed(text));
      if (days) out.integer = *days;
      return days.has_value();
    }
    case TypeId::kDecimal: {
      text = trimmed(text);
      if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
      auto value = table::parse_decimal(text, type.precision, type.scale);
      if (value) out.decimal = *value;
      return value.has_value();
    }
    default: return read_integer(text, type.id, exact, out);
  }
}

std::string with_article(const table::ColumnType& type) {
  std::string text = type.text();
  return (text.starts_with('i') ? "an " : "a ") + text;
}

}  // namespace rowcall::files
