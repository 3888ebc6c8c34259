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

namespace rowcall::mapping {

/// The value behind "env:NAME" or "file:PATH" (one final line break is dropped). Fails when there is none,
/// or it could not stand in a header; the error names the setting, never the value.
Result<std::string> fetch_secret(const SecretRef& secret, std::string_view setting);

/// All secret values of a job: those of [auth] and of headers. For masking them wherever they might show.
Result<std::vector<std::string>> secrets_of(const Job& job);

/// What stands in the place of a secret.
inline constexpr std::string_view kMask = "********";

}  // namespace rowcall::mapping
