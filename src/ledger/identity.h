// SPDX-License-Identifier: Apache-2.0
// What a run is about: it must be the same when it is gone on with.
//
// Plain data; any thread.
#pragma once

#include <string>
#include <vector>

#include "rowcall/table.h"

namespace rowcall::ledger {

struct Identity {
  std::string run_id;              ///< Names the run in Idempotency-Keys.
  std::string job;                 ///< As TOML, without secrets.
  std::vector<SourceFile> source;  ///< As it was when the run began.
};

/// A new name for a run: 122 random bits as a UUID.
std::string new_run_id();

/// What differs between the source as it was and as it is, one file a line; "" if nothing does.
std::string source_change(const std::vector<SourceFile>& before, const std::vector<SourceFile>& now);

}  // namespace rowcall::ledger
