// SPDX-License-Identifier: Apache-2.0
#include "files/column_guess.h"

#include "files/cell_value.h"

namespace rowcall::files {
namespace {

using table::TypeId;

constexpr std::size_t kDigitsOfIds = 19;  // that many digits are a name rather than a quantity

}  // namespace

void ColumnGuess::see(std::string_view text) {
  seen_ = true;
  CellValue value;
  if (boolean_) boolean_ = read_cell(text, {TypeId::kBool, 0, 0}, true, value);
  if (integer_ || real_) see_number(text);
  if (date_) date_ = read_cell(text, {TypeId::kDate, 0, 0}, true, value);
  if (timestamp_) timestamp_ = read_cell(text, {TypeId::kTimestamp, 0, 0}, true, value);
}

void ColumnGuess::see_number(std::string_view text) {
  std::int64_t integer = 0;
  if (integer_) {
    std::size_t digits = text.size() - (text.starts_with('-') ? 1 : 0);
    integer_ = digits < kDigitsOfIds && exact_int(text, integer);
  }
  if (!real_) return;
  double real = 0;
  real_ = exact_double(text, real);
  if (!real_) return;
  int decimals = decimals_of(text);
  if (decimals < 0) {
    real_ = text.size() < kDigitsOfIds;
    return;
  }
  if (decimals_ < 0) decimals_ = decimals;
  decimals_differ_ = decimals_differ_ || decimals != decimals_;
  std::size_t last = text.find_first_of("eE");
  last = (last == std::string_view::npos ? text.size() : last) - 1;
  zero_at_end_ = zero_at_end_ || (decimals > 1 && text[last] == '0');
}

// "1.10" beside "1.1" are versions rather than numbers; "1.10" beside "1.25" are prices.
table::ColumnType ColumnGuess::type() const {
  if (!seen_) return {TypeId::kString, 0, 0};
  if (boolean_) return {TypeId::kBool, 0, 0};
  if (integer_) return {TypeId::kInt64, 0, 0};
  if (real_ && !(decimals_differ_ && zero_at_end_)) return {TypeId::kDouble, 0, 0};
  if (date_) return {TypeId::kDate, 0, 0};
  if (timestamp_) return {TypeId::kTimestamp, 0, 0};
  return {TypeId::kString, 0, 0};
}

}  // namespace rowcall::files
