// SPDX-License-Identifier: Apache-2.0
#include "policy/limiter.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace rowcall::policy {

std::vector<RateLimit> limits_in_calls(const LimitSpec& spec) {
  std::vector<RateLimit> limits;
  for (const RateLimit& limit : spec.rate) {
    if (limit.renewal) continue;
    std::int64_t weight = limit.unweighted ? 1 : spec.weight;
    limits.push_back({std::max<std::int64_t>(limit.calls / weight, 1), limit.period});
  }
  return limits;
}

Limiter::Limiter(const LimitSpec& spec, Permits permits, Duration floor_span)
    : floor_(floor_span),
      lent_(permits == Permits::kLent),
      heaviest_(std::numeric_limits<std::int64_t>::max()),
      rate_per_s_(std::numeric_limits<double>::infinity()),
      full_pace_per_s_(rate_per_s_),
      pace_per_s_(rate_per_s_) {
  ROWCALL_ASSERT(spec.rate.size() <= kLimitsMax, "settings refuse more limits");
  Duration shortest = Duration::max();
  for (const RateLimit& limit : spec.rate) {
    unweighted_[limits_.size()] = limit.unweighted;
    can_be_used_up_[limits_.size()] = !limit.renewal && limit.period <= kUsedUpMost;
    if (!limit.unweighted) heaviest_ = std::min(heaviest_, limit.calls);
    // A lent share is small, whatever the whole is: it is always counted by stamps.
    if (limit.renewal) {
      ROWCALL_ASSERT(!lent_, "a coordinator lends no quotas of the calendar");
      limits_.emplace_back(std::in_place_type<CalendarLimit>, limit);
    } else if (limit.calls > kStampsMax && !lent_) {
      limits_.emplace_back(std::in_place_type<BucketLimit>, limit, spec.strict, spec.guard_max);
    } else {
      limits_.emplace_back(std::in_place_type<StrictLimit>, limit, spec.strict, spec.guard_max, &floor_);
      if (lent_) lent(limits_.size() - 1)->set_permits(0);
    }
    double rate = static_cast<double>(limit.calls) / seconds(limit.period);
    double calls_per_s = rate / static_cast<double>(limit.unweighted ? 1 : spec.weight);
    rate_per_s_ = std::min(rate_per_s_, calls_per_s);
    // A quota of the calendar sets no pace: it is there to be used at once, unless another limit forbids it.
    if (!limit.renewal && limit.period < shortest) {
      shortest = limit.period;
      pace_limit_ = limits_.size() - 1;
      pace_calls_ = limit.calls;
      full_pace_per_s_ = calls_per_s;
      interval_ = from_seconds(1 / (rate * kPaceAhead));
    }
  }
}

Instant Limiter::next(Instant now, std::int64_t weight) {
  Instant earliest = now;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::int64_t permits = weight_for(i, weight);
    earliest = std::max(earliest, std::visit([&](auto& l) { return l.next(now, permits); }, limits_[i]));
  }
  if (lent_) look_at_lease(earliest > now, now);
  if (turn_) earliest = std::max(earliest, due() - (lent_ ? kCatchUpLent : kCatchUp));
  return lent_ ? under_lease(earliest, now) : earliest;
}

void Limiter::look_at_lease(bool used_up, Instant now) {
  std::int64_t permits = lent(pace_limit_)->permits();
  if (lent_permits_ > 0) lent_anew_ += std::max<std::int64_t>(0, permits - lent_permits_);
  if (used_up) lent_anew_ = 0;  // one has to be waited for, so the new ones are in use, too
  lent_permits_ = permits;
  if (permits >= lent_before_ || now >= lent_before_until_) lent_before_ = permits;
  if (permits == lent_before_) lent_before_until_ = now + lent(pace_limit_)->horizon();
}

Instant Limiter::under_lease(Instant earliest, Instant now) {
  // Whoever brings a lease wakes those who wait; to look often would be for nothing.
  if (now >= sends_end_ || lent_permits_ == 0) earliest = std::max(earliest, now + kLookAgain);
  if (earliest > now && !blocked_since_) {
    blocked_since_ = now;
  } else if (earliest <= now && blocked_since_) {
    blocked_ += now - *blocked_since_;
    blocked_since_.reset();
  }
  return earliest;
}

Instant Limiter::due() const {
  double permits = static_cast<double>(last_weight_);
  return *turn_ + std::max(from_seconds(permits * seconds(interval()) / pace_share_), pace_interval_);
}

// A share of the permits is used at that share of the pace.
Duration Limiter::interval() const {
  if (!lent_ || limits_.empty() || lent_anew_ > 0) return interval_;
  return from_seconds(seconds(interval_) * static_cast<double>(pace_calls_) /
                      static_cast<double>(std::max<std::int64_t>(lent_before_, 1)));
}

bool Limiter::hungry(Instant now) const {
  if (hunger_since_ == Instant{}) return true;  // nobody begins without something to send
  Duration blocked = blocked_;
  if (blocked_since_) blocked += now - *blocked_since_;
  return seconds(blocked) >= kHungryShare * seconds(now - hunger_since_);
}

void Limiter::forget_hunger(Instant now) {
  hunger_since_ = now;
  blocked_ = Duration(0);
  if (blocked_since_) blocked_since_ = now;
}

void Limiter::set_pace_share(double share) {
  ROWCALL_ASSERT(share > 0 && share <= 1, "a pace share of zero would hold the run for ever");
  pace_share_ = share;
}

void Limiter::set_pace(double per_s) {
  ROWCALL_ASSERT(per_s > 0, "a pace of nothing would hold the run for ever");
  if (per_s == pace_per_s_) return;
  pace_per_s_ = per_s;
  pace_interval_ = from_seconds(1 / per_s);
}

Permit Limiter::take(Instant now, std::int64_t weight) {
  Permit permit;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::int64_t permits = weight_for(i, weight);
    permit.uses[i] = std::visit([&](auto& l) { return l.take(now, permits); }, limits_[i]);
  }
  if (interval_ > Duration(0) || pace_interval_ > Duration(0)) turn_ = turn_ ? std::max(due(), now) : now;
  last_weight_ = weight_for(pace_limit_, weight);
  lent_anew_ = std::max<std::int64_t>(0, lent_anew_ - last_weight_);
  return permit;
}

void Limiter::sent(const Permit& permit, Instant at) {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::visit([&](auto& l) { l.sent(permit.uses[i], at); }, limits_[i]);
  }
}

void Limiter::answered(const Permit& permit, Instant sent_at, Instant at) {
  floor_.record(at - sent_at, at);
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::visit([&](auto& l) { l.answered(permit.uses[i], at); }, limits_[i]);
  }
}

void Limiter::unanswered(const Permit& permit, Instant at) {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::visit([&](auto& l) { l.unanswered(permit.uses[i], at); }, limits_[i]);
  }
}

void Limiter::unsent(const Permit& permit) {
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::visit([&](auto& l) { l.unsent(permit.uses[i]); }, limits_[i]);
  }
}

void Limiter::remember(Instant sent_at, std::int64_t weight) {
  if (lent_) return;  // the coordinator knows of it
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    std::int64_t permits = weight_for(i, weight);
    std::visit([&](auto& l) { l.remember(sent_at, permits); }, limits_[i]);
  }
}

void Limiter::use_up(Instant at) {
  if (lent_) return;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    if (can_be_used_up_[i]) std::visit([&](auto& l) { l.remember(at, l.permits()); }, limits_[i]);
  }
}

void Limiter::set_wall(WallTime wall, Instant now) {
  for (auto& limit : limits_) {
    if (auto* calendar = std::get_if<CalendarLimit>(&limit)) calendar->set_wall(wall, now);
  }
}

Instant Limiter::used_up_until() const {
  Instant until = Instant::min();
  for (const auto& limit : limits_) {
    if (const auto* calendar = std::get_if<CalendarLimit>(&limit))
      until = std::max(until, calendar->used_up_until());
  }
  return until;
}

}  // namespace rowcall::policy
