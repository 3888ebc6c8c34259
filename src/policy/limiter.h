// SPDX-License-Identifier: Apache-2.0
// May one attempt be sent now? All limits of a job at once, and even pacing.
//
// An attempt needs permits from every limit, as many as it weighs. Sends are spread evenly at 1.05 times the
// rate of the limit with the shortest period, and may catch up at most 2 ms: a little faster than the limit,
// so that the limit binds and not the pacer, and time lost to a late wake-up is not lost for good. Of lent
// permits a share is held, and used at that share of the pace. What comes on top of it was another's a moment
// ago, and idle since: it is used at the pace of the whole limit. When the share shrinks, the pace stays for
// a period more: what was used at that pace cools at that pace, and would be idle.
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
#include "policy/calendar_limit.h"
#include "policy/strict_limit.h"

namespace rowcall::policy {

/// Limits that can hold at once. Settings refuse more.
inline constexpr std::size_t kLimitsMax = 4;

/// The right to send one attempt: one use of permits of every limit.
struct Permit {
  std::array<PermitUse, kLimitsMax> uses{};
};

/// The limits in calls of the usual weight, for estimates. Quotas of the calendar are left out: how much of
/// one is left, and how soon the next begins, only a run knows.
std::vector<RateLimit> limits_in_calls(const LimitSpec& spec);

class Limiter {
 public:
  static constexpr double kPaceAhead = 1.05;
  static constexpr Duration kCatchUp = std::chrono::milliseconds(2);
  static constexpr Duration kCatchUpLent = std::chrono::milliseconds(4);  ///< Its loop has longer ticks.
  /// A limit with more permits than this is kept in buckets instead of stamps.
  static constexpr std::int64_t kStampsMax = 200'000;

  /// Whoever has lost a machine can wait for a minute.
  static constexpr Duration kUsedUpMost = std::chrono::minutes(1);

  /// Whose permits they are. Lent ones come from a coordinator: each limit begins with none, and a
  /// LeaseWorker says how many there are.
  enum class Permits { kOwn, kLent };

  /// `floor_span`: how long the fastest round trip is remembered; only tests have another.
  explicit Limiter(const LimitSpec& spec, Permits permits = Permits::kOwn,
                   Duration floor_span = RoundTripFloor::kSpan);
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  /// The earliest time at which `take` may be called: not later than `now` if it may be called now.
  Instant next(Instant now, std::int64_t weight = 1);
  /// Only when `next(now, weight) <= now`, and a weight that `fits`.
  Permit take(Instant now, std::int64_t weight = 1);
  /// False when there is a limit that a call of this weight could never keep.
  bool fits(std::int64_t weight) const { return weight <= heaviest_; }
  /// The request was written. `at` is read after the write, and is never before an earlier `at`.
  void sent(const Permit& permit, Instant at);
  /// The answer to a sent request is complete.
  void answered(const Permit& permit, Instant sent_at, Instant at);
  /// A sent request gets no answer: it timed out, its connection was lost, it was cancelled. Not the same
  /// as an answer at `at`: a connection lost at once would look like a very fast round trip.
  void unanswered(const Permit& permit, Instant at);
  /// Nothing left this machine. The permit is free at once; its turn in the pace has passed.
  void unsent(const Permit& permit);
  /// Accounts for a send of an earlier run. With kProof, pass the time of its answer, or for a call without
  /// one the time at which that run had certainly ended. For lent permits the coordinator remembers.
  void remember(Instant sent_at, std::int64_t weight = 1);
  /// An earlier run may have sent whatever was allowed until `at`, and nobody knows what: limits of at most
  /// `kUsedUpMost` are full at that moment. Longer ones would hold a run for hours, mostly for nothing.
  void use_up(Instant at);
  /// What the calendar says at `now`, for limits that are renewed by it (calendar_limit.h).
  void set_wall(WallTime wall, Instant now);
  /// A quota of the calendar is used up until then; in the past when none is.
  Instant used_up_until() const;

  /// Slows the pace to this share of the configured one, in (0, 1], from the next question on; the strict
  /// limits stay as they are. Without a limit there is no pace to slow.
  void set_pace_share(double share);
  double pace_share() const { return pace_share_; }
  /// Sends are at least 1 / `per_s` apart, from the next question on: a pace below the limits, found by the
  /// adaptive control. Infinity: none. Works without a limit too.
  void set_pace(double per_s);

  /// With lent permits only: one limit of the spec, for its LeaseWorker.
  StrictLimit* lent(std::size_t limit) { return &std::get<StrictLimit>(limits_[limit]); }
  /// With lent permits only: nothing is sent from here on.
  void set_sends_end(Instant at) { sends_end_ = at; }
  /// With lent permits: there is no lease to send under.
  bool lease_over(Instant now) const { return lent_ && now >= sends_end_; }
  /// Whether calls have waited for permits nearly all the time since `forget_hunger`.
  bool hungry(Instant now) const;
  void forget_hunger(Instant now);

  bool unlimited() const { return limits_.empty(); }
  /// Calls a second that all limits together allow in the long run; infinity when unlimited. Of calls that
  /// weigh `LimitSpec::weight`.
  double rate_per_s() const { return rate_per_s_; }
  /// Calls a second that the limit with the shortest period allows: what is sent while no longer one binds,
  /// and what the API has to bear. Infinity when there is none but those of the calendar.
  double pace_per_s() const { return full_pace_per_s_; }
  Duration round_trip_floor() const { return floor_.floor(); }

 private:
  Instant due() const;
  std::int64_t weight_for(std::size_t limit, std::int64_t weight) const {
    return unweighted_[limit] ? 1 : weight;
  }
  Duration interval() const;
  void look_at_lease(bool used_up, Instant now);
  Instant under_lease(Instant earliest, Instant now);

  static constexpr Duration kLookAgain = std::chrono::milliseconds(50);  // without a lease
  static constexpr double kHungryShare = 0.9;

  RoundTripFloor floor_;
  bool lent_;
  Instant sends_end_ = Instant::min();  // of lent permits
  std::optional<Instant> blocked_since_;
  Duration blocked_{};             // since hunger_since_
  std::int64_t lent_permits_ = 0;  // of the limit that sets the pace, when last looked at...
  std::int64_t lent_anew_ = 0;     // ...those that came on top, until they are used...
  std::int64_t lent_before_ = 0;   // ...and the most of the last period
  Instant lent_before_until_{};
  Instant hunger_since_{};
  std::size_t pace_limit_ = 0;   // the one with the shortest period...
  std::int64_t pace_calls_ = 0;  // ...and its calls
  std::vector<std::variant<StrictLimit, BucketLimit, CalendarLimit>> limits_;
  std::array<bool, kLimitsMax> unweighted_{};
  std::array<bool, kLimitsMax> can_be_used_up_{};  // see `use_up`
  std::int64_t heaviest_;
  double rate_per_s_;
  double full_pace_per_s_;
  Duration interval_{};           // of a permit at full pace, with all permits; zero when unlimited
  std::int64_t last_weight_ = 1;  // of the last send, in the limit that sets the pace
  std::optional<Instant> turn_;   // when the last send was due, or was made if that was later
  double pace_share_ = 1;
  double pace_per_s_;
  Duration pace_interval_{};  // between two sends at that pace; zero when there is none
};

}  // namespace rowcall::policy
