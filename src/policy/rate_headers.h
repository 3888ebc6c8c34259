// SPDX-License-Identifier: Apache-2.0
// What an answer says of the caller's quota, in the dialects that are in use:
//
//   RateLimit: "default";r=50;t=30        RateLimit-Policy: "default";q=100;w=60   (IETF draft 8 and later)
//   RateLimit: limit=100, remaining=50, reset=5                                    (draft 7)
//   RateLimit-Limit: 100, 100;w=60   RateLimit-Remaining: 50   RateLimit-Reset: 5  (drafts up to 6)
//   X-RateLimit-Limit, -Remaining, -Reset   the reset in seconds, as a time since 1970, or as a date
//   X-Rate-Limit-...; X-RateLimit-Reset-After: 1.25; X-RateLimit-Remaining-Minute: 3;
//   x-ratelimit-remaining-requests: 59, x-ratelimit-reset-requests: 6m0s (and -tokens)
//
// What is malformed is ignored, as the draft asks. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/time.h"

namespace rowcall::policy {

/// One quota of the caller. Every part may be missing.
struct Quota {
  std::string name;                       ///< As the headers tell quotas apart; often empty.
  std::optional<std::int64_t> limit;      ///< Calls in a window,
  std::optional<Duration> window;         ///< that long.
  std::optional<std::int64_t> remaining;  ///< Calls left,
  std::optional<Duration> reset;          ///< until more are there, from the answer on.
  bool whole_seconds = false;             ///< `reset` is rounded to whole seconds.
  bool of_calls = true;                   ///< False: it counts something else, such as tokens or bytes.
};

/// `lines` is Reply::rate_headers, `date` the Date header (for resets given as a time).
std::vector<Quota> read_rate_headers(std::string_view lines, std::string_view date);

}  // namespace rowcall::policy
