// SPDX-License-Identifier: Apache-2.0
// The flags that describe a job, shared by `run`, `plan` and `health`, and the job they make.
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/load.h"

namespace rowcall::cli {

/// What the user wrote. Must outlive the parsing.
struct JobFlags {
  std::vector<std::string> what;  ///< JOB.toml, or the files of the table.
  std::vector<std::string> sets;
  std::string env_file;
  bool no_env_file = false;
  std::vector<settings::FlagText> flags;
  bool quiet = false;
  bool fresh = false;
};

/// Adds JOB.toml or table files, one flag for every setting that has one, --set, --env-file.
void add_job_flags(CLI::App& command, JobFlags& flags);

/// The job of all layers, with the names of .env exported to this process. `needs_source`: a job without
/// a table is an error.
Result<Job> load_job(const JobFlags& flags, bool needs_source);

}  // namespace rowcall::cli
