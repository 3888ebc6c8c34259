// SPDX-License-Identifier: Apache-2.0
// A small table for the tests of this room: {"id": 1, "name": "Zoë \"Z\" & Co", "zip": "00501", "note":
// null}.
#pragma once

#include "table/answer_columns.h"
#include "table/row_reader.h"

namespace rowcall::mapping {

class TestRows {
 public:
  explicit TestRows(std::int64_t rows = 3) {
    table::AnswerColumns values(&kColumns, rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      values.set_int(0, row, row + 1);
      static_cast<void>(
          values.set_text(1, row, row == 0 ? "Zoë \"Z\" & Co" : "name " + std::to_string(row + 1)));
      static_cast<void>(values.set_text(2, row, "00501"));
    }
    ArrowSchema empty{};
    schema_ = table::extended(empty, kColumns);
    rows_ = values.finish();
    reader_.emplace(*table::RowReader::make(*schema_.get()));
    Result<void> looked = reader_->look_at(*rows_.get());
    static_cast<void>(looked);
  }
  const table::RowReader& reader() const { return *reader_; }

 private:
  inline static const std::vector<table::Column> kColumns = {{"id", {table::TypeId::kInt64, 0, 0}},
                                                             {"name", {table::TypeId::kString, 0, 0}},
                                                             {"zip", {table::TypeId::kString, 0, 0}},
                                                             {"note", {table::TypeId::kString, 0, 0}}};
  OwnedSchema schema_;
  OwnedArray rows_;
  std::optional<table::RowReader> reader_;
};

}  // namespace rowcall::mapping
