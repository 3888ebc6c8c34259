// SPDX-License-Identifier: Apache-2.0
#include "files/bad_text.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <optional>
#include <string_view>
#include <utility>

#include "base/utf8.h"

namespace rowcall::files {
namespace {

// True when all texts of a column are UTF-8: all at once, and none begins inside a character.
template <class Text>
bool all_good(const Text& array) {
  if (array.length() == 0) return true;
  auto from = array.value_offset(0);
  auto to = array.value_offset(array.length());
  const char* data = reinterpret_cast<const char*>(array.raw_data());
  if (!is_utf8({data + from, static_cast<std::size_t>(to - from)})) return false;
  for (std::int64_t i = 0; i < array.length(); ++i) {
    if (array.value_length(i) > 0 && (static_cast<unsigned char>(data[array.value_offset(i)]) & 0xC0) == 0x80)
      return false;
  }
  return true;
}

std::optional<std::string> bad_text(const arrow::Array& array, std::int64_t from, std::int64_t to);

template <class Text>
std::optional<std::string> bad_string(const Text& array, std::int64_t from, std::int64_t to) {
  for (std::int64_t i = from; i < to; ++i) {
    if (!array.IsNull(i) && !is_utf8(array.GetView(i))) return std::string(array.GetView(i));
  }
  return std::nullopt;
}

template <class List>
std::optional<std::string> bad_item(const List& array, std::int64_t from, std::int64_t to) {
  for (std::int64_t i = from; i < to; ++i) {
    if (array.IsNull(i)) continue;
    if (auto bad =
            bad_text(*array.values(), array.value_offset(i), array.value_offset(i) + array.value_length(i)))
      return bad;
  }
  return std::nullopt;
}

// The first bad text in values `from` to `to` of an array of any type.
std::optional<std::string> bad_text(const arrow::Array& array, std::int64_t from, std::int64_t to) {
  switch (array.type_id()) {
    case arrow::Type::STRING: return bad_string(static_cast<const arrow::StringArray&>(array), from, to);
    case arrow::Type::LARGE_STRING:
      return bad_string(static_cast<const arrow::LargeStringArray&>(array), from, to);
    case arrow::Type::STRING_VIEW:
      return bad_string(static_cast<const arrow::StringViewArray&>(array), from, to);
    case arrow::Type::LIST:
    case arrow::Type::MAP: return bad_item(static_cast<const arrow::ListArray&>(array), from, to);
    case arrow::Type::LARGE_LIST: return bad_item(static_cast<const arrow::LargeListArray&>(array), from, to);
    case arrow::Type::FIXED_SIZE_LIST:
      return bad_item(static_cast<const arrow::FixedSizeListArray&>(array), from, to);
    case arrow::Type::STRUCT: {
      const auto& fields = static_cast<const arrow::StructArray&>(array);
      for (int f = 0; f < fields.num_fields(); ++f) {
        // `field` is sliced to the struct's own values.
        if (auto bad = bad_text(*fields.field(f), from, to)) return bad;
      }
      return std::nullopt;
    }
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      const arrow::Array& values = *coded.dictionary();
      if (!bad_text(values, 0, values.length())) return std::nullopt;
      for (std::int64_t i = from; i < to; ++i) {
        if (coded.IsNull(i)) continue;
        if (auto bad = bad_text(values, coded.GetValueIndex(i), coded.GetValueIndex(i) + 1)) return bad;
      }
      return std::nullopt;
    }
    case arrow::Type::EXTENSION:
      return bad_text(*static_cast<const arrow::ExtensionArray&>(array).storage(), from, to);
    default: return std::nullopt;
  }
}

bool column_good(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::STRING: return all_good(static_cast<const arrow::StringArray&>(array));
    case arrow::Type::LARGE_STRING: return all_good(static_cast<const arrow::LargeStringArray&>(array));
    default: return !bad_text(array, 0, array.length()).has_value();
  }
}

}  // namespace

std::vector<BadTextRow> bad_text_rows(const arrow::RecordBatch& batch) {
  std::vector<int> suspects;
  for (int c = 0; c < batch.num_columns(); ++c) {
    if (!column_good(*batch.column(c))) suspects.push_back(c);
  }
  std::vector<BadTextRow> rows;
  for (std::int64_t row = 0; row < batch.num_rows() && !suspects.empty(); ++row) {
    for (int c : suspects) {
      auto bad = bad_text(*batch.column(c), row, row + 1);
      if (!bad) continue;
      rows.push_back({row, batch.column_name(c), *std::move(bad)});
      break;
    }
  }
  return rows;
}

}  // namespace rowcall::files
