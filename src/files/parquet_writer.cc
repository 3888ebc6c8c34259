// SPDX-License-Identifier: Apache-2.0
#include "files/parquet_writer.h"

#include <arrow/io/memory.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "files/checked.h"

namespace rowcall::files {
namespace {

// Columns with many different values make the largest cost of writing when they begin with a dictionary:
// twice the time and four times the memory, for larger files. A low limit makes them give it up early.
constexpr std::int64_t kDictionaryBytes = 128 << 10;
// Pages are held for each column, so tables of many columns have smaller ones.
constexpr std::int64_t kPageBytesMin = 64 << 10;
constexpr std::int64_t kPageBytesMax = 1 << 20;
constexpr std::int64_t kPageBytesOfAll = 4 << 20;
constexpr int kZstdLevel = 1;
constexpr int kGzipLevel = 4;
// What a slice of a text view refers to cannot be told from what all of its array does; so a row group is
// not ended by bytes before it has this many rows.
constexpr std::int64_t kGroupRowsMin = 1024;

std::shared_ptr<parquet::WriterProperties> properties_of(const ParquetOptions& options, int columns) {
  parquet::WriterProperties::Builder builder;
  switch (options.compression) {
    case Compression::kNone: builder.compression(parquet::Compression::UNCOMPRESSED); break;
    case Compression::kGzip:
      builder.compression(parquet::Compression::GZIP)->compression_level(kGzipLevel);
      break;
    case Compression::kSnappy: builder.compression(parquet::Compression::SNAPPY); break;
    case Compression::kAuto:
    case Compression::kZstd:
      builder.compression(parquet::Compression::ZSTD)->compression_level(kZstdLevel);
      break;
  }
  builder.created_by("rowcall");
  builder.dictionary_pagesize_limit(kDictionaryBytes);
  builder.data_pagesize(
      std::clamp(kPageBytesOfAll / std::max<std::int64_t>(columns, 1), kPageBytesMin, kPageBytesMax));
  builder.max_row_group_length(options.row_group_rows);
  builder.enable_page_checksum();
  return builder.build();
}

}  // namespace

ParquetWriter::ParquetWriter(std::shared_ptr<arrow::Schema> schema, const ParquetOptions& options,
                             Place place)
    : options_(options), place_(std::move(place)), gatherer_(std::move(schema)) {}
ParquetWriter::ParquetWriter(ParquetWriter&&) noexcept = default;
ParquetWriter::~ParquetWriter() = default;

Result<ParquetWriter> ParquetWriter::make(std::shared_ptr<arrow::Schema> schema,
                                          const ParquetOptions& options,
                                          std::shared_ptr<arrow::io::OutputStream> out, Place place) {
  ParquetWriter writer(schema, options, std::move(place));
  auto for_arrow = parquet::ArrowWriterProperties::Builder().store_schema()->build();
  arrow::Status status = guarded([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(writer.writer_, parquet::arrow::FileWriter::Open(
                                              *schema, arrow::default_memory_pool(), std::move(out),
                                              properties_of(options, schema->num_fields()), for_arrow));
    return arrow::Status::OK();
  });
  if (status.IsNotImplemented() || status.IsTypeError() || status.IsInvalid()) {
    return failure({ErrorCode::kSetting, writer.place_.shown,
                    "a column of a type that Parquet does not have (" + status.message() + ")", "",
                    "Choose CSV or NDJSON with sink.format, or leave the column out."});
  }
  TRY_VOID(checked(status, writer.place_, "write"));
  return writer;
}

Result<void> check_parquet(const ArrowSchema& schema, const Place& place) {
  TRY(auto columns, schema_of(schema, place));
  TRY(auto nowhere, checked(arrow::io::BufferOutputStream::Create(), place, "write"));
  TRY(ParquetWriter trial, ParquetWriter::make(std::move(columns), {}, std::move(nowhere), place));
  return {};
}

Result<void> ParquetWriter::write(OwnedArray rows) {
  TRY(RecordBatches batches, gatherer_.add(std::move(rows), place_));
  for (const auto& batch : batches) TRY_VOID(write(batch));
  return {};
}

Result<void> ParquetWriter::write(const std::shared_ptr<arrow::RecordBatch>& batch) {
  arrow::Status status = guarded([&]() -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(std::int64_t bytes, arrow::util::ReferencedBufferSize(*batch));
    if (group_bytes_ + bytes > options_.row_group_bytes && group_rows_ >= kGroupRowsMin) {
      ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
      group_rows_ = 0;
      group_bytes_ = 0;
    }
    // A batch that reaches over the end of a row group is cut there by the writer.
    std::int64_t beyond = group_rows_ + batch->num_rows() - options_.row_group_rows;
    group_rows_ = beyond > 0 ? beyond % options_.row_group_rows : group_rows_ + batch->num_rows();
    group_bytes_ = beyond > 0 ? bytes * group_rows_ / batch->num_rows() : group_bytes_ + bytes;
    return writer_->WriteRecordBatch(*batch);
  });
  return checked(status, place_, "write");
}

Result<void> ParquetWriter::close() {
  for (const auto& batch : gatherer_.take()) TRY_VOID(write(batch));
  return checked(guarded([&] { return writer_->Close(); }), place_, "write");
}

}  // namespace rowcall::files
