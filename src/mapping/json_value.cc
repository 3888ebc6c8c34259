// SPDX-License-Identifier: Apache-2.0
#include "mapping/json_value.h"

#include <charconv>

#include "base/parse.h"
#include "base/utf8.h"
#include "table/calendar.h"

namespace rowcall::mapping {
namespace {

using simdjson::ondemand::json_type;
using table::TypeId;

template <class Integer>
std::optional<Integer> integer(std::string_view token) {
  Integer value{};
  auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return value;
}

template <class Integer>
bool store_integer(std::string_view token, table::AnswerColumns& columns, std::size_t column,
                   std::int64_t row) {
  auto value = integer<Integer>(token);
  if (value) columns.set_int(column, row, static_cast<std::int64_t>(*value));
  return value.has_value();
}

bool store_number(std::string_view token, const table::ColumnType& type, table::AnswerColumns& columns,
                  std::size_t column, std::int64_t row) {
  switch (type.id) {
    case TypeId::kInt8: return store_integer<std::int8_t>(token, columns, column, row);
    case TypeId::kInt16: return store_integer<std::int16_t>(token, columns, column, row);
    case TypeId::kInt32: return store_integer<std::int32_t>(token, columns, column, row);
    case TypeId::kInt64: return store_integer<std::int64_t>(token, columns, column, row);
    case TypeId::kUint8: return store_integer<std::uint8_t>(token, columns, column, row);
    case TypeId::kUint16: return store_integer<std::uint16_t>(token, columns, column, row);
    case TypeId::kUint32: return store_integer<std::uint32_t>(token, columns, column, row);
    case TypeId::kUint64: return store_integer<std::uint64_t>(token, columns, column, row);
    case TypeId::kFloat:
    case TypeId::kDouble: {
      auto value = parse_double(token);
      if (value) columns.set_double(column, row, *value);
      return value.has_value();
    }
    case TypeId::kDecimal: {
      auto value = table::parse_decimal(token, type.precision, type.scale);
      if (value) columns.set_decimal(column, row, *value);
      return value.has_value();
    }
    default: return false;
  }
}

// Decimals, dates and times travel as strings in many APIs.
Stored store_string(std::string_view text, const table::ColumnType& type, table::AnswerColumns& columns,
                    std::size_t column, std::int64_t row) {
  switch (type.id) {
    case TypeId::kString: return columns.set_text(column, row, text) ? Stored::kValue : Stored::kTooMuch;
    case TypeId::kDate:
      if (auto days = table::parse_date(text)) {
        columns.set_int(column, row, *days);
        return Stored::kValue;
      }
      return Stored::kWrongType;
    case TypeId::kTimestamp:
      if (auto micros = table::parse_timestamp(text)) {
        columns.set_int(column, row, *micros);
        return Stored::kValue;
      }
      return Stored::kWrongType;
    case TypeId::kDecimal:
      return store_number(text, type, columns, column, row) ? Stored::kValue : Stored::kWrongType;
    default: return Stored::kWrongType;
  }
}

Stored wrong(std::string_view token, std::string& found) {
  found = excerpt(trimmed(token), 60);
  return Stored::kWrongType;
}

}  // namespace

std::optional<std::string_view> raw_text(simdjson::ondemand::value value) {
  json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  std::string_view text;
  simdjson::error_code error;
  if (type == json_type::object) {
    simdjson::ondemand::object object;
    error = value.get_object().get(object);
    if (!error) error = object.raw_json().get(text);
  } else if (type == json_type::array) {
    simdjson::ondemand::array array;
    error = value.get_array().get(array);
    if (!error) error = array.raw_json().get(text);
  } else {
    text = value.raw_json_token();
    error = simdjson::SUCCESS;
  }
  if (error) return std::nullopt;
  return trimmed(text);
}

std::optional<std::string> scalar_text(simdjson::ondemand::value value) {
  json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return std::nullopt;
  if (type == json_type::string) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return std::string(text);
  }
  if (type != json_type::number && type != json_type::boolean) return std::nullopt;
  return std::string(trimmed(value.raw_json_token()));
}

Stored store(simdjson::ondemand::value value, const table::ColumnType& type, table::AnswerColumns& columns,
             std::size_t column, std::int64_t row, std::string& found) {
  json_type kind;
  if (value.type().get(kind) != simdjson::SUCCESS) return wrong("a broken value", found);
  if (kind == json_type::null) {
    columns.set_null(column, row);
    return Stored::kNull;
  }
  if (type.id == TypeId::kJson) {
    auto text = raw_text(value);
    if (!text) return wrong("a broken value", found);
    return columns.set_text(column, row, *text) ? Stored::kValue : Stored::kTooMuch;
  }
  // The token must be read before the value is consumed.
  std::string_view token = trimmed(value.raw_json_token());
  if (kind == json_type::string) {
    std::string_view text;
    if (value.get_string().get(text) != simdjson::SUCCESS) return wrong(token, found);
    Stored stored = store_string(text, type, columns, column, row);
    return stored == Stored::kWrongType ? wrong(token, found) : stored;
  }
  if (kind == json_type::number) {
    return store_number(token, type, columns, column, row) ? Stored::kValue : wrong(token, found);
  }
  if (kind == json_type::boolean && type.id == TypeId::kBool) {
    columns.set_int(column, row, token.starts_with('t') ? 1 : 0);
    return Stored::kValue;
  }
  return wrong(kind == json_type::object  ? "an object"
               : kind == json_type::array ? "an array"
                                          : token,
               found);
}

}  // namespace rowcall::mapping
