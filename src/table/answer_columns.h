// SPDX-License-Identifier: Apache-2.0
// The columns of answers for one batch: filled row by row in any order, then turned into Arrow arrays.
//
// Rows that were never set are null. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/arrow.h"

#include "table/column_type.h"
#include "table/schema.h"

namespace rowcall::table {

class AnswerColumns {
 public:
  /// `columns` must outlive this.
  AnswerColumns(const std::vector<Column>* columns, std::int64_t rows);

  /// For integers (kUint64 as the same bits), kBool (0 or 1), kDate (days), kTimestamp (microseconds). The
  /// value must fit the type.
  void set_int(std::size_t column, std::int64_t row, std::int64_t value);
  /// For kFloat and kDouble.
  void set_double(std::size_t column, std::int64_t row, double value);
  void set_decimal(std::size_t column, std::int64_t row, Decimal128 value);
  /// For kString and kJson; must be UTF-8. False when the column would outgrow what one Arrow array of text
  /// can hold (2 GB); the cell is then null.
  [[nodiscard]] bool set_text(std::size_t column, std::int64_t row, std::string_view value);
  void set_null(std::size_t column, std::int64_t row);
  bool is_null(std::size_t column, std::int64_t row) const {
    return !values_[column].set[static_cast<std::size_t>(row)];
  }
  /// Makes every column of a row null again.
  void clear_row(std::int64_t row);

  /// Appends the values of a row in few bytes, as docs/ledger.md describes them.
  void append_row(std::string& out, std::int64_t row) const;
  /// Sets a row to what `append_row` has written for the same columns. False when `values` is nothing of the
  /// kind; the row is then null.
  [[nodiscard]] bool set_row(std::int64_t row, std::string_view values);

  /// All columns as one struct array, in the order of `columns`. Leaves this empty.
  OwnedArray finish();

  /// Memory held, for the limit.
  std::int64_t bytes() const { return bytes_; }

 private:
  struct Texts {
    std::string all;
    struct Place {
      std::uint64_t from = 0;
      std::uint64_t length = 0;
    };
    std::vector<Place> places;
  };
  // One of the four is used, by type.
  struct Values {
    std::vector<bool> set;
    std::vector<std::int64_t> ints;
    std::vector<double> doubles;
    std::vector<Decimal128> decimals;
    Texts texts;
  };

  void append_bytes(std::string& out, TypeId type, const Values& values, std::size_t row) const;
  bool take_bytes(std::string_view& from, std::size_t column, std::int64_t row);
  void append_value(ArrowArray* array, const ColumnType& type, const Values& values, std::size_t row) const;

  const std::vector<Column>* columns_;
  std::int64_t rows_;
  std::int64_t bytes_ = 0;
  std::vector<Values> values_;
};

}  // namespace rowcall::table
