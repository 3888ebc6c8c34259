// SPDX-License-Identifier: Apache-2.0
// Table files on disk and in S3, behind the two doors of tables: what the command line reads and writes.
//
// The only room that knows Arrow C++. Everything here fails with an `Error`; nothing throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

namespace rowcall::files {

class PartNotes;

/// The libraries behind this room, for the length of the program. Make one first thing in `main`, before
/// anything allocates: it chooses Arrow's memory pool. When it ends, S3 is shut down, so every source and
/// sink must be gone by then. S3 itself is started only when the first s3:// place is used.
class FileLayer {
 public:
  FileLayer();
  ~FileLayer();
  FileLayer(const FileLayer&) = delete;
  FileLayer& operator=(const FileLayer&) = delete;
};

/// The table of all files that `spec.paths` names, one after the other: files, globs, folders, s3:// URIs,
/// or "-" for standard input. Files must exist and have a known format; nothing else is read yet.
Result<std::unique_ptr<TableSource>> open_source(const SourceSpec& spec, const S3Spec& s3);

/// The table that `spec.path` names: one file, a folder of parts (it ends in "/"), s3://, or "-" for standard
/// output. Fails when a table is there already, unless `spec.overwrite`. A sink of one file on disk or in S3
/// keeps its parts in `staging` until `finish` puts them together. `staging` is this sink's own folder. With
/// `notes`, which must outlive the sink, a folder of parts can be gone on with on another machine.
Result<std::unique_ptr<TableSink>> open_sink(const SinkSpec& spec, const S3Spec& s3,
                                             const std::filesystem::path& staging,
                                             PartNotes* notes = nullptr);

/// A table of made-up customers, for tests.
struct GenerateSpec {
  std::string path;  ///< A file, s3://BUCKET/KEY, or "-" (CSV and NDJSON).
  std::int64_t records = 1000;
  FileFormat format = FileFormat::kAuto;  ///< kAuto: by the file's name.
  double error_rate = 0;                  ///< Share of records broken on purpose, 0 to 1.
  int row_group_rows = 131'072;           ///< Parquet: rows per row group.
  std::uint64_t seed = 1;                 ///< The same seed gives the same table.
  S3Spec s3;
};

struct Generated {
  std::int64_t records = 0;
  std::int64_t broken = 0;
  std::int64_t bytes = 0;
};

Result<Generated> generate(const GenerateSpec& spec);

}  // namespace rowcall::files
