// SPDX-License-Identifier: Apache-2.0
// One part of a table: rows into a file, in the format of the sink.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <variant>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/file_kind.h"
#include "files/output_file.h"
#include "files/parquet_writer.h"
#include "files/staged_batches.h"
#include "files/text_writer.h"

namespace rowcall::files {

/// How parts are written.
struct PartFormat {
  FileKind kind;  ///< Format; and for text formats the compression.
  ParquetOptions parquet;
  TableEnds ends;       ///< Text formats.
  bool staged = false;  ///< Parquet: as batches, to be encoded later.
};

class PartWriter {
 public:
  /// Begins the part's file at `place`.
  static Result<PartWriter> begin(const ArrowSchema& schema, const PartFormat& format, const Place& place,
                                  const S3Spec& s3);

  Result<void> write(OwnedArray rows);
  /// Ends the file and makes it durable and visible. Returns its size in bytes.
  Result<std::int64_t> commit();

  std::int64_t rows() const { return rows_; }

 private:
  using Encoder = std::variant<TextWriter, ParquetWriter, StagedWriter>;
  PartWriter(OutputFile file, std::unique_ptr<Encoder> encoder)
      : file_(std::move(file)), encoder_(std::move(encoder)) {}
  static Result<Encoder> encoder(const ArrowSchema& schema, const PartFormat& format, const OutputFile& file);

  // The encoder goes first: its last words are for a file that is then dropped.
  OutputFile file_;
  std::unique_ptr<Encoder> encoder_;
  std::int64_t rows_ = 0;
};

}  // namespace rowcall::files
