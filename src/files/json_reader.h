// SPDX-License-Identifier: Apache-2.0
// One NDJSON file, or one JSON array of objects, as batches of typed rows.
//
// Keys are columns. A missing key is null. A value that is nested, or of one kind here and another there, or
// a number that no type keeps whole, makes a column of JSON text, which goes on as it stands. What is no
// object, or has a key twice, a key that is no column or a value that does not fit, becomes an unreadable
// row.
//
// Blocking. Belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/json_framer.h"
#include "files/json_record.h"
#include "files/listing.h"
#include "files/text_batch.h"
#include "files/text_columns.h"
#include "files/text_window.h"

namespace rowcall::files {

class JsonReader {
 public:
  /// `file.format` is kNdjson or kJson. A .json file that holds a line per object is read as NDJSON. `spec`
  /// and `s3` must outlive the reader.
  static Result<JsonReader> open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3);

  /// Looks at the first records without passing them: their keys with types, in the order in which they come.
  Result<TextColumns> find_columns();
  const TextSample& sample() const { return sample_; }

  /// Before the first `next`: what rows are read as. `columns` must outlive the reader.
  void set_columns(const TextColumns* columns);
  /// Goes to a place with `byte_offset` and `line`.
  Result<void> seek(const SourcePosition& to);
  /// At most `records_max` records; nothing at the end. Row numbers are those of the file.
  Result<std::optional<SourceBatch>> next(std::int64_t records_max);

 private:
  JsonReader(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3, TextWindow window);

  Result<void> find_kind();
  Result<bool> read_record();
  void pass(std::size_t bytes);
  void take_record(const JsonFrame& frame);
  std::string put_members();
  std::string put_member(const JsonMember& member, std::size_t column);
  std::optional<std::size_t> find_column(std::string_view name);
  Result<void> give_up_long_record();
  Error broken_array() const;
  bool too_long(std::size_t bytes) const { return static_cast<std::int64_t>(bytes) > spec_->line_bytes_max; }

  ListedFile file_;
  const SourceSpec* spec_;
  const S3Spec* s3_;
  TextWindow window_;
  JsonFramer::Kind kind_ = JsonFramer::Kind::kLines;
  JsonFramer framer_{JsonFramer::Kind::kLines};
  JsonRecordParser parser_;
  std::vector<JsonMember> members_;
  const TextColumns* columns_ = nullptr;
  std::unordered_map<std::string_view, std::size_t> places_;  // of columns, by name
  std::size_t expected_ = 0;                                  // the column that most likely comes next
  std::vector<std::int64_t> seen_in_;                         // the row in which a column was last set
  std::optional<TextBatch> batch_;
  std::int64_t row_ = 0;  // of the first record to come, until there is a batch
  std::int64_t line_ = 1;
  TextSample sample_;
  std::optional<Error> error_;  // comes once what was read before it has been given out
};

}  // namespace rowcall::files
