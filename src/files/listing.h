// SPDX-License-Identifier: Apache-2.0
// What a source's paths name: the files, in the order in which they are read.
//
// Blocking; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/storage.h"

namespace rowcall::files {

/// One file to read.
struct ListedFile {
  Place place;
  bool standard_input = false;
  bool seekable = true;                          ///< False for standard input and pipes.
  FileFormat format = FileFormat::kCsv;          ///< Never kAuto.
  Compression compression = Compression::kNone;  ///< kNone, kGzip or kZstd.
  bool tabs = false;                             ///< Named .tsv: the tab stands between cells.
  std::int64_t bytes = -1;                       ///< -1: not known.
  std::string modified;  ///< When it was written, as the listing says; "" for streams.
  std::string etag;      ///< Of an object, once somebody has asked for it.
};

/// All files of `spec.paths`: each path's files sorted by name. Folders are searched with their subfolders,
/// without hidden files (see `is_hidden`). Fails when a path names nothing, when a file is named twice, when
/// a format is not known, or when formats differ.
Result<std::vector<ListedFile>> list_files(const SourceSpec& spec, const S3Spec& s3);

}  // namespace rowcall::files
