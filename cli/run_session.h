// SPDX-License-Identifier: Apache-2.0
// One run of the command line: run directory, tables, telemetry and signals around the engine's `run`.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/run.h"
#include "rowcall/table.h"

#include "cli/begin_run.h"
#include "cli/command.h"
#include "cli/watchers.h"
#include "ledger/run_folder.h"
#include "telemetry/telemetry.h"

namespace rowcall::cli {

struct SessionOptions {
  bool quiet = false;
  WatchOptions watch;
  bool keep_answers = true;  ///< false: only parts are noted, to see what the ledger costs.
  std::string only;          ///< `retry`: rows of this class only; empty: all.
  BeginOptions begin;
};

/// Carries out a job in its run directory, from the start or from where it stopped. Prints the closing
/// text; errors before the run are returned.
Result<Exit> run_job(Job job, const SessionOptions& options);

/// Calls the failed rows of a finished run again, into a table of their own beside it.
Result<Exit> retry_failed(const std::filesystem::path& directory, const SessionOptions& options);

/// runs/NAME unless the job says otherwise.
std::filesystem::path run_directory(const Job& job);

/// The exit code for a report.
Exit exit_for(const Report& report);

}  // namespace rowcall::cli
