// SPDX-License-Identifier: Apache-2.0
// Rows as a Parquet file.
//
// Memory: one row group, compressed, and one page for each column.
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/record_batches.h"
#include "files/storage.h"

namespace arrow::io {
class OutputStream;
}  // namespace arrow::io
namespace parquet::arrow {
class FileWriter;
}  // namespace parquet::arrow

namespace rowcall::files {

struct ParquetOptions {
  Compression compression = Compression::kZstd;
  int row_group_rows = 100'000;
  std::int64_t row_group_bytes = 64 << 20;  ///< A row group ends when that much has come in, uncompressed.
};

/// Fails when a column has a type that Parquet cannot hold.
Result<void> check_parquet(const ArrowSchema& schema, const Place& place);

class ParquetWriter {
 public:
  /// Fails when a column has a type that Parquet cannot hold. `place` is for error texts.
  static Result<ParquetWriter> make(std::shared_ptr<arrow::Schema> schema, const ParquetOptions& options,
                                    std::shared_ptr<arrow::io::OutputStream> out, Place place);
  ParquetWriter(ParquetWriter&&) noexcept;
  ~ParquetWriter();

  Result<void> write(OwnedArray rows);
  Result<void> write(const std::shared_ptr<arrow::RecordBatch>& batch);
  /// Writes what is left, and the footer. The stream below stays open.
  Result<void> close();

 private:
  ParquetWriter(std::shared_ptr<arrow::Schema> schema, const ParquetOptions& options, Place place);

  ParquetOptions options_;
  Place place_;
  Gatherer gatherer_;
  std::int64_t group_rows_ = 0;
  std::int64_t group_bytes_ = 0;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace rowcall::files
