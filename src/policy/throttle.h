// SPDX-License-Identifier: Apache-2.0
// Retry-After for everyone: when most answers say "too fast, come back later", all calls wait, not only
// the ones that were told.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

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
  static constexpr int kResultsMin = 4;

  struct Result {
    Instant at;
    bool throttled;
  };
  std::deque<Result> results_;
  int throttled_ = 0;
  Instant held_until_{};
};

}  // namespace rowcall::policy
