// SPDX-License-Identifier: Apache-2.0
#include "files/record_batches.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/c/bridge.h>

#include <utility>

#include "base/try.h"
#include "files/checked.h"
#include "table/schema.h"

namespace rowcall::files {

// A batch of as many rows goes on by itself: it costs a writer some 5 us a column.
constexpr std::int64_t kEnoughRows = 512;
// Each slice keeps alive the whole batch that it was cut from.
constexpr std::int64_t kEnoughBytes = 16 << 20;
constexpr std::size_t kSlicesMax = 64;

// What an array keeps alive: all of its buffers, however little of them is its own.
std::int64_t kept_alive(const arrow::ArrayData& array) {
  std::int64_t bytes = 0;
  for (const auto& buffer : array.buffers) bytes += buffer ? buffer->size() : 0;
  for (const auto& child : array.child_data) bytes += kept_alive(*child);
  return bytes;
}

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
  held_.push_back(batch);
  if (rows_held_ >= kEnoughRows || held_.size() >= kSlicesMax) return take();
  for (const auto& column : batch->column_data()) bytes_held_ += kept_alive(*column);
  if (bytes_held_ >= kEnoughBytes) return take();
  return RecordBatches();
}

RecordBatches Gatherer::take() {
  RecordBatches batches = std::exchange(held_, {});
  rows_held_ = 0;
  bytes_held_ = 0;
  if (batches.size() < 2) return batches;
  // Types that Arrow cannot put together are written as they came.
  auto together = arrow::ConcatenateRecordBatches(batches);
  if (!together.ok()) return batches;
  return {*std::move(together)};
}

}  // namespace rowcall::files
