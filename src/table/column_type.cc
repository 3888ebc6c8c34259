// SPDX-License-Identifier: Apache-2.0
#include "table/column_type.h"

#include <array>
#include <utility>

#include "base/parse.h"

namespace rowcall::table {
namespace {

constexpr std::array<std::pair<std::string_view, TypeId>, 15> kPlain = {{{"string", TypeId::kString},
                                                                         {"bool", TypeId::kBool},
                                                                         {"int8", TypeId::kInt8},
                                                                         {"int16", TypeId::kInt16},
                                                                         {"int32", TypeId::kInt32},
                                                                         {"int64", TypeId::kInt64},
                                                                         {"uint8", TypeId::kUint8},
                                                                         {"uint16", TypeId::kUint16},
                                                                         {"uint32", TypeId::kUint32},
                                                                         {"uint64", TypeId::kUint64},
                                                                         {"float", TypeId::kFloat},
                                                                         {"double", TypeId::kDouble},
                                                                         {"date", TypeId::kDate},
                                                                         {"timestamp", TypeId::kTimestamp},
                                                                         {"json", TypeId::kJson}}};
constexpr int kDigitsMax = 38;

}  // namespace

const std::string_view kColumnTypes =
    "string, bool, int8 to int64, uint8 to uint64, float, double, date, timestamp, decimal(PRECISION,SCALE) "
    "or "
    "json";

std::optional<ColumnType> ColumnType::parse(std::string_view text) {
  std::string name = lower(trimmed(text));
  for (const auto& [plain, id] : kPlain) {
    if (name == plain) return ColumnType{id, 0, 0};
  }
  if (!name.starts_with("decimal(") || !name.ends_with(')')) return std::nullopt;
  auto numbers = split(std::string_view(name).substr(8, name.size() - 9), ',');
  if (numbers.empty() || numbers.size() > 2) return std::nullopt;
  auto precision = parse_int(numbers[0]);
  auto scale = numbers.size() == 2 ? parse_int(numbers[1]) : 0;
  if (!precision || !scale || *precision < 1 || *precision > kDigitsMax || *scale < 0 ||
      *scale > *precision) {
    return std::nullopt;
  }
  return ColumnType{TypeId::kDecimal, static_cast<int>(*precision), static_cast<int>(*scale)};
}

std::string ColumnType::text() const {
  for (const auto& [plain, plain_id] : kPlain) {
    if (id == plain_id) return std::string(plain);
  }
  return "decimal(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
}

std::optional<Decimal128> parse_decimal(std::string_view text, int precision, int scale) {
  bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  // The exponent moves the point; what is left is digits with one point at most.
  std::int64_t exponent = 0;
  if (auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view digits = text.substr(e + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    auto value = parse_int(digits);
    if (!value || *value > 1000 || *value < -1000) return std::nullopt;
    exponent = *value;
    text = text.substr(0, e);
  }
  auto point = text.find('.');
  std::string digits(text.substr(0, point));
  std::int64_t after = 0;
  if (point != std::string_view::npos) {
    digits += text.substr(point + 1);
    after = static_cast<std::int64_t>(text.size() - point - 1);
  }
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  // `shift` zeros are to be added, or, if negative, that many zeros must stand at the end.
  std::int64_t shift = scale + exponent - after;
  for (; shift < 0 && digits.size() > 1 && digits.back() == '0'; ++shift) digits.pop_back();
  if (digits == "0" && shift < 0) shift = 0;
  if (shift < 0) return std::nullopt;
  std::size_t leading = std::min(digits.find_first_not_of('0'), digits.size() - 1);
  digits.erase(0, leading);
  if (digits == "0") return Decimal128{};
  if (digits.size() + static_cast<std::size_t>(shift) > static_cast<std::size_t>(precision))
    return std::nullopt;
  digits.append(static_cast<std::size_t>(shift), '0');
  __extension__ unsigned __int128 value = 0;
  for (char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  if (negative) value = 0 - value;
  return Decimal128{static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64)};
}

}  // namespace rowcall::table
