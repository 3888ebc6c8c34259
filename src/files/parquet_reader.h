// SPDX-License-Identifier: Apache-2.0
// One Parquet file as batches of rows.
//
// Memory stays flat however large file and row groups are: one row group is read at a time, a few thousand
// rows of it. Page checksums are verified where the file has them. A row with text that is not UTF-8 becomes
// unreadable.
//
// Blocking. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/listing.h"

namespace arrow {
class Schema;
}  // namespace arrow

namespace rowcall::files {

class ParquetReader {
 public:
  /// Opens a file and reads its footer.
  static Result<ParquetReader> open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3);
  ParquetReader(ParquetReader&&) noexcept;
  ParquetReader& operator=(ParquetReader&&) noexcept;
  ~ParquetReader();

  Result<OwnedSchema> schema() const;
  const std::shared_ptr<arrow::Schema>& arrow_schema() const;
  std::int64_t rows() const;

  /// Goes to a row, before the first `next`. Whole row groups are passed over without being read.
  Result<void> seek(std::int64_t row);
  /// At most `records_max` records; nothing at the end. Row numbers are those of the file.
  Result<std::optional<SourceBatch>> next(std::int64_t records_max);

 private:
  struct State;
  explicit ParquetReader(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// "" when both have the same columns, else what differs.
std::string schema_difference(const arrow::Schema& found, const arrow::Schema& wanted);

}  // namespace rowcall::files
