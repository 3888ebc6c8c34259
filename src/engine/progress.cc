// SPDX-License-Identifier: Apache-2.0
#include "engine/progress.h"

#include "base/assert.h"

namespace rowcall::engine {

void Progress::begun(const BegunBatch& batch) {
  if (batch.records > 0) open_.emplace(batch.start.row, batch);
}

void Progress::written(const SourcePosition& from, std::int64_t records) {
  if (records == 0) return;
  auto batch = open_.upper_bound(from.row);
  ROWCALL_ASSERT(batch != open_.begin(), "a batch is begun before it is written");
  --batch;
  ROWCALL_ASSERT(batch->second.records >= records, "a row is written once");
  batch->second.records -= records;
  if (batch->second.records == 0) open_.erase(batch);
  done_.add({from.row, from.row + records});
  if (from.row + records <= end_.row) return;
  end_ = from;
  end_.row += records;
  end_.row_in_file += records;
  end_.byte_offset = -1;
  end_.line = 0;
}

std::vector<RowRange> Progress::beyond() {
  done_.forget_before(next().row);
  return done_.all();
}

}  // namespace rowcall::engine
