// SPDX-License-Identifier: Apache-2.0
// A job as a job file.
#pragma once

#include <string>
#include <string_view>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/places.h"

namespace rowcall::settings {

/// Every setting of `job` that differs from its default, as TOML with a comment on top. Loading the text
/// as a job file gives an equal job, and equal jobs give equal texts: it is what a run directory keeps, and
/// what a job is recognised by. It holds no secrets, because a job holds none.
std::string to_toml(const Job& job);

/// Sets in `job` what the job file with this text sets, and notes the lines in `places`. `file` is what
/// errors call it. Settings are not checked against each other: that is `check`.
Result<void> apply_job_text(std::string_view text, std::string_view file, Job& job, Places& places);

}  // namespace rowcall::settings
