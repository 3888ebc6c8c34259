// SPDX-License-Identifier: Apache-2.0
// What a worker makes of bytes that have come from who lends permits. Plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"

#include "lease/wire.h"
#include "policy/lease_messages.h"

namespace rowcall::lease {

struct Heard {
  std::string answer;  ///< To be sent at once.
  /// Both know who the other is, and these are its terms: reports may follow.
  std::optional<std::vector<policy::LeaseTerms>> terms;
  std::vector<Grants> grants;    ///< In the order in which they came.
  std::optional<Error> refused;  ///< Trying again is no use.
  std::string trouble;           ///< Why this connection is no good any more; empty: it is.
};

}  // namespace rowcall::lease
