// SPDX-License-Identifier: Apache-2.0
#include "policy/calendar_limit.h"

#include <algorithm>

#include "base/assert.h"

namespace rowcall::policy {

using namespace std::chrono_literals;

namespace {

// A use of a permit: the number of its period, whether it counts in the next one too, and its weight, which
// is below 2^31 (settings).
constexpr PermitUse kAlsoAhead = PermitUse{1} << 31;

PermitUse use_of(std::uint32_t period, bool also_ahead, std::int64_t weight) {
  return static_cast<PermitUse>(period) << 32 | (also_ahead ? kAlsoAhead : 0) |
         static_cast<PermitUse>(weight);
}
std::int64_t weight_of(PermitUse use) {
  return static_cast<std::int64_t>(use & (kAlsoAhead - 1));
}

Duration time_of_day(const Renewal& renewal) {
  return std::chrono::minutes(renewal.minute - renewal.minutes_of_utc);
}

// `days` after the day, or `months` after the first of the month, in which the calendar of the quota is.
WallTime renewal_near(const Renewal& renewal, WallTime at, int later) {
  auto day = std::chrono::floor<std::chrono::days>(at - time_of_day(renewal));
  if (renewal.every == Renewal::Every::kDay) return day + std::chrono::days(later) + time_of_day(renewal);
  std::chrono::year_month_day date(day);
  auto month = date.year() / date.month() + std::chrono::months(later);
  return std::chrono::sys_days(month / 1) + time_of_day(renewal);
}

}  // namespace

// What is left after the time of day was taken off is a day that begins at midnight, so both kinds are a
// matter of whole days.
WallTime renewed_at(const Renewal& renewal, WallTime at) {
  return renewal_near(renewal, at, 0);
}

WallTime renewed_after(const Renewal& renewal, WallTime at) {
  return renewal_near(renewal, at, 1);
}

CalendarLimit::CalendarLimit(const RateLimit& limit) : permits_(limit.calls), renewal_(*limit.renewal) {
  ROWCALL_ASSERT(limit.calls > 0, "settings refuse empty limits");
}

void CalendarLimit::set_wall(WallTime wall, Instant now) {
  offset_ = wall.time_since_epoch() - now.time_since_epoch();
  if (begun_) return;
  begun_ = true;
  begin_ = renewed_at(renewal_, wall);
  end_ = renewed_after(renewal_, wall);
}

void CalendarLimit::begin_periods(WallTime now) {
  ROWCALL_ASSERT(begun_, "nobody has said what day it is");
  while (now >= end_) {
    begin_ = end_;
    end_ = renewed_after(renewal_, begin_);
    ++period_;
    // Whoever was under way at the renewal may be counted on either side of it.
    periods_ = {periods_[kNow], periods_[kAhead] + out_, 0};
  }
}

Instant CalendarLimit::next(Instant now, std::int64_t weight) {
  WallTime here = wall(now);
  begin_periods(here);
  used_up_until_ = Instant::min();
  bool here_full = periods_[kNow] + weight > permits_;
  bool ahead_full = here >= end_ - kMargin && periods_[kAhead] + weight > permits_;
  if (here_full || ahead_full) {
    // With the margin, since the period that is over then was full.
    used_up_until_ = instant(end_ + kMargin);
  } else if (here < begin_ + kMargin && periods_[kBefore] + weight > permits_) {
    used_up_until_ = instant(begin_ + kMargin);
  }
  return std::max(now, used_up_until_);
}

PermitUse CalendarLimit::take(Instant now, std::int64_t weight) {
  WallTime here = wall(now);
  begin_periods(here);
  periods_[kNow] += weight;
  if (here < begin_ + kMargin) periods_[kBefore] += weight;
  bool also_ahead = here >= end_ - kMargin;
  if (also_ahead) periods_[kAhead] += weight;
  out_ += weight;
  return use_of(period_, also_ahead, weight);
}

void CalendarLimit::answered(PermitUse use, Instant at) {
  ended(use);
  bool already = use >> 32 != period_ || (use & kAlsoAhead) != 0;
  if (!already && wall(at) >= end_ - kMargin) periods_[kAhead] += weight_of(use);
}

void CalendarLimit::ended(PermitUse use) {
  out_ -= weight_of(use);
}

void CalendarLimit::unsent(PermitUse use) {
  ended(use);
  // Near a renewal it stays counted on the other side: too few calls rather than too many.
  if (use >> 32 == period_) periods_[kNow] -= weight_of(use);
}

void CalendarLimit::remember(Instant sent_at, std::int64_t weight) {
  WallTime at = wall(sent_at);
  if (at >= begin_ - kMargin) periods_[kNow] += weight;
  if (at < begin_ + kMargin && at >= renewed_at(renewal_, begin_ - 1ns)) periods_[kBefore] += weight;
}

void CalendarAudit::add(WallTime sent_at, std::int64_t weight) {
  if (sent_at >= end_) {
    end_ = renewed_after(renewal_, sent_at);
    sum_ = 0;
  }
  sum_ += weight;
  if (sum_ <= worst_) return;
  worst_ = sum_;
  worst_end_ = end_;
}

}  // namespace rowcall::policy
