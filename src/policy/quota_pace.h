// SPDX-License-Identifier: Apache-2.0
// The pace that rate headers ask for. They can only slow a run down, never let it exceed its limits.
//
// - A quota of at most ten seconds is a rate: the pace is at most that.
// - What is left of a quota that is renewed within a minute is spread over the time until then, if that is
//   slower than the present pace.
// - When nothing is left of any quota, everyone waits until it is renewed. Calls in flight are counted as
//   gone: the answer that said what is left did not know them.
//
// Resets in whole seconds say nothing about the next second: a quota per second is empty at the end of every
// second of a run that is at its limit, and to wait a whole one each time would halve its rate.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "rowcall/time.h"

#include "policy/rate_headers.h"

namespace rowcall::policy {

class QuotaPace {
 public:
  static constexpr double kNoPace = std::numeric_limits<double>::infinity();

  /// A reset further away than `wait_max` is cut to it.
  explicit QuotaPace(Duration wait_max) : wait_max_(wait_max) {}

  /// An answer spoke of quotas while `in_flight` further calls were out. `present` is the pace of the run.
  void heard(std::span<const Quota> quotas, int in_flight, double present, Instant now);
  void sent() {
    if (left_ > 0) --left_;
  }

  /// Calls a second; kNoPace: the headers ask for nothing.
  double per_s(Instant now) const;
  /// Nothing may be sent before this; in the past when something may.
  Instant held_until() const { return left_ <= 0 ? empty_until_ : Instant::min(); }
  /// Worth hearing every answer: few calls are left.
  bool near_end() const { return left_ < 500; }

 private:
  static constexpr Duration kRateWindow = std::chrono::seconds(10);
  static constexpr Duration kSpreadMost = std::chrono::seconds(61);
  static constexpr Duration kCoarse = std::chrono::seconds(2);
  static constexpr double kSlower = 0.8;  // of the present pace: below that it is worth spreading

  Duration wait_max_;
  double rate_ = kNoPace;
  double spread_ = kNoPace;
  Instant spread_until_ = Instant::min();
  std::int64_t left_ = std::numeric_limits<std::int64_t>::max();
  Instant empty_until_ = Instant::min();
};

}  // namespace rowcall::policy
