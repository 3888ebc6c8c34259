// SPDX-License-Identifier: Apache-2.0
// Parts of a table on their way to one Parquet file: batches in an Arrow IPC stream.
//
// A Parquet file is encoded once, from these, when the table is complete. They cost half of what a first
// encoding would, hold every type as it is, and take half the disk space of plain batches (LZ4). The figures
// are in docs/decisions/0006-parts.md.
//
// Each belongs to one thread at a time.
#pragma once

#include <functional>
#include <memory>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

#include "files/record_batches.h"
#include "files/storage.h"

namespace arrow::io {
class OutputStream;
}  // namespace arrow::io
namespace arrow::ipc {
class RecordBatchWriter;
}  // namespace arrow::ipc

namespace rowcall::files {

class StagedWriter {
 public:
  static Result<StagedWriter> make(const std::shared_ptr<arrow::Schema>& schema,
                                   std::shared_ptr<arrow::io::OutputStream> out, Place place);

  Result<void> write(OwnedArray rows);
  /// Writes what is left, and the end mark. The stream below stays open.
  Result<void> close();

 private:
  StagedWriter(std::shared_ptr<arrow::Schema> schema, Place place)
      : place_(std::move(place)), gatherer_(std::move(schema)) {}

  Place place_;
  Gatherer gatherer_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

/// Gives the batches of a staged file to `take`, one at a time, in order.
Result<void> read_staged(const Place& place,
                         const std::function<Result<void>(const std::shared_ptr<arrow::RecordBatch>&)>& take);

}  // namespace rowcall::files
