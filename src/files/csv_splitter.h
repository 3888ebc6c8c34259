// SPDX-License-Identifier: Apache-2.0
// One CSV record (RFC 4180) cut out of text: where its cells are and where it ends.
//
// Beyond the RFC: any delimiter and quote; lines end in "\n", "\r\n" or "\r"; a quote inside an unquoted cell
// is a character like any other. Pure apart from the record it fills; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rowcall::files {

/// A cell as it stands in the text, without its quotes.
struct CsvCell {
  std::string_view text;
  bool quoted = false;
  bool doubled = false;  ///< Has doubled quotes inside, which stand for one each.
};

struct CsvRecord {
  std::vector<CsvCell> cells;
  std::size_t bytes = 0;   ///< Of the record, with its line's end.
  std::int64_t lines = 0;  ///< Line ends in these bytes.
};

enum class CsvSplit {
  kRecord,      ///< A whole record.
  kBlank,       ///< An empty line.
  kMore,        ///< The text ends inside the record.
  kStrayQuote,  ///< Text behind a closing quote; `bytes` is up to there.
  kOpenQuote,   ///< The text has come to its end inside quotes.
};

class CsvSplitter {
 public:
  CsvSplitter(char delimiter, char quote) : delimiter_(delimiter), quote_(quote) {}

  /// Splits off the first record of `text`. `whole`: nothing will follow `text`.
  CsvSplit split(std::string_view text, bool whole, CsvRecord& record) const;

 private:
  std::size_t unquoted_end(const char* data, std::size_t from, std::size_t size) const;

  char delimiter_;
  char quote_;
};

/// The length of the first line of `text`, its end included; all of it when it has no end.
std::size_t line_bytes(std::string_view text);

/// `cell` as it was meant: doubled quotes once. Uses `scratch` if something changes.
std::string_view unquoted(const CsvCell& cell, char quote, std::string& scratch);

}  // namespace rowcall::files
