// SPDX-License-Identifier: Apache-2.0
// The answers of a retry, put where they belong: into the table of the run, between the rows around them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "files/file_kind.h"
#include "ledger/ledger.h"
#include "ledger/run_folder.h"

namespace rowcall::cli {

/// What a finished retry is made of.
struct FinishedRetry {
  const ledger::RunFolder& folder;     ///< Of the run.
  const ledger::RunFolder& again;      ///< Of the retry.
  const Job& job;                      ///< Of the run, with its sink.
  files::FileKind kind;                ///< Of that sink.
  std::string output;                  ///< The retry's table, in its folder.
  std::vector<std::int64_t> taken_up;  ///< The rows it called, ascending.
};

/// True for sinks that can be written anew: what went to standard output is gone. Its answers of retries stay
/// beside the run.
bool can_be_merged(const Job& job);

/// A table that was written by rowcall, to be read and written again as it stands: cells of text tables are
/// text (CSV) or JSON (NDJSON, JSON), whatever they mean. `columns` are named even if no row has them.
Result<std::unique_ptr<TableSource>> own_table(const std::string& path, const files::FileKind& kind,
                                               const S3Spec& s3,
                                               const std::vector<std::string>& columns = {});

/// Writes the run's table anew with the answers in it, and its failure table without them; then the ledger
/// says so. The old table is there until the new one is whole. May be done again after a kill at any moment.
Result<void> merge_retry(const FinishedRetry& retry, ledger::Ledger& ledger);

}  // namespace rowcall::cli
