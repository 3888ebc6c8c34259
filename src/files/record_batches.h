// SPDX-License-Identifier: Apache-2.0
// Arrow C structures as Arrow C++ objects, and small batches put together to larger ones.
//
// Belongs to one thread at a time.
#pragma once

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

#include "files/storage.h"

namespace rowcall::files {

/// The schema as an object; the C structure stays as it is.
Result<std::shared_ptr<arrow::Schema>> schema_of(const ArrowSchema& schema, const Place& place);

using RecordBatches = std::vector<std::shared_ptr<arrow::RecordBatch>>;

/// Collects batches until they are worth a writer's fixed cost for each: a run with failures in it leaves
/// in slices of a few rows. Holds at most 64 of them, 512 rows, and 16 MB that
/// they keep alive.
class Gatherer {
 public:
  explicit Gatherer(std::shared_ptr<arrow::Schema> schema) : schema_(std::move(schema)) {}

  /// Takes rows in; returns the batches to be written now, in order.
  Result<RecordBatches> add(OwnedArray rows, const Place& place);
  /// What is still held.
  RecordBatches take();

 private:
  std::shared_ptr<arrow::Schema> schema_;
  RecordBatches held_;
  std::int64_t rows_held_ = 0;
  std::int64_t bytes_held_ = 0;
};

}  // namespace rowcall::files
