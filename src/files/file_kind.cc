// SPDX-License-Identifier: Apache-2.0
#include "files/file_kind.h"

#include <utility>

#include "base/parse.h"

namespace rowcall::files {
namespace {

// The first ending of a value is the one written.
constexpr std::pair<std::string_view, FileFormat> kFormats[] = {
    {".csv", FileFormat::kCsv},   {".ndjson", FileFormat::kNdjson},   {".jsonl", FileFormat::kNdjson},
    {".json", FileFormat::kJson}, {".parquet", FileFormat::kParquet}, {".pq", FileFormat::kParquet}};
constexpr std::pair<std::string_view, Compression> kCompressions[] = {{".gz", Compression::kGzip},
                                                                      {".zst", Compression::kZstd}};

}  // namespace

FileKind kind_of_name(std::string_view name) {
  FileKind kind;
  std::string rest = lower(name);
  for (const auto& [ending, compression] : kCompressions) {
    if (!rest.ends_with(ending)) continue;
    kind.compression = compression;
    rest.resize(rest.size() - ending.size());
    break;
  }
  for (const auto& [ending, format] : kFormats) {
    if (rest.ends_with(ending)) kind.format = format;
  }
  return kind;
}

std::string ending_of(const FileKind& kind) {
  std::string text;
  for (const auto& [ending, format] : kFormats) {
    if (format != kind.format) continue;
    text += ending;
    break;
  }
  for (const auto& [ending, compression] : kCompressions) {
    if (compression == kind.compression) text += ending;
  }
  return text;
}

}  // namespace rowcall::files
