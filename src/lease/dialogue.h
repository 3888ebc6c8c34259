// SPDX-License-Identifier: Apache-2.0
// What a worker says to who lends permits, and hears from there, as bytes: the half of a LeaseClient that
// does no I/O. One form for each kind of lender, with the same functions.
//
// Belongs to the loop thread of one run.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "rowcall/error.h"

#include "lease/coordinator_dialogue.h"
#include "lease/redis_dialogue.h"
#include "policy/lease_messages.h"
#include "settings/coordinator_url.h"

namespace rowcall::lease {

using Dialogue = std::variant<CoordinatorDialogue, RedisDialogue>;

/// `secret`: the coordinator's, or the password of a Redis whose URL has none. `terms` are the run's own.
Dialogue dialogue_with(const settings::CoordinatorUrl& url, const std::string& secret,
                       const std::vector<policy::LeaseTerms>& terms);

}  // namespace rowcall::lease
