// SPDX-License-Identifier: Apache-2.0
// Rows as CSV, NDJSON or a JSON array, compressed or not.
//
// CSV is RFC 4180 with LF: null is an empty cell, the empty text is "", nested values are JSON text. In a
// table of one column null is "" too, since an empty line would be no record. JSON keeps every value exact;
// both write values just as requests do.
//
// Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/job.h"

#include "files/storage.h"
#include "table/row_reader.h"

namespace arrow::io {
class OutputStream;
}  // namespace arrow::io

namespace rowcall::files {

/// Which of the table's ends are in the file. Files that have only one, or none, are pieces, whose bytes
/// put together in order are the table.
struct TableEnds {
  bool begin = true;  ///< CSV: the header line. JSON: "[".
  bool end = true;    ///< JSON: "]".
};

class TextWriter {
 public:
  /// `format` is kCsv, kNdjson or kJson; `compression` kNone, kGzip or kZstd. `place` is for error texts.
  static Result<TextWriter> make(const ArrowSchema& schema, FileFormat format, Compression compression,
                                 TableEnds ends, std::shared_ptr<arrow::io::OutputStream> out, Place place);
  TextWriter(TextWriter&&) = default;
  TextWriter& operator=(TextWriter&&) = delete;
  ~TextWriter();

  Result<void> write(OwnedArray rows);
  /// Writes out what is left, and the end of the table if it is here. The stream below stays open.
  Result<void> close();

 private:
  explicit TextWriter(table::RowReader reader) : reader_(std::move(reader)) {}

  void append_header();
  void append_csv(std::int64_t row);
  void append_csv_cell(std::string_view text);
  void append_object(std::int64_t row);
  Result<void> flush();

  table::RowReader reader_;
  FileFormat format_ = FileFormat::kCsv;
  TableEnds ends_;
  std::vector<std::string> keys_;  // JSON: what stands before each value
  std::string buffer_;
  std::string cell_;
  bool empty_ = true;  // JSON: no row yet
  bool packed_ = false;
  std::shared_ptr<arrow::io::OutputStream> out_;
  Place place_;
};

}  // namespace rowcall::files
