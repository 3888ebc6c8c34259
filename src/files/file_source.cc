// SPDX-License-Identifier: Apache-2.0
#include "files/file_source.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/try.h"
#include "files/byte_stream.h"
#include "files/files.h"
#include "table/schema.h"

namespace rowcall::files {
namespace {

// Of more files than that, only the first are looked at before the run: every look is a request or two.
constexpr std::size_t kLookedAtMax = 200;

// "" when the names are the wanted ones in their order, else what differs.
std::string name_difference(const std::vector<std::string>& found, const std::vector<table::Column>& wanted) {
  for (std::size_t c = 0; c < std::min(found.size(), wanted.size()); ++c) {
    if (found[c] != wanted[c].name) {
      return "column " + std::to_string(c + 1) + " is \"" + found[c] + "\", not \"" + wanted[c].name + "\"";
    }
  }
  if (found.size() == wanted.size()) return "";
  return std::to_string(found.size()) + " columns, not " + std::to_string(wanted.size());
}

}  // namespace

FileSource::FileSource(const SourceSpec& spec, const S3Spec& s3, std::vector<ListedFile> files)
    : spec_(spec), s3_(s3), files_(std::move(files)) {}

// A text file without a byte has no rows, and need not have a header: Spark writes such parts.
bool FileSource::has_nothing(std::size_t file) const {
  return files_[file].bytes == 0 && files_[file].format != FileFormat::kParquet && file != schema_file_;
}

Result<FileSource::Reader> FileSource::open_reader(std::size_t file) const {
  const ListedFile& listed = files_[file];
  Reader reader;
  switch (listed.format) {
    case FileFormat::kParquet: {
      TRY(reader, ParquetReader::open(listed, spec_, s3_));
      break;
    }
    case FileFormat::kNdjson:
    case FileFormat::kJson: {
      TRY(reader, JsonReader::open(listed, spec_, s3_));
      break;
    }
    default: {
      TRY(reader, CsvReader::open(listed, spec_, s3_));
      break;
    }
  }
  return reader;
}

Result<void> FileSource::find_schema() {
  if (found_) return {};
  auto filled = std::ranges::find_if(files_, [](const ListedFile& file) { return file.bytes != 0; });
  schema_file_ = filled == files_.end() ? 0 : static_cast<std::size_t>(filled - files_.begin());
  if (files_[0].format == FileFormat::kParquet && !spec_.types.empty()) {
    return failure({ErrorCode::kSetting, "source.types", "types for Parquet, which has types of its own",
                    "no types here",
                    "Convert the values in the API, or write the file with the types you want."});
  }
  TRY(reader_, open_reader(schema_file_));
  reader_file_ = schema_file_;
  fresh_ = true;
  if (auto* parquet = std::get_if<ParquetReader>(&reader_)) {
    TRY(schema_, parquet->schema());
    arrow_columns_ = parquet->arrow_schema();
    schema_file_rows_ = parquet->rows();
    // A column that is never null in one file may be so in another.
    for (std::int64_t c = 0; files_.size() > 1 && c < schema_->n_children; ++c) {
      schema_->children[c]->flags |= ARROW_FLAG_NULLABLE;
    }
  } else {
    auto find = [&](auto& reader) -> Result<void> {
      TRY(columns_, reader.find_columns());
      sample_ = reader.sample();
      return {};
    };
    auto* csv = std::get_if<CsvReader>(&reader_);
    TRY_VOID(csv != nullptr ? find(*csv) : find(std::get<JsonReader>(reader_)));
    schema_ = table::extended(ArrowSchema{}, columns_.columns);
  }
  found_ = true;
  return {};
}

Result<OwnedSchema> FileSource::schema() {
  TRY_VOID(find_schema());
  return table::copy_of(*schema_.get());
}

Result<void> FileSource::check_columns(const Reader& reader, std::size_t file) const {
  std::string difference;
  if (const auto* parquet = std::get_if<ParquetReader>(&reader)) {
    difference = schema_difference(*parquet->arrow_schema(), *arrow_columns_);
  } else if (const auto* csv = std::get_if<CsvReader>(&reader)) {
    difference = name_difference(csv->names(), columns_.columns);
  }
  if (difference.empty()) return {};
  return failure({ErrorCode::kInput, files_[file].place.shown, difference,
                  "the same columns in all files, those of " + files_[schema_file_].place.shown,
                  "Run files of different shape one after the other."});
}

// Better now than after hours: a file with other columns, or one that cannot be read at all.
Result<void> FileSource::look_at_all() {
  if (!rows_.empty()) return {};
  std::vector<std::int64_t> rows;
  for (std::size_t f = 0; f < std::min(files_.size(), kLookedAtMax); ++f) {
    ListedFile& file = files_[f];
    if (file.place.s3 && file.etag.empty()) {
      TRY(file.etag, etag_of(file.place, s3_));
    }
    rows.push_back(f == schema_file_ ? schema_file_rows_ : -1);
    if (f == schema_file_ || has_nothing(f) || !file.seekable) continue;
    TRY(Reader reader, open_reader(f));
    TRY_VOID(check_columns(reader, f));
    if (const auto* parquet = std::get_if<ParquetReader>(&reader)) rows.back() = parquet->rows();
  }
  rows_ = std::move(rows);
  return {};
}

Result<SourceInfo> FileSource::info() {
  TRY_VOID(find_schema());
  TRY_VOID(look_at_all());
  SourceInfo info;
  bool parquet = files_[0].format == FileFormat::kParquet;
  std::int64_t rows = 0;
  std::int64_t bytes_counted = 0;  // of the Parquet files whose rows are known
  std::int64_t bytes_left = 0;
  info.rows_exact = parquet ? files_.size() <= kLookedAtMax : files_.size() == 1 && sample_.whole;
  for (std::size_t f = 0; f < files_.size(); ++f) {
    const ListedFile& file = files_[f];
    info.files.push_back({file.place.shown, file.bytes, file.etag.empty() ? file.modified : file.etag});
    if (parquet) {
      bool counted = f < rows_.size();
      rows += counted ? rows_[f] : 0;
      (counted ? bytes_counted : bytes_left) += file.bytes;
      continue;
    }
    TextSample sample = sample_;
    sample.whole = sample.whole && f == schema_file_;
    std::int64_t estimate = file.bytes == 0 ? 0 : estimated_rows(sample, file.bytes);
    rows = rows < 0 || estimate < 0 ? -1 : rows + estimate;
  }
  if (bytes_counted > 0) {
    rows += static_cast<std::int64_t>(static_cast<double>(bytes_left) * static_cast<double>(rows) /
                                      static_cast<double>(bytes_counted));
  }
  info.rows = rows >= 0 && spec_.rows_max > 0 ? std::min(rows, spec_.rows_max) : rows;
  return info;
}

Result<void> FileSource::seek(const SourcePosition& to) {
  if (to.file < 0 || static_cast<std::size_t>(to.file) >= files_.size() || to.row_in_file > to.row) {
    return failure({ErrorCode::kInput, "the source", "a place in file " + std::to_string(to.file + 1),
                    "one of its " + std::to_string(files_.size()) + " files",
                    "It has changed since the run began; begin a new run."});
  }
  seek_to_ = to;
  file_ = static_cast<std::size_t>(to.file);
  row_ = to.row;
  rows_before_file_ = to.row - to.row_in_file;
  return {};
}

// Opens the file to read now, and goes to the place in it if there is one to go to.
Result<void> FileSource::open_file() {
  if (std::holds_alternative<std::monostate>(reader_) || reader_file_ != file_ || !fresh_) {
    TRY(reader_, open_reader(file_));
    reader_file_ = file_;
    TRY_VOID(check_columns(reader_, file_));
  }
  fresh_ = false;
  if (auto* csv = std::get_if<CsvReader>(&reader_)) csv->set_columns(&columns_);
  if (auto* json = std::get_if<JsonReader>(&reader_)) json->set_columns(&columns_);
  auto to = std::exchange(seek_to_, std::nullopt);
  return to && to->row_in_file > 0 ? go_to(*to) : Result<void>{};
}

Result<void> FileSource::go_to(const SourcePosition& to) {
  if (auto* parquet = std::get_if<ParquetReader>(&reader_)) return parquet->seek(to.row_in_file);
  if (to.byte_offset >= 0 && to.line > 0 && current().seekable) {
    auto* csv = std::get_if<CsvReader>(&reader_);
    return csv != nullptr ? csv->seek(to) : std::get<JsonReader>(reader_).seek(to);
  }
  // The place is known by its number alone: read up to there.
  for (std::int64_t left = to.row_in_file; left > 0;) {
    TRY(std::optional<SourceBatch> passed, next_of_file(std::min<std::int64_t>(left, spec_.batch_size)));
    if (!passed) return failure(changed_error(current().place));
    left -= passed->records();
  }
  return {};
}

Result<std::optional<SourceBatch>> FileSource::next_of_file(std::int64_t records_max) {
  if (auto* csv = std::get_if<CsvReader>(&reader_)) return csv->next(records_max);
  if (auto* json = std::get_if<JsonReader>(&reader_)) return json->next(records_max);
  return std::get<ParquetReader>(reader_).next(records_max);
}

Result<std::optional<SourceBatch>> FileSource::next() {
  if (error_) return failure(*error_);
  Result<std::optional<SourceBatch>> batch = read();
  if (!batch) error_ = batch.error();
  return batch;
}

Result<std::optional<SourceBatch>> FileSource::read() {
  TRY_VOID(find_schema());
  std::int64_t rows_max = spec_.rows_max > 0 ? spec_.rows_max : std::numeric_limits<std::int64_t>::max();
  std::optional<SourceBatch> out;
  bool open =
      !fresh_ && !std::holds_alternative<std::monostate>(reader_) && reader_file_ == file_ && !seek_to_;
  while (file_ < files_.size() && row_ < rows_max) {
    if (!open && !has_nothing(file_)) {
      TRY_VOID(open_file());
      open = true;
    }
    if (open) {
      TRY(out, next_of_file(std::min<std::int64_t>(spec_.batch_size, rows_max - row_)));
    }
    if (out) {
      out->file = current().place.shown;
      out->position.file = static_cast<int>(file_);
      out->position.row += rows_before_file_;
      for (UnreadableRow& row : out->unreadable) row.row += rows_before_file_;
      row_ += out->records();
      return out;
    }
    ++file_;
    rows_before_file_ = row_;
    reader_ = std::monostate{};
    open = false;
  }
  return out;
}

Result<std::unique_ptr<TableSource>> open_source(const SourceSpec& spec, const S3Spec& s3) {
  TRY(std::vector<ListedFile> files, list_files(spec, s3));
  return std::make_unique<FileSource>(spec, s3, std::move(files));
}

}  // namespace rowcall::files
