// SPDX-License-Identifier: Apache-2.0
// The type of a CSV column, found from the cells of a sample.
//
// A type is chosen only when every cell would come back as it was written, apart from how a number's zeros
// behind the point are written; all else stays text. Plain data; belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <string_view>

#include "table/column_type.h"

namespace rowcall::files {

class ColumnGuess {
 public:
  /// A cell that is not null.
  void see(std::string_view text);
  /// What fits all cells seen; text when there were none.
  table::ColumnType type() const;

 private:
  void see_number(std::string_view text);

  bool seen_ = false;
  bool integer_ = true;
  bool real_ = true;
  bool boolean_ = true;
  bool date_ = true;
  bool timestamp_ = true;
  int decimals_ = -1;  // digits behind the point of the first cell that has one
  bool decimals_differ_ = false;
  bool zero_at_end_ = false;  // of a cell with two decimals or more
};

}  // namespace rowcall::files
