// SPDX-License-Identifier: Apache-2.0
// One CSV file as batches of typed rows.
//
// What is no record of the right shape, or has a cell that does not fit its column, becomes an unreadable
// row; reading goes on behind it. When quotes are broken (text behind a closing quote, or no closing quote
// before the end or `line_bytes_max`) only the record's first line is given up, so that one stray quote does
// not swallow the rows behind it. Empty lines are passed over.
//
// Blocking. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/csv_splitter.h"
#include "files/listing.h"
#include "files/text_batch.h"
#include "files/text_columns.h"
#include "files/text_window.h"

namespace rowcall::files {

class CsvReader {
 public:
  /// Opens a file and reads its column names. A file that holds nothing has none, which is an error unless
  /// `spec` names the columns. `spec` and `s3` must outlive the reader.
  static Result<CsvReader> open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3);

  const std::vector<std::string>& names() const { return names_; }
  /// Looks at the first records without passing them: the columns with their types.
  Result<TextColumns> find_columns();
  const TextSample& sample() const { return sample_; }

  /// Before the first `next`: what rows are read as. `columns` must outlive the reader.
  void set_columns(const TextColumns* columns);
  /// Goes to a place with `byte_offset` and `line`.
  Result<void> seek(const SourcePosition& to);
  /// At most `records_max` records; nothing at the end. Row numbers are those of the file.
  Result<std::optional<SourceBatch>> next(std::int64_t records_max);

 private:
  CsvReader(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3, TextWindow window);

  Result<void> read_names();
  Result<void> refuse_utf16();
  Result<CsvSplit> split_next();
  Result<bool> read_record();
  void take_record();
  std::string misfit(std::size_t column, std::string_view text) const;
  bool is_null(std::string_view text) const;
  Result<void> give_up_line(CsvSplit why);
  Result<void> give_up_long_line();

  ListedFile file_;
  const SourceSpec* spec_;
  const S3Spec* s3_;
  TextWindow window_;
  CsvSplitter splitter_;
  CsvRecord record_;
  std::vector<std::string> names_;
  const TextColumns* columns_ = nullptr;
  std::optional<TextBatch> batch_;
  std::vector<std::string> scratch_;  // cells with doubled quotes, by column
  std::int64_t row_ = 0;              // of the first record to come, until there is a batch
  std::int64_t line_ = 1;
  TextSample sample_;
  std::optional<Error> error_;  // comes once what was read before it has been given out
};

}  // namespace rowcall::files
