// SPDX-License-Identifier: Apache-2.0
#include "files/record_batches.h"

#include <arrow/c/bridge.h>

#include <utility>

#include "base/try.h"
#include "files/checked.h"
#include "table/schema.h"

namespace rowcall::files {

// A batch of as many rows goes on by itself: it costs a writer some 5 us a column.
constexpr std::int64_t kEnoughRows = 512;

Result<std::shared_ptr<arrow::Schema>> schema_of(const ArrowSchema& schema, const Place& place) {
  OwnedSchema copy = table::copy_of(schema);
  return checked(arrow::ImportSchema(copy.get()), place, "write");
}

Result<RecordBatches> Gatherer::add(OwnedArray rows, const Place& place) {
  // Arrow imports an empty slice without its buffers, but keeps its offset, and writes a broken stream of
  // that.
  if (rows->length == 0) return RecordBatches();
  TRY(auto batch, checked(arrow::ImportRecordBatch(rows.get(), schema_), place, "write"));
  rows_held_ += batch->num_rows();
  held_.push_back(std::move(batch));
  if (rows_held_ < kEnoughRows) return RecordBatches();
  return take();
}

RecordBatches Gatherer::take() {
  RecordBatches batches = std::exchange(held_, {});
  rows_held_ = 0;
  if (batches.size() < 2) return batches;
  // Types that Arrow cannot put together are written as they came.
  auto together = arrow::ConcatenateRecordBatches(batches);
  if (!together.ok()) return batches;
  return {*std::move(together)};
}

}  // namespace rowcall::files
