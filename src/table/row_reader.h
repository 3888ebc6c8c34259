// SPDX-License-Identifier: Apache-2.0
// Rows of a table: the values of one batch after another, as text.
//
// Looks at a batch without owning it. Belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

#include "table/cell.h"

namespace rowcall::table {

class RowReader {
 public:
  /// Fails when a column has a type without a text form.
  static Result<RowReader> make(const ArrowSchema& schema);
  RowReader(RowReader&&) noexcept;
  RowReader& operator=(RowReader&&) noexcept;
  ~RowReader();

  /// Turns to another batch, which must stay alive while it is looked at.
  Result<void> look_at(const ArrowArray& batch);

  std::int64_t rows() const { return rows_; }
  /// Memory the batch takes: what its rows reach of its buffers.
  std::int64_t bytes() const;
  int columns() const { return static_cast<int>(names_.size()); }
  const std::string& name(int column) const { return names_[static_cast<std::size_t>(column)]; }
  /// The index of a column, or -1.
  int find(std::string_view name) const;
  bool is_text(int column) const { return writers_[static_cast<std::size_t>(column)].is_text(); }

  bool is_null(int column, std::int64_t row) const;
  /// See CellWriter.
  void append_json(std::string& out, int column, std::int64_t row) const;
  void append_text(std::string& out, int column, std::int64_t row) const;

 private:
  struct View;
  RowReader();

  std::vector<std::string> names_;
  std::vector<CellWriter> writers_;
  std::unique_ptr<View> view_;
  std::int64_t rows_ = 0;
};

}  // namespace rowcall::table
