// SPDX-License-Identifier: Apache-2.0
// Retry-After for everyone: when half of the answers say "too fast, come back later", all calls wait, not
// only the ones that were told. The answers of the last 200 ms count, or the last four if those are more:
// a slow job has no four in 200 ms.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "rowcall/outcome.h"
#include "rowcall/time.h"

namespace rowcall::policy {

class Throttle {
 public:
  /// An attempt ended; `retry_after` is what its answer asked for, if it was throttled.
  void record(OutcomeClass outcome, Instant sent_at, Instant now, std::optional<Duration> retry_after);

  /// Nothing may be sent before this time; in the past when all is well.
  Instant held_until() const { return held_until_; }

 private:
  static constexpr Duration kWindow = std::chrono::milliseconds(200);
  static constexpr std::size_t kResultsMin = 4;

  struct Result {
    Instant at;
    bool throttled;
  };
  std::deque<Result> results_;
  std::size_t throttled_ = 0;  // of `results_`
  Instant held_until_{};
};

}  // namespace rowcall::policy
