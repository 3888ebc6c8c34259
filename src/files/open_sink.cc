// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <utility>

#include "base/try.h"
#include "files/file_kind.h"
#include "files/file_sink.h"
#include "files/files.h"
#include "files/folder_sink.h"
#include "files/found_parts.h"
#include "files/part_writer.h"
#include "files/storage.h"

namespace rowcall::files {
namespace {

Result<FileFormat> format_of(const SinkSpec& spec, const FileKind& by_name) {
  if (spec.format != FileFormat::kAuto) return spec.format;
  if (by_name.format != FileFormat::kAuto) return by_name.format;
  if (spec.path.ends_with('/')) return FileFormat::kParquet;
  return failure({ErrorCode::kSetting, "sink.path", "the name \"" + spec.path + "\" does not say the format",
                  "a name that ends in .parquet, .csv, .ndjson or .json",
                  "Name the format with sink.format (--to-format)."});
}

Result<PartFormat> part_format(const SinkSpec& spec) {
  FileKind by_name = kind_of_name(spec.path);
  PartFormat format;
  TRY(format.kind.format, format_of(spec, by_name));
  format.parquet.row_group_rows = spec.row_group_rows;
  if (format.kind.format == FileFormat::kParquet) {
    if (by_name.compression != Compression::kNone) {
      return failure({ErrorCode::kSetting, "sink.path", "a Parquet file with the name \"" + spec.path + "\"",
                      "a name without .gz or .zst: Parquet compresses inside the file",
                      "Leave the ending out, and choose with sink.compression."});
    }
    format.parquet.compression =
        spec.compression == Compression::kAuto ? Compression::kZstd : spec.compression;
    return format;
  }
  if (spec.compression == Compression::kSnappy) {
    return failure({ErrorCode::kSetting, "sink.compression",
                    "snappy for " + std::string(name_of(format.kind.format)), "none, gzip or zstd",
                    "Snappy is for Parquet only."});
  }
  format.kind.compression = spec.compression == Compression::kAuto ? by_name.compression : spec.compression;
  return format;
}

}  // namespace

Result<FileKind> sink_kind(const SinkSpec& spec) {
  TRY(PartFormat format, part_format(spec));
  return format.kind;
}

Result<std::unique_ptr<TableSink>> open_sink(const SinkSpec& spec, const S3Spec& s3,
                                             const std::filesystem::path& staging, PartNotes* notes) {
  if (spec.path.empty()) {
    return failure(
        {ErrorCode::kSetting, "sink.path", "nothing", "a file, a folder, s3://BUCKET/KEY or \"-\"", ""});
  }
  TRY(PartFormat format, part_format(spec));
  TRY(Place place, place_of(spec.path));
  if (place.s3 && place.path.find('/') == std::string::npos) {
    return failure(
        {ErrorCode::kSetting, "sink.path", "the bucket " + spec.path + " alone", "s3://BUCKET/KEY", ""});
  }
  if (spec.path == "-" && format.kind.format == FileFormat::kParquet) {
    return failure({ErrorCode::kSetting, "sink.path", "Parquet on standard output",
                    "a file, since Parquet ends in an index",
                    "Name a file, or choose csv or ndjson with sink.format (--to-format)."});
  }
  std::unique_ptr<TableSink> sink;
  if (place.path.ends_with('/')) {
    sink = std::make_unique<FolderSink>(std::move(place), format, spec.overwrite, s3, staging, notes);
  } else {
    sink = std::make_unique<FileSink>(std::move(place), format, spec.overwrite, s3, staging);
  }
  return sink;
}

}  // namespace rowcall::files
