// SPDX-License-Identifier: Apache-2.0
// The table of several files of one format, one after the other.
//
// Belongs to one thread at a time, as every source does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/csv_reader.h"
#include "files/json_reader.h"
#include "files/listing.h"
#include "files/parquet_reader.h"
#include "files/text_columns.h"

namespace rowcall::files {

class FileSource final : public TableSource {
 public:
  /// `files` are those of `list_files`: at least one.
  FileSource(const SourceSpec& spec, const S3Spec& s3, std::vector<ListedFile> files);

  Result<OwnedSchema> schema() override;
  Result<SourceInfo> info() override;
  Result<std::optional<SourceBatch>> next() override;
  Result<void> seek(const SourcePosition& to) override;

 private:
  using Reader = std::variant<std::monostate, CsvReader, JsonReader, ParquetReader>;

  Result<void> find_schema();
  Result<void> look_at_all();
  Result<Reader> open_reader(std::size_t file) const;
  Result<void> check_columns(const Reader& reader, std::size_t file) const;
  Result<void> open_file();
  Result<void> go_to(const SourcePosition& to);
  Result<std::optional<SourceBatch>> next_of_file(std::int64_t records_max);
  Result<std::optional<SourceBatch>> read();
  bool has_nothing(std::size_t file) const;
  const ListedFile& current() const { return files_[file_]; }

  SourceSpec spec_;
  S3Spec s3_;
  std::vector<ListedFile> files_;

  bool found_ = false;  // the schema
  OwnedSchema schema_;
  TextColumns columns_;                           // of text files
  std::shared_ptr<arrow::Schema> arrow_columns_;  // of Parquet files
  TextSample sample_;
  std::size_t schema_file_ = 0;         // the one that it was found in
  std::int64_t schema_file_rows_ = -1;  // of it, if it is Parquet
  std::vector<std::int64_t> rows_;      // of each Parquet file looked at

  Reader reader_;
  std::size_t reader_file_ = 0;  // the file that `reader_` reads
  bool fresh_ = false;           // `reader_` has not given out anything yet
  std::size_t file_ = 0;
  std::int64_t row_ = 0;  // of the next record, over all files
  std::int64_t rows_before_file_ = 0;
  std::optional<SourcePosition> seek_to_;
  std::optional<Error> error_;
};

}  // namespace rowcall::files
