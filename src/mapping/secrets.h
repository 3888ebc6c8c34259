// SPDX-License-Identifier: Apache-2.0
// Secret values: fetched when a run starts, masked wherever a user looks.
//
// Any thread; nothing is kept here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/run.h"

namespace rowcall::mapping {

/// The value behind "env:NAME" or "file:PATH" (one final line break is dropped). Fails when there is none,
/// or it could not stand in a header; the error names the setting, never the value.
Result<std::string> fetch_secret(const SecretRef& secret, std::string_view setting);

/// Whom the job's limits.coordinator says to share the limits with, secrets in their places; empty when
/// with nobody. A Redis without a key in its URL gets the API's host as the key.
Result<Cluster> cluster_of(const Job& job);

/// All secret values of a job: those of [auth], of headers and of the coordinator. For masking them wherever
/// they might show.
Result<std::vector<std::string>> secrets_of(const Job& job);

/// What stands in the place of a secret.
inline constexpr std::string_view kMask = "********";

}  // namespace rowcall::mapping
