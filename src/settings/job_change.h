// SPDX-License-Identifier: Apache-2.0
// What a job file says now that it did not say when a run began.
//
// Pure; any thread.
#pragma once

#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

namespace rowcall::settings {

/// What a changed setting means for a run that has begun.
enum class Weight {
  kPace,  ///< How fast, how patient, how it is told: the table is the same. Limits, retries, timeouts, logs,
          ///< keys.
  kContent,  ///< What is asked, of which rows: rows from now on may come out otherwise than those before.
  kShape,    ///< What the table looks like and where it is: its parts would not fit together.
};

struct Change {
  std::string key;     ///< "limits.rate"
  std::string before;  ///< As in a job file.
  std::string now;
  Weight weight = Weight::kContent;

  std::string text() const { return key + " was " + before + " and is " + now; }
};

/// Every setting in which two jobs differ, in the order of the reference; but for the run directory, which
/// may have been moved, or lost.
std::vector<Change> changes(const Job& before, const Job& now);

/// The job that a text of `to_toml` was made from; `file` names it in errors.
Result<Job> job_of_toml(const std::string& text, const std::string& file);

}  // namespace rowcall::settings
