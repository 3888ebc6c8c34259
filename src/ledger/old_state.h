// SPDX-License-Identifier: Apache-2.0
// RUN/state.json, which run directories had before the ledger: it is taken over into one.
//
// Plain data; any thread.
#pragma once

#include <string>
#include <string_view>

#include "rowcall/error.h"

#include "ledger/ledger.h"

namespace rowcall::ledger {

/// What such a file says; `place` names it in errors.
Result<RunState> parse_old_state(std::string_view text, const std::string& place);

}  // namespace rowcall::ledger
