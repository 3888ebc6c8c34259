// SPDX-License-Identifier: Apache-2.0
#include "files/csv_reader.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "base/parse.h"
#include "base/try.h"
#include "base/utf8.h"
#include "files/column_guess.h"
#include "files/json_record.h"

namespace rowcall::files {
namespace {

using table::TypeId;

constexpr std::size_t kCellShown = 60;  // bytes of a cell in a reason

char delimiter_of(const ListedFile& file, const SourceSpec& spec) {
  return file.tabs && spec.delimiter == ',' ? '\t' : spec.delimiter;
}

Error at_line(const ListedFile& file, std::int64_t line, std::string found, std::string expected,
              std::string mend) {
  return {ErrorCode::kInput, file.place.shown + " line " + std::to_string(line), std::move(found),
          std::move(expected), std::move(mend)};
}

}  // namespace

CsvReader::CsvReader(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3, TextWindow window)
    : file_(file),
      spec_(&spec),
      s3_(&s3),
      window_(std::move(window)),
      splitter_(delimiter_of(file, spec), spec.quote) {}

Result<CsvReader> CsvReader::open(const ListedFile& file, const SourceSpec& spec, const S3Spec& s3) {
  TRY(ByteStream stream, ByteStream::open(file, s3, 0));
  CsvReader reader(file, spec, s3, TextWindow(std::move(stream), 0));
  TRY_VOID(reader.window_.read_more());
  TRY_VOID(reader.refuse_utf16());
  if (reader.window_.rest().starts_with("\xEF\xBB\xBF")) reader.window_.pass(3);
  TRY_VOID(reader.read_names());
  return reader;
}

Result<void> CsvReader::refuse_utf16() {
  std::string_view start = window_.rest();
  if (!start.starts_with("\xFF\xFE") && !start.starts_with("\xFE\xFF")) return {};
  return failure({ErrorCode::kInput, file_.place.shown, "UTF-16 text", "UTF-8",
                  "Convert it, for instance with: iconv -f UTF-16 -t UTF-8"});
}

// Splits off the next record, reading on until it is whole or longer than may be. Empty lines are passed.
Result<CsvSplit> CsvReader::split_next() {
  for (;;) {
    std::string_view text = window_.rest();
    if (text.empty() && window_.ended()) return CsvSplit::kBlank;
    CsvSplit split = splitter_.split(text, window_.ended(), record_);
    if (split == CsvSplit::kMore && static_cast<std::int64_t>(text.size()) <= spec_->line_bytes_max) {
      TRY_VOID(window_.read_more());
      continue;
    }
    if (split != CsvSplit::kBlank) return split;
    window_.pass(record_.bytes);
    line_ += record_.lines;
    if (batch_) batch_->pass_lines(record_.lines);
  }
}

Result<void> CsvReader::read_names() {
  TRY(CsvSplit split, split_next());
  bool whole =
      split == CsvSplit::kRecord && static_cast<std::int64_t>(record_.bytes) <= spec_->line_bytes_max;
  if (!spec_->header && !spec_->column_names.empty()) {
    names_ = spec_->column_names;
  } else if (split == CsvSplit::kBlank) {
    return failure({ErrorCode::kInput, file_.place.shown, "the file is empty",
                    spec_->header ? "a header line with the column names" : "records",
                    spec_->header ? "" : "Name its columns with source.column_names if it may be empty."});
  } else if (!whole) {
    return failure(at_line(file_, line_, "broken quotes, or a line without end", "a line of column names",
                           "Check source.quote and source.delimiter."));
  } else if (!spec_->header) {
    for (std::size_t c = 1; c <= record_.cells.size(); ++c) names_.push_back("column_" + std::to_string(c));
  } else {
    std::string scratch;
    for (const CsvCell& cell : record_.cells) {
      std::string_view name = unquoted(cell, spec_->quote, scratch);
      if (!is_utf8(name)) {
        return failure(at_line(file_, line_,
                               "the name of column " + std::to_string(names_.size() + 1) +
                                   " is not UTF-8: " + excerpt(name, kCellShown),
                               "UTF-8 text", "Convert the file, for instance with iconv."));
      }
      names_.push_back(name.empty() ? "column_" + std::to_string(names_.size() + 1) : std::string(name));
    }
    window_.pass(record_.bytes);
    line_ += record_.lines;
  }
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t c = 0; c < names_.size(); ++c) {
    auto [first, is_new] = places.emplace(names_[c], c);
    if (is_new) continue;
    return failure(
        {ErrorCode::kInput, file_.place.shown,
         "columns " + std::to_string(first->second + 1) + " and " + std::to_string(c + 1) +
             " are both called \"" + names_[c] + "\"",
         "a name of its own for each column",
         "Rename one, or drop the header line and set source.header = false with source.column_names."});
  }
  return {};
}

Result<TextColumns> CsvReader::find_columns() {
  TRY(auto declared, declared_types(*spec_, names_, false));
  std::vector<ColumnGuess> guesses(names_.size());
  std::string scratch;
  std::size_t at = 0;
  for (std::int64_t records = 0; records < spec_->infer_rows && at < kSampleBytes;) {
    std::string_view text = window_.rest().substr(at);
    if (text.empty() && window_.ended()) break;
    CsvSplit split = splitter_.split(text, window_.ended(), record_);
    if (split == CsvSplit::kMore) {
      if (static_cast<std::int64_t>(text.size()) > spec_->line_bytes_max || at + text.size() > kSampleBytes)
        break;
      if (!window_.read_more()) break;  // told once the records before it have been given out
      continue;
    }
    at += split == CsvSplit::kRecord || split == CsvSplit::kBlank ? record_.bytes : line_bytes(text);
    if (split == CsvSplit::kBlank) continue;
    sample_.records = ++records;
    if (split != CsvSplit::kRecord || record_.cells.size() != names_.size() || !spec_->infer_types) continue;
    for (std::size_t c = 0; c < names_.size(); ++c) {
      const CsvCell& cell = record_.cells[c];
      if (cell.quoted ? !cell.text.empty() : !is_null(cell.text))
        guesses[c].see(unquoted(cell, spec_->quote, scratch));
    }
  }
  std::int64_t passed = window_.offset();
  sample_.bytes = static_cast<std::int64_t>(at);
  sample_.bytes_read = passed + static_cast<std::int64_t>(window_.rest().size());
  sample_.file_bytes = window_.file_bytes();
  sample_.whole = window_.ended() && at == window_.rest().size();
  TextColumns found;
  for (std::size_t c = 0; c < names_.size(); ++c) {
    auto type = declared[c].value_or(spec_->infer_types ? guesses[c].type() : table::ColumnType{});
    found.add(names_[c], type, !declared[c].has_value());
  }
  return found;
}

void CsvReader::set_columns(const TextColumns* columns) {
  columns_ = columns;
  scratch_.resize(columns->columns.size());
}

Result<void> CsvReader::seek(const SourcePosition& to) {
  TRY(ByteStream stream, ByteStream::open(file_, *s3_, to.byte_offset));
  window_ = TextWindow(std::move(stream), to.byte_offset);
  row_ = to.row_in_file;
  line_ = to.line;
  batch_.reset();
  error_.reset();
  return {};
}

Result<std::optional<SourceBatch>> CsvReader::next(std::int64_t records_max) {
  ROWCALL_ASSERT(columns_ != nullptr, "rows are read as columns");
  if (!batch_) batch_.emplace(columns_->columns, row_, line_);
  batch_->begin(window_.offset());
  return batch_->fill(records_max, error_, [this] { return read_record(); });
}

// Puts one record more into the batch; false at the end.
Result<bool> CsvReader::read_record() {
  TRY(CsvSplit split, split_next());
  if (split == CsvSplit::kBlank) return false;
  if (split == CsvSplit::kRecord && static_cast<std::int64_t>(record_.bytes) <= spec_->line_bytes_max) {
    take_record();
    batch_->pass_lines(record_.lines);
    window_.pass(record_.bytes);
  } else {
    TRY_VOID(give_up_line(split));
  }
  return true;
}

bool CsvReader::is_null(std::string_view text) const {
  return std::ranges::any_of(spec_->null_values, [&](const std::string& null) { return text == null; });
}

void CsvReader::take_record() {
  std::string_view raw = window_.rest().substr(0, record_.bytes);
  std::size_t wanted = columns_->columns.size();
  if (record_.cells.size() != wanted) {
    return batch_->add_unreadable("found " + std::to_string(record_.cells.size()) +
                                      (record_.cells.size() == 1 ? " cell" : " cells") + ", expected " +
                                      std::to_string(wanted),
                                  raw);
  }
  bool clean = window_.is_text(record_.bytes);
  for (std::size_t c = 0; c < wanted; ++c) {
    const CsvCell& cell = record_.cells[c];
    if (!cell.quoted && is_null(cell.text)) continue;
    const table::ColumnType& type = columns_->columns[c].type;
    std::string_view text = unquoted(cell, spec_->quote, scratch_[c]);
    bool is_text = type.id == TypeId::kString || type.id == TypeId::kJson;
    // Writers that quote everything have no other way to say that a number is missing.
    if (text.empty() && !is_text) continue;
    if (!clean && !is_utf8(text)) {
      return batch_->add_unreadable(
          quoted_column(columns_->columns[c].name) + ": \"" + excerpt(text, kCellShown) + "\" is not UTF-8",
          raw);
    }
    bool fits = read_cell(text, type, columns_->exact[c], batch_->cell(c));
    if (fits && type.id == TypeId::kJson) fits = is_json(text);
    if (!fits) return batch_->add_unreadable(misfit(c, text), raw);
  }
  batch_->add_row(record_.bytes);
}

std::string CsvReader::misfit(std::size_t column, std::string_view text) const {
  const table::ColumnType& type = columns_->columns[column].type;
  std::string reason = quoted_column(columns_->columns[column].name) + ": \"" + excerpt(text, kCellShown) +
                       "\" is not " + with_article(type);
  if (!columns_->exact[column]) return reason;
  double real = 0;
  if (type.id == TypeId::kDouble && parse_double(text).has_value() && !exact_double(text, real)) {
    reason += " that keeps every digit";
  }
  return reason + ", the type of the first records; source.types sets another";
}

// The first line of what should have been a record becomes unreadable.
Result<void> CsvReader::give_up_line(CsvSplit why) {
  std::size_t line = line_bytes(window_.rest());
  while (line == window_.rest().size() && !window_.ended() &&
         static_cast<std::int64_t>(line) <= spec_->line_bytes_max) {
    TRY_VOID(window_.read_more());
    line = line_bytes(window_.rest());
  }
  if (static_cast<std::int64_t>(line) > spec_->line_bytes_max) return give_up_long_line();
  std::string_view text = window_.rest();
  std::string cell = "the quote that opens cell " + std::to_string(record_.cells.size() + 1);
  std::string reason;
  switch (why) {
    case CsvSplit::kStrayQuote:
      reason = "text behind the quote that closes cell " + std::to_string(record_.cells.size() + 1) +
               ", where a delimiter or the line's end was expected";
      break;
    case CsvSplit::kOpenQuote: reason = cell + " is not closed before the end of the file"; break;
    default:
      reason =
          cell + " is not closed within " + bytes_text(spec_->line_bytes_max) + " (source.line_bytes_max)";
      break;
  }
  batch_->add_unreadable(std::move(reason), text.substr(0, line));
  batch_->pass_lines(1);
  window_.pass(line);
  return {};
}

Result<void> CsvReader::give_up_long_line() {
  batch_->add_unreadable(
      "the line is longer than " + bytes_text(spec_->line_bytes_max) + " (source.line_bytes_max)",
      window_.rest().substr(0, 2000));
  for (;;) {
    std::string_view text = window_.rest();
    std::size_t line = line_bytes(text);
    // A "\r" at the very end may be half of "\r\n".
    bool ends = window_.ended() || line < text.size() || text.ends_with('\n');
    if (!ends && text.ends_with('\r')) line = text.size() - 1;
    window_.pass(line);
    if (ends) break;
    TRY_VOID(window_.read_more());
  }
  batch_->pass_lines(1);
  return {};
}

}  // namespace rowcall::files
