// SPDX-License-Identifier: Apache-2.0
// May one attempt be sent now? All limits of a job at once, and even pacing.
//
// An attempt needs a permit from every limit. Sends are spread evenly at 1.05 times the rate of the limit
// with the shortest period, and may catch up at most 2 ms: a little faster than the limit, so that the
// limit binds and not the pacer, and time lost to a late wake-up is not lost for good.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "policy/bucket_limit.h"
#include "policy/strict_limit.h"

namespace rowcall::policy {

/// Limits that can hold at once. Settings refuse more.
inline constexpr std::size_t kLimitsMax = 4;

/// The right to send one attempt: one use of a permit of every limit.
struct Permit {
  std::array<PermitUse, kLimitsMax> uses{};
};

class Limiter {
 public:
  static constexpr double kPaceAhead = 1.05;
  static constexpr Duration kCatchUp = std::chrono::milliseconds(2);
  /// A limit with more permits than this is kept in buckets instead of stamps.
  static constexpr std::int64_t kStampsMax = 200'000;

  explicit Limiter(const LimitSpec& spec);
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  /// The earliest time at which `take` may be called: not later than `now` if it may be called now.
  Instant next(Instant now);
  /// Only when `next(now) <= now`.
  Permit take(Instant now);
  void sent(const Permit& permit, Instant at);
  void answered(const Permit& permit, Instant sent_at, Instant at);
  void unsent(const Permit& permit);
  /// Accounts for a send of an earlier run.
  void remember(Instant sent_at);

  /// Slows the pace to this share of the configured one, in (0, 1]; the strict limits stay as they are.
  void set_pace_share(double share) { pace_share_ = share; }
  double pace_share() const { return pace_share_; }

  bool unlimited() const { return limits_.empty(); }
  /// Calls per second that all limits together allow in the long run; infinity when unlimited.
  double rate_per_s() const { return rate_per_s_; }
  Duration round_trip_floor() const { return floor_.floor(); }

 private:
  RoundTripFloor floor_;
  std::vector<std::variant<StrictLimit, BucketLimit>> limits_;
  double rate_per_s_;
  Duration interval_{};  // between two sends at full pace; zero when unlimited
  Instant due_{};        // when the next send is due at an even pace
  double pace_share_ = 1;
};

}  // namespace rowcall::policy
