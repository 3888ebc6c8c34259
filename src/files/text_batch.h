// SPDX-License-Identifier: Apache-2.0
// A batch of a text file in the making: rows, and records that could not be read as rows, in order.
//
// Counts records and lines on through the whole file. Numbers are those of the file; whoever reads several
// files adds what came before. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/table.h"

#include "base/try.h"
#include "files/row_builder.h"

namespace rowcall::files {

class TextBatch {
 public:
  /// `row` and `line` are those of the first record that will come.
  TextBatch(const std::vector<table::Column>& columns, std::int64_t row, std::int64_t line);

  /// Begins a batch whose first record lies at `byte_offset`.
  void begin(std::int64_t byte_offset);
  CellValue& cell(std::size_t column) { return builder_.cell(column); }
  /// The cells set since the last record are a row.
  void add_row(std::size_t bytes);
  /// Instead of a row: why not, and the record's text (its start is enough).
  void add_unreadable(std::string reason, std::string_view raw);
  /// Lines that the record took, or that were passed over.
  void pass_lines(std::int64_t lines) { line_ += lines; }

  std::int64_t records() const { return row_ - first_.row; }
  /// Memory that the batch takes, roughly.
  std::int64_t bytes() const { return bytes_; }
  std::int64_t line() const { return line_; }
  std::int64_t row() const { return row_; }
  Result<SourceBatch> finish();

  /// Reads records into the batch until it has `records_max` or is large enough, and finishes it; nothing at
  /// the end of the file. `read_record` puts one record in, and is false at the end. An error is kept in
  /// `error` and comes once all records before it have been given out, then always.
  template <class ReadRecord>
  Result<std::optional<SourceBatch>> fill(std::int64_t records_max, std::optional<Error>& error,
                                          ReadRecord read_record);

 private:
  RowBuilder builder_;
  std::vector<UnreadableRow> unreadable_;
  SourcePosition first_;
  std::int64_t row_;
  std::int64_t line_;
  std::int64_t bytes_ = 0;
};

/// A batch ends when it takes that much, however few rows it has.
inline constexpr std::int64_t kBatchBytes = 4 << 20;

template <class ReadRecord>
Result<std::optional<SourceBatch>> TextBatch::fill(std::int64_t records_max, std::optional<Error>& error,
                                                   ReadRecord read_record) {
  std::optional<SourceBatch> out;
  while (!error && records() < records_max && bytes() < kBatchBytes) {
    Result<bool> more = read_record();
    if (!more) {
      error = std::move(more).error();
    } else if (!*more) {
      break;
    }
  }
  if (records() == 0) {
    if (error) return failure(*error);
    return out;
  }
  TRY(out, finish());
  return out;
}

}  // namespace rowcall::files
