// SPDX-License-Identifier: Apache-2.0
// How far a run has come, as RUN/state.json: what a later run needs to go on part by part.
//
// Plain data; any thread. The file is described in docs/run-directory.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/report.h"
#include "rowcall/run.h"
#include "rowcall/table.h"

namespace rowcall::ledger {

struct RunState {
  std::string run_id;              ///< Names the run in Idempotency-Keys.
  std::string job;                 ///< The frozen job's text.
  std::vector<SourceFile> source;  ///< What the source was when the run began.
  bool complete = false;           ///< The sink is finished.
  Commit commit;                   ///< The last part, and what was done when it was published.

  std::string text() const;
  /// `place` names the file in errors.
  static Result<RunState> parse(std::string_view text, const std::string& place);
};

/// A new name for a run: 122 random bits as a UUID.
std::string new_run_id();

/// What differs between the source of a state and that of today, in words; "" if nothing does.
std::string source_change(const std::vector<SourceFile>& before, const std::vector<SourceFile>& now);

}  // namespace rowcall::ledger
