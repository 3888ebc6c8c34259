// SPDX-License-Identifier: Apache-2.0
// Rows of cells become a batch of Arrow columns.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

#include "files/cell_value.h"
#include "table/schema.h"

namespace rowcall::files {

class RowBuilder {
 public:
  explicit RowBuilder(const std::vector<table::Column>& columns);
  RowBuilder(RowBuilder&&) noexcept;
  RowBuilder& operator=(RowBuilder&&) noexcept;
  ~RowBuilder();

  /// The cells of the row being made; all null after `add_row` and `clear_row`.
  CellValue& cell(std::size_t column) { return cells_[column]; }
  /// Takes the row over, texts included.
  void add_row();
  /// Forgets the row being made.
  void clear_row();

  std::int64_t rows() const { return rows_; }
  /// All rows so far as a struct array; begins anew. Fails when memory is short.
  Result<OwnedArray> finish();

 private:
  struct Columns;

  std::vector<CellValue> cells_;
  std::unique_ptr<Columns> columns_;
  std::int64_t rows_ = 0;
};

}  // namespace rowcall::files
