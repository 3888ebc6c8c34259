// SPDX-License-Identifier: Apache-2.0
#include "files/parquet_reader.h"

#include <arrow/c/bridge.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "files/bad_text.h"
#include "files/byte_stream.h"

namespace rowcall::files {
namespace {

constexpr std::int64_t kLocalBuffer = 64 << 10;   // per column
constexpr std::int64_t kObjectBuffer = 4 << 20;   // per column, where a row group is too large to be held
constexpr std::int64_t kGroupHeldMax = 32 << 20;  // compressed bytes of a row group fetched at once from S3
constexpr std::int64_t kRowsBytesMax = 16 << 20;  // unpacked bytes of the rows taken at once
constexpr std::size_t kTextShown = 60;

Error broken(const Place& place, std::string_view doing, std::string_view said) {
  return {ErrorCode::kInput, place.shown,
          "cannot " + std::string(doing) + ": " + excerpt(said.substr(0, said.find('\n')), 300),
          "a whole Parquet file", "The file is damaged, was cut off, or is of another format."};
}

// What Arrow says of a file: trouble with the storage, or with the content.
Error file_error(const arrow::Status& status, const Place& place, std::string_view doing) {
  bool content = status.IsInvalid() || status.IsSerializationError() || status.IsNotImplemented() ||
                 status.IsTypeError() || (status.IsIOError() && !place.s3) ||
                 status.message().find("ecompress") != std::string::npos ||
                 status.message().find("CRC") != std::string::npos;
  return content ? broken(place, doing, status.message()) : storage_error(status, place, doing);
}

std::int64_t packed_bytes(const parquet::RowGroupMetaData& group) {
  std::int64_t bytes = 0;
  for (int c = 0; c < group.num_columns(); ++c) bytes += group.ColumnChunk(c)->total_compressed_size();
  return bytes;
}

}  // namespace

struct ParquetReader::State {
  ListedFile file;
  S3Spec s3;
  std::int64_t chunk_rows = 8192;
  std::string version;  // what tells the file from a changed one
  std::shared_ptr<arrow::io::RandomAccessFile> bytes;
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::unique_ptr<parquet::arrow::FileReader> reader;
  std::shared_ptr<arrow::Schema> schema;

  int next_group = 0;
  std::unique_ptr<arrow::RecordBatchReader> group;  // the row group being read
  std::int64_t skip_in_group = 0;                   // rows of the next row group that are not wanted
  std::int64_t row = 0;                             // the next one to give out
  std::shared_ptr<arrow::RecordBatch> chunk;        // rows read and not given out
  std::deque<BadTextRow> bad;                       // those of them that are unreadable, numbered in the file
  bool checked = false;

  Result<void> open_bytes();
  Result<void> open_reader();
  Result<bool> read_chunk();
  Result<void> open_group();
  Result<void> check_unchanged();
  Result<std::string> version_now() const;
};

ParquetReader::ParquetReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
ParquetReader::ParquetReader(ParquetReader&&) noexcept = default;
ParquetReader& ParquetReader::operator=(ParquetReader&&) noexcept = default;
ParquetReader::~ParquetReader() = default;

Result<ParquetReader> ParquetReader::open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3) {
  auto state = std::make_unique<State>();
  state->file = file;
  state->s3 = s3;
  state->chunk_rows = spec.chunk_size;
  try {
    TRY_VOID(state->open_bytes());
    TRY_VOID(state->open_reader());
  } catch (const parquet::ParquetException& error) {
    return failure(broken(file.place, "read its footer", error.what()));
  }
  return ParquetReader(std::move(state));
}

Result<void> ParquetReader::State::open_bytes() {
  TRY(version, version_now());
  const std::string& known = file.place.s3 ? file.etag : file.modified;
  if (!known.empty() && known != version) return failure(changed_error(file.place));
  TRY(auto system, file_system(file.place, s3));
  auto opened = system->OpenInputFile(file.place.path);
  if (!opened.ok()) return failure(storage_error(opened.status(), file.place, "open"));
  bytes = *opened;
  return {};
}

Result<std::string> ParquetReader::State::version_now() const {
  return file.place.s3 ? etag_of(file.place, s3) : modified_text(file.place.path);
}

Result<void> ParquetReader::State::open_reader() {
  auto size = bytes->GetSize();
  if (size.ok() && *size == 0) {
    return failure({ErrorCode::kInput, file.place.shown, "the file is empty", "a whole Parquet file", ""});
  }
  metadata = parquet::ParquetFileReader::Open(bytes)->metadata();
  std::int64_t largest = 0;
  for (int g = 0; g < metadata->num_row_groups(); ++g)
    largest = std::max(largest, packed_bytes(*metadata->RowGroup(g)));
  // A request for each page would take minutes over a network; a whole file fetched ahead would fill the
  // memory.
  bool fetch_groups = file.place.s3 && largest <= kGroupHeldMax;
  parquet::ReaderProperties properties;
  properties.set_page_checksum_verification(true);
  if (!fetch_groups) {
    properties.enable_buffered_stream();
    properties.set_buffer_size(file.place.s3 ? kObjectBuffer : kLocalBuffer);
  }
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(fetch_groups);
  arrow_properties.set_batch_size(chunk_rows);
  auto file_reader = parquet::ParquetFileReader::Open(bytes, properties, metadata);
  auto made = parquet::arrow::FileReader::Make(arrow::default_memory_pool(), std::move(file_reader),
                                               arrow_properties);
  if (!made.ok()) return failure(file_error(made.status(), file.place, "read its schema"));
  reader = *std::move(made);
  if (auto got = reader->GetSchema(&schema); !got.ok())
    return failure(file_error(got, file.place, "read its schema"));
  std::vector<std::string> names = schema->field_names();
  std::ranges::sort(names);
  if (auto twice = std::ranges::adjacent_find(names); twice != names.end()) {
    return failure({ErrorCode::kInput, file.place.shown, "two columns are called \"" + *twice + "\"",
                    "a name of its own for each column", ""});
  }
  return {};
}

Result<OwnedSchema> ParquetReader::schema() const {
  OwnedSchema out;
  auto exported = arrow::ExportSchema(*state_->schema, out.fill());
  if (!exported.ok()) return failure(file_error(exported, state_->file.place, "read its schema"));
  return out;
}

std::int64_t ParquetReader::rows() const {
  return state_->metadata->num_rows();
}

const std::shared_ptr<arrow::Schema>& ParquetReader::arrow_schema() const {
  return state_->schema;
}

std::string schema_difference(const arrow::Schema& found, const arrow::Schema& wanted) {
  for (int c = 0; c < std::min(found.num_fields(), wanted.num_fields()); ++c) {
    const arrow::Field& a = *found.field(c);
    const arrow::Field& b = *wanted.field(c);
    if (a.name() != b.name() || !a.type()->Equals(*b.type())) {
      return "column " + std::to_string(c + 1) + " is \"" + a.name() + "\" of type " + a.type()->ToString() +
             ", not \"" + b.name() + "\" of type " + b.type()->ToString();
    }
  }
  if (found.num_fields() == wanted.num_fields()) return "";
  return std::to_string(found.num_fields()) + " columns, not " + std::to_string(wanted.num_fields());
}

Result<void> ParquetReader::seek(std::int64_t row) {
  State& state = *state_;
  state.row = std::min(row, rows());
  state.skip_in_group = state.row;
  state.next_group = 0;
  while (state.next_group < state.metadata->num_row_groups()) {
    std::int64_t in_group = state.metadata->RowGroup(state.next_group)->num_rows();
    if (state.skip_in_group < in_group) break;
    state.skip_in_group -= in_group;
    ++state.next_group;
  }
  return {};
}

Result<void> ParquetReader::State::open_group() {
  auto about = metadata->RowGroup(next_group);
  // Fewer rows at once where rows are large.
  std::int64_t row_bytes =
      std::max<std::int64_t>(about->total_byte_size() / std::max<std::int64_t>(about->num_rows(), 1), 1);
  reader->set_batch_size(std::clamp<std::int64_t>(kRowsBytesMax / row_bytes, 1, chunk_rows));
  auto opened = reader->GetRecordBatchReader({next_group});
  if (!opened.ok()) return failure(file_error(opened.status(), file.place, "read"));
  group = *std::move(opened);
  ++next_group;
  return {};
}

// Takes the next rows of the file; false at its end.
Result<bool> ParquetReader::State::read_chunk() {
  for (;;) {
    if (!group) {
      if (next_group >= metadata->num_row_groups()) {
        TRY_VOID(check_unchanged());
        return false;
      }
      TRY_VOID(open_group());
    }
    auto read = group->ReadNext(&chunk);
    if (!read.ok()) {
      Error error = file_error(read, file.place, "read on after row " + grouped(row));
      return failure(std::move(error));
    }
    if (chunk == nullptr) {
      group.reset();
      skip_in_group = 0;
      continue;
    }
    std::int64_t skipped = std::min(skip_in_group, chunk->num_rows());
    skip_in_group -= skipped;
    chunk = chunk->Slice(skipped);
    if (chunk->num_rows() > 0) break;
  }
  for (BadTextRow& found : bad_text_rows(*chunk)) {
    found.row += row;
    bad.push_back(std::move(found));
  }
  return true;
}

Result<void> ParquetReader::State::check_unchanged() {
  if (std::exchange(checked, true)) return {};
  TRY(std::string now, version_now());
  if (now != version) return failure(changed_error(file.place));
  return {};
}

// Bad rows come first in a batch, then the good ones up to the next bad row: nothing has to be copied.
Result<std::optional<SourceBatch>> ParquetReader::next(std::int64_t records_max) {
  State& state = *state_;
  std::optional<SourceBatch> out;
  try {
    if (state.chunk == nullptr) {
      TRY(bool more, state.read_chunk());
      if (!more) return out;
    }
  } catch (const parquet::ParquetException& error) {
    return failure(broken(state.file.place, "read on after row " + grouped(state.row), error.what()));
  }
  SourceBatch batch;
  batch.position = {state.row, 0, state.row, -1};
  std::int64_t first = state.row;
  std::int64_t end = state.row + std::min(records_max, state.chunk->num_rows());
  for (; state.row < end && !state.bad.empty() && state.bad.front().row == state.row; ++state.row) {
    const BadTextRow& bad = state.bad.front();
    batch.unreadable.push_back(
        {state.row, 0,
         "column \"" + bad.column + "\": \"" + excerpt(bad.text, kTextShown) + "\" is not UTF-8",
         excerpt(bad.text, 997)});
    state.bad.pop_front();
  }
  if (!state.bad.empty()) end = std::min(end, state.bad.front().row);
  auto rows = state.chunk->Slice(state.row - first, end - state.row);
  auto exported = arrow::ExportRecordBatch(*rows, batch.rows.fill());
  if (!exported.ok()) return failure(file_error(exported, state.file.place, "read"));
  state.row = end;
  state.chunk = state.chunk->Slice(end - first);
  if (state.chunk->num_rows() == 0) state.chunk.reset();
  out = std::move(batch);
  return out;
}

}  // namespace rowcall::files
