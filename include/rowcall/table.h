// SPDX-License-Identifier: Apache-2.0
// Two of the four doors: where a table comes from, and where it goes.
//
// The engine knows tables only through these. The command line stands files and object stores behind
// them (src/files/); Python stands the consumer of an Arrow stream behind them; tests stand vectors.
//
// Threads: the engine calls a source from one worker thread and a sink from another, one call at a time
// each, never after the object's owner has been told that the run has ended. Blocking is allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"

namespace rowcall {

/// A place in a source from which reading can go on.
struct SourcePosition {
  std::int64_t row = 0;           ///< Records before this place, over the whole source, readable or not.
  int file = 0;                   ///< Index into SourceInfo::files.
  std::int64_t row_in_file = 0;   ///< Records before this place in that file.
  std::int64_t byte_offset = -1;  ///< Where that record starts, after decompression; -1: not known.
  std::int64_t line = 0;          ///< The line it starts on in its file, from 1; 0: not known, or no lines.
};

/// One record of the input that could not be read as a row.
struct UnreadableRow {
  std::int64_t row = 0;   ///< Its number over the whole source, from 0.
  std::int64_t line = 0;  ///< The line it starts on in its file, from 1; 0 where files have no lines.
  std::string reason;     ///< What was found and what was expected.
  std::string excerpt;    ///< The start of the raw text, at most 1,000 bytes, made valid UTF-8.
};

/// Some consecutive records of one file.
struct SourceBatch {
  OwnedArray rows;                        ///< A struct array of the source's schema; may have no rows.
  SourcePosition position;                ///< Of the first record, readable or not.
  std::string file;                       ///< The file's name as the user would write it.
  std::vector<UnreadableRow> unreadable;  ///< In ascending order of `row`.

  /// Records in the batch, readable or not.
  std::int64_t records() const {
    return (rows ? rows->length : 0) + static_cast<std::int64_t>(unreadable.size());
  }
};

/// One file of a source, with what tells it from a changed one.
struct SourceFile {
  std::string name;
  std::int64_t bytes = -1;  ///< -1: not known (a stream).
  std::string version;      ///< ETag, or modification time; empty: not known.
};

/// What is known of a source before it is read.
struct SourceInfo {
  std::vector<SourceFile> files;
  std::int64_t rows = -1;  ///< Records in all, or an estimate; -1: not known.
  bool rows_exact = false;
};

/// Door: the table read.
class TableSource {
 public:
  virtual ~TableSource() = default;
  /// The columns of every batch, as a struct schema. Opens the first file if need be.
  virtual Result<OwnedSchema> schema() = 0;
  /// Names, sizes and row count, as far as they are known without reading everything.
  virtual Result<SourceInfo> info() = 0;
  /// The next batch, or nothing at the end. After an error every further call gives the same error.
  virtual Result<std::optional<SourceBatch>> next() = 0;
  /// Goes to a place got from an earlier batch's `position`, before the first `next`.
  virtual Result<void> seek(const SourcePosition& to) = 0;
};

/// One published file of a sink: the unit of commit.
struct PartInfo {
  std::string path;  ///< As the user would write it.
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

/// Door: the table written.
///
/// A table is a sequence of parts. Nothing of a part can be seen before `publish`, all of it after.
/// A sink that is destroyed without `finish` leaves what was published, and no trace of an open part.
class TableSink {
 public:
  virtual ~TableSink() = default;
  /// Once, first: the columns of every batch. `next_part` is the index of the first part to write.
  virtual Result<void> open(OwnedSchema schema, int next_part) = 0;
  /// Adds rows to the open part; begins one if none is open.
  virtual Result<void> write(OwnedArray rows) = 0;
  /// Makes the open part durable and visible, whole. With no open part: an empty PartInfo.
  virtual Result<PartInfo> publish() = 0;
  /// Once, last: the table is complete. `rows` is checked against what was written.
  virtual Result<void> finish(std::int64_t rows) = 0;
  /// Drops the open part. Called on every failure path; harmless when nothing is open.
  virtual void abort() = 0;
};

}  // namespace rowcall
