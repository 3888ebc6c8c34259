// SPDX-License-Identifier: Apache-2.0
// What a file's name says of its content.
//
// Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "rowcall/job.h"

namespace rowcall::files {

struct FileKind {
  FileFormat format = FileFormat::kAuto;         ///< kAuto: the name does not say.
  Compression compression = Compression::kNone;  ///< kGzip for .gz, kZstd for .zst, around the whole file.
  bool operator==(const FileKind&) const = default;
};

/// By the endings .csv, .ndjson, .jsonl, .json, .parquet and .pq, with .gz or .zst behind; case does not
/// matter.
FileKind kind_of_name(std::string_view name);

/// The ending that `kind_of_name` reads, such as ".csv.gz".
std::string ending_of(const FileKind& kind);

}  // namespace rowcall::files
