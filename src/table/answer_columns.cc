// SPDX-License-Identifier: Apache-2.0
#include "table/answer_columns.h"

#include <nanoarrow/nanoarrow.h>

#include <bit>

#include "base/bytes.h"
#include "table/nanoarrow_check.h"

namespace rowcall::table {

AnswerColumns::AnswerColumns(const std::vector<Column>* columns, std::int64_t rows)
    : columns_(columns), rows_(rows), values_(columns->size()) {
  auto n = static_cast<std::size_t>(rows);
  for (std::size_t c = 0; c < columns->size(); ++c) {
    Values& values = values_[c];
    values.set.resize(n);
    switch ((*columns)[c].type.id) {
      case TypeId::kString:
      case TypeId::kJson: values.texts.places.resize(n); break;
      case TypeId::kFloat:
      case TypeId::kDouble: values.doubles.resize(n); break;
      case TypeId::kDecimal: values.decimals.resize(n); break;
      default: values.ints.resize(n); break;
    }
    bytes_ += rows * 16;
  }
}

void AnswerColumns::set_int(std::size_t column, std::int64_t row, std::int64_t value) {
  values_[column].set[static_cast<std::size_t>(row)] = true;
  values_[column].ints[static_cast<std::size_t>(row)] = value;
}

void AnswerColumns::set_double(std::size_t column, std::int64_t row, double value) {
  values_[column].set[static_cast<std::size_t>(row)] = true;
  values_[column].doubles[static_cast<std::size_t>(row)] = value;
}

void AnswerColumns::set_decimal(std::size_t column, std::int64_t row, Decimal128 value) {
  values_[column].set[static_cast<std::size_t>(row)] = true;
  values_[column].decimals[static_cast<std::size_t>(row)] = value;
}

bool AnswerColumns::set_text(std::size_t column, std::int64_t row, std::string_view value) {
  constexpr std::size_t kTextMax = 0x7fffffff;
  Texts& texts = values_[column].texts;
  if (texts.all.size() + value.size() > kTextMax) return false;
  values_[column].set[static_cast<std::size_t>(row)] = true;
  texts.places[static_cast<std::size_t>(row)] = {texts.all.size(), value.size()};
  texts.all += value;
  bytes_ += static_cast<std::int64_t>(value.size());
  return true;
}

void AnswerColumns::set_null(std::size_t column, std::int64_t row) {
  values_[column].set[static_cast<std::size_t>(row)] = false;
}

void AnswerColumns::clear_row(std::int64_t row) {
  for (Values& values : values_) values.set[static_cast<std::size_t>(row)] = false;
}

void AnswerColumns::append_row(std::string& out, std::int64_t row) const {
  auto r = static_cast<std::size_t>(row);
  for (std::size_t first = 0; first < values_.size(); first += 8) {
    unsigned set = 0;
    for (std::size_t c = first; c < values_.size() && c < first + 8; ++c) {
      if (values_[c].set[r]) set |= 1U << (c - first);
    }
    out += static_cast<char>(set);
  }
  for (std::size_t c = 0; c < values_.size(); ++c) {
    if (values_[c].set[r]) append_bytes(out, (*columns_)[c].type.id, values_[c], r);
  }
}

void AnswerColumns::append_bytes(std::string& out, TypeId type, const Values& values, std::size_t row) const {
  switch (type) {
    case TypeId::kString:
    case TypeId::kJson: {
      auto place = values.texts.places[row];
      append_sized(out, std::string_view(values.texts.all).substr(place.from, place.length));
      break;
    }
    case TypeId::kFloat:
    case TypeId::kDouble: append_fixed64(out, std::bit_cast<std::uint64_t>(values.doubles[row])); break;
    case TypeId::kDecimal:
      append_fixed64(out, values.decimals[row].low);
      append_fixed64(out, values.decimals[row].high);
      break;
    default: append_signed(out, values.ints[row]); break;
  }
}

bool AnswerColumns::set_row(std::int64_t row, std::string_view values) {
  clear_row(row);
  std::size_t bit_bytes = (values_.size() + 7) / 8;
  if (values.size() < bit_bytes) return false;
  std::string_view bits = values.substr(0, bit_bytes);
  values.remove_prefix(bit_bytes);
  for (std::size_t c = 0; c < values_.size(); ++c) {
    bool set = (static_cast<unsigned char>(bits[c / 8]) >> (c % 8) & 1U) != 0;
    if (!set || take_bytes(values, c, row)) continue;
    clear_row(row);
    return false;
  }
  if (!values.empty()) clear_row(row);
  return values.empty();
}

bool AnswerColumns::take_bytes(std::string_view& from, std::size_t column, std::int64_t row) {
  switch ((*columns_)[column].type.id) {
    case TypeId::kString:
    case TypeId::kJson: {
      auto text = take_sized(from);
      return text && set_text(column, row, *text);
    }
    case TypeId::kFloat:
    case TypeId::kDouble: {
      auto bits = take_fixed64(from);
      if (bits) set_double(column, row, std::bit_cast<double>(*bits));
      return bits.has_value();
    }
    case TypeId::kDecimal: {
      auto low = take_fixed64(from);
      auto high = take_fixed64(from);
      if (low && high) set_decimal(column, row, {*low, *high});
      return low && high;
    }
    default: {
      auto value = take_signed(from);
      if (value) set_int(column, row, *value);
      return value.has_value();
    }
  }
}

OwnedArray AnswerColumns::finish() {
  OwnedSchema schema;
  ArrowSchemaInit(schema.fill());
  ROWCALL_NA(ArrowSchemaSetTypeStruct(schema.get(), 0));
  OwnedSchema whole = extended(*schema.get(), *columns_);
  OwnedArray out;
  ROWCALL_NA(ArrowArrayInitFromSchema(out.fill(), whole.get(), nullptr));
  ROWCALL_NA(ArrowArrayStartAppending(out.get()));
  for (std::size_t c = 0; c < columns_->size(); ++c) {
    ArrowArray* child = out->children[c];
    Values& values = values_[c];
    ROWCALL_NA(ArrowArrayReserve(child, rows_));
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows_); ++row) {
      if (values.set[row]) {
        append_value(child, (*columns_)[c].type, values, row);
      } else {
        ROWCALL_NA(ArrowArrayAppendNull(child, 1));
      }
    }
    values = Values{};
  }
  out->length = rows_;
  out->null_count = 0;
  ROWCALL_NA(ArrowArrayFinishBuildingDefault(out.get(), nullptr));
  bytes_ = 0;
  return out;
}

void AnswerColumns::append_value(ArrowArray* array, const ColumnType& type, const Values& values,
                                 std::size_t row) const {
  switch (type.id) {
    case TypeId::kString:
    case TypeId::kJson: {
      auto place = values.texts.places[row];
      ArrowStringView text{values.texts.all.data() + place.from, static_cast<std::int64_t>(place.length)};
      ROWCALL_NA(ArrowArrayAppendString(array, text));
      break;
    }
    case TypeId::kFloat:
    case TypeId::kDouble: ROWCALL_NA(ArrowArrayAppendDouble(array, values.doubles[row])); break;
    case TypeId::kUint8:
    case TypeId::kUint16:
    case TypeId::kUint32:
    case TypeId::kUint64:
      ROWCALL_NA(ArrowArrayAppendUInt(array, static_cast<std::uint64_t>(values.ints[row])));
      break;
    case TypeId::kDecimal: {
      ArrowDecimal decimal;
      ArrowDecimalInit(&decimal, 128, type.precision, type.scale);
      decimal.words[decimal.low_word_index] = values.decimals[row].low;
      decimal.words[decimal.high_word_index] = values.decimals[row].high;
      ROWCALL_NA(ArrowArrayAppendDecimal(array, &decimal));
      break;
    }
    default: ROWCALL_NA(ArrowArrayAppendInt(array, values.ints[row])); break;
  }
}

}  // namespace rowcall::table
