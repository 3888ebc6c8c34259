// SPDX-License-Identifier: Apache-2.0
// Is a job whole and free of contradictions? What one setting alone cannot tell.
//
// Pure; any thread.
#pragma once

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/places.h"

namespace rowcall::settings {

/// What the host brings itself.
struct Brought {
  bool source = false;  ///< The table comes from the host: source.path may be empty.
};

/// Checks every setting of a job, and all of them together. The first thing that is wrong is the error;
/// its place is the setting that has to change.
Result<void> check(const Job& job, const Places& places = {}, Brought brought = {});

}  // namespace rowcall::settings
