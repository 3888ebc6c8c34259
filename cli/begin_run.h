// SPDX-License-Identifier: Apache-2.0
// The start of a run in its run directory: anew, or from where an earlier one stopped.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

#include "ledger/ledger.h"
#include "ledger/run_folder.h"

namespace rowcall::cli {

struct BeginOptions {
  bool fresh = false;           ///< Forget what an earlier run in the same directory has done.
  bool accept_changes = false;  ///< Go on although the job or the source is not what it was.
  bool drop_damaged = false;    ///< Go on without answers that are damaged.
};

/// A ledger, and what it said before anything is done.
struct Begun {
  std::unique_ptr<ledger::Ledger> ledger;
  ledger::RunState state;
};

/// Where the sink of a run keeps what is its own.
std::filesystem::path sink_staging(const ledger::RunFolder& folder);

/// Where there is no run yet, but the sink holds parts of this job with their notes, the run goes on from
/// them. Says on standard error what was found. Fails with kChanged when the job or the source is another
/// one, and names what has changed.
Result<Begun> begin_or_go_on(const ledger::RunFolder& folder, const Job& job,
                             const std::vector<SourceFile>& source, const BeginOptions& options);

}  // namespace rowcall::cli
