// SPDX-License-Identifier: Apache-2.0
// For the tests of sources: dirty files, and a source read to its end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/sinks_for_tests.h"

namespace rowcall::files {

/// Writes a file, making folders as needed; gives its path.
std::string put(const TestFolder& folder, const std::string& name, std::string_view content);

/// All that a source gave.
struct ReadTable {
  std::string columns;                ///< "a: int64\nb: string\n"
  std::vector<std::string> rows;      ///< As JSON objects.
  std::vector<std::int64_t> numbers;  ///< Of the rows, over the whole source.
  std::vector<UnreadableRow> unreadable;
  std::vector<SourcePosition> positions;  ///< Of the batches.
  std::vector<std::string> files;         ///< Of the batches.
  SourceInfo info;
  Error error;  ///< What it ended with; no text if all went well.
  bool failed = false;
};

/// Opens and reads a source to its end, from `from` on if its file is not negative. Checks that numbers go on
/// without a gap, and that an error comes again.
ReadTable read_table(const SourceSpec& spec, SourcePosition from = {0, -1, 0, -1});
ReadTable read_table(const std::string& path);

/// `text` packed as gzip or zstd, in one piece.
std::string packed_text(std::string_view text, Compression compression);

}  // namespace rowcall::files
