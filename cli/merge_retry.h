// SPDX-License-Identifier: Apache-2.0
// The answers of a retry, put where they belong: into the table of the run, between the rows around them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "ledger/ledger.h"
#include "ledger/run_folder.h"

namespace rowcall::cli {

/// What a finished retry is made of.
struct FinishedRetry {
  const ledger::RunFolder& folder;     ///< Of the run.
  const ledger::RunFolder& again;      ///< Of the retry.
  const Job& job;                      ///< Of the run, with its sink.
  std::string output;                  ///< The retry's table, in its folder.
  std::vector<std::int64_t> taken_up;  ///< The rows it called, ascending.
};

/// True for sinks that can be merged into: Parquet. Others keep the answers of retries beside them.
bool can_be_merged(const Job& job, FileFormat format);

/// Writes the run's table anew with the answers in it, and its failure table without them; then the ledger
/// says so. The old table is there until the new one is whole. May be done again after a kill at any moment.
Result<void> merge_retry(const FinishedRetry& retry, ledger::Ledger& ledger);

}  // namespace rowcall::cli
