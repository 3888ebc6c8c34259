// SPDX-License-Identifier: Apache-2.0
// A quota of the calendar: so many calls from one renewal to the next, as in "200000/day resets 00:00 UTC".
//
// Whose clock tells the hour? The API's, and ours may be off by a little, and a call that leaves just before
// the hour may arrive after it. So a call that is sent or answered near a renewal, within `kMargin` of it,
// counts in both periods; and so does one that was still under way when the new period began. Then the quota
// is kept at an API whose clock differs from ours by no more than the margin.
//
// A decision: no clock, no sleep; calendar time is told by `set_wall`. Belongs to the loop thread of one run.
#pragma once

#include <array>
#include <cstdint>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "policy/strict_limit.h"

namespace rowcall::policy {

/// The last renewal at or before `at`, and the first one after it.
WallTime renewed_at(const Renewal& renewal, WallTime at);
WallTime renewed_after(const Renewal& renewal, WallTime at);

/// The same questions as to a StrictLimit.
class CalendarLimit {
 public:
  static constexpr Duration kMargin = std::chrono::seconds(2);

  explicit CalendarLimit(const RateLimit& limit);

  /// What the calendar says at `now`. First of all, and again from time to time: a clock may be set, and a
  /// machine may sleep. A period that has begun stays begun, wherever the clock is set to.
  void set_wall(WallTime wall, Instant now);

  Instant next(Instant now, std::int64_t weight = 1);
  PermitUse take(Instant now, std::int64_t weight = 1);
  void sent(PermitUse, Instant) {}
  void answered(PermitUse use, Instant at);
  void unanswered(PermitUse use, Instant at) { answered(use, at); }
  /// Nothing left this machine.
  void unsent(PermitUse use);
  /// A send of an earlier run.
  void remember(Instant sent_at, std::int64_t weight = 1);

  /// Nothing more may be sent until then, since the quota is used up; in the past when it is not.
  Instant used_up_until() const { return used_up_until_; }
  std::int64_t permits() const { return permits_; }
  std::int64_t used() const { return periods_[kNow]; }

 private:
  enum { kBefore, kNow, kAhead };

  WallTime wall(Instant now) const { return WallTime(now.time_since_epoch() + offset_); }
  Instant instant(WallTime at) const { return Instant(at.time_since_epoch() - offset_); }
  void begin_periods(WallTime now);
  void ended(PermitUse use);

  std::int64_t permits_;
  Renewal renewal_;
  Duration offset_{};  // of calendar time from the monotonic clock
  bool begun_ = false;
  WallTime begin_{};
  WallTime end_{};
  std::uint32_t period_ = 0;  // its number
  std::array<std::int64_t, 3> periods_{};
  std::int64_t out_ = 0;  // weight of the calls under way
  Instant used_up_until_ = Instant::min();
};

/// The most that was sent from one renewal to the next. Knows nothing of the limit it audits.
class CalendarAudit {
 public:
  explicit CalendarAudit(const Renewal& renewal) : renewal_(renewal) {}
  void add(WallTime sent_at, std::int64_t weight);
  std::int64_t worst() const { return worst_; }
  /// The end of that period.
  WallTime worst_end() const { return worst_end_; }

 private:
  Renewal renewal_;
  WallTime end_ = WallTime::min();
  std::int64_t sum_ = 0;
  std::int64_t worst_ = 0;
  WallTime worst_end_{};
};

}  // namespace rowcall::policy
