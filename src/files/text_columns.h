// SPDX-License-Identifier: Apache-2.0
// The columns of a text source, and where their types come from.
//
// Plain data; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "table/schema.h"

namespace rowcall::files {

struct TextColumns {
  std::vector<table::Column> columns;
  std::vector<bool> exact;  ///< The type was found from a sample; see `read_cell`.

  void add(std::string name, table::ColumnType type, bool found);
};

/// The type that `source.types` declares for each of `names`, if any. Fails when a type is not known. A
/// declared name that is not among `names` is an error too, unless `may_be_new`.
Result<std::vector<std::optional<table::ColumnType>>> declared_types(const SourceSpec& spec,
                                                                     const std::vector<std::string>& names,
                                                                     bool may_be_new);

/// What a text file's beginning tells of the rest.
struct TextSample {
  std::int64_t records = 0;
  std::int64_t bytes = 0;       ///< Of these records, unpacked.
  std::int64_t file_bytes = 0;  ///< What had to be read of the file for all that was read.
  std::int64_t bytes_read = 0;  ///< The same, unpacked.
  bool whole = false;           ///< There is nothing behind the sample.
};

/// How many records a file of `bytes` has, judging by a sample; -1 if that cannot be said.
std::int64_t estimated_rows(const TextSample& sample, std::int64_t bytes);

/// `column "x"`, for reasons.
std::string quoted_column(const std::string& name);

/// The most bytes that a sample looks at.
inline constexpr std::size_t kSampleBytes = 8 << 20;

}  // namespace rowcall::files
