// SPDX-License-Identifier: Apache-2.0
// Sets of row numbers, as few ranges as they can be; and batches without the rows of such a set.
//
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "rowcall/journal.h"
#include "rowcall/table.h"

namespace rowcall::engine {

class RowRanges {
 public:
  RowRanges() = default;
  explicit RowRanges(const std::vector<RowRange>& ranges) {
    for (const RowRange& range : ranges) add(range);
  }
  void add(RowRange range);
  void remove(RowRange range);
  /// Rows before that are no longer asked for.
  void forget_before(std::int64_t row);
  bool empty() const { return ends_.empty(); }
  /// Ascending; no two touch.
  std::vector<RowRange> all() const;
  /// What of `range` is not in the set, ascending.
  std::vector<RowRange> missing(RowRange range) const;

 private:
  std::map<std::int64_t, std::int64_t> ends_;  // by the first row
};

/// The records of a batch that are not in `done`, as batches of their own, cut out without copying.
std::vector<SourceBatch> without(SourceBatch batch, const RowRanges& done);

}  // namespace rowcall::engine
