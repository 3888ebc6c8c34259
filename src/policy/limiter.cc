// SPDX-License-Identifier: Apache-2.0
#include "policy/limiter.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace rowcall::policy {

Limiter::Limiter(const LimitSpec& spec, Permits permits)
    : lent_(permits == Permits::kLent),
      rate_per_s_(std::numeric_limits<double>::infinity()),
      pace_per_s_(rate_per_s_) {
  ROWCALL_ASSERT(spec.rate.size() <= kLimitsMax, "settings refuse more limits");
  Duration shortest = Duration::max();
  for (const RateLimit& limit : spec.rate) {
    // A lent share is small, whatever the whole is: it is always counted by stamps.
    if (limit.calls > kStampsMax && !lent_) {
      limits_.emplace_back(std::in_place_type<BucketLimit>, limit, spec.strict, spec.guard_max);
    } else {
      limits_.emplace_back(std::in_place_type<StrictLimit>, limit, spec.strict, spec.guard_max, &floor_);
      if (lent_) lent(limits_.size() - 1)->set_permits(0);
    }
    double rate = static_cast<double>(limit.calls) / seconds(limit.period);
    rate_per_s_ = std::min(rate_per_s_, rate);
    if (limit.period < shortest) {
      shortest = limit.period;
      pace_limit_ = limits_.size() - 1;
      pace_calls_ = limit.calls;
      interval_ = from_seconds(1 / (rate * kPaceAhead));
    }
  }
}

Instant Limiter::next(Instant now) {
  Instant earliest = now;
  for (auto& limit : limits_) {
    earliest = std::max(earliest, std::visit([&](auto& l) { return l.next(now); }, limit));
  }
  if (turn_) earliest = std::max(earliest, due() - kCatchUp);
  if (lent_) {
    // Whoever brings a lease wakes those who wait; to look often would be for nothing.
    if (now >= sends_end_ || lent(pace_limit_)->permits() == 0)
      earliest = std::max(earliest, now + kLookAgain);
    if (earliest > now && !blocked_since_) {
      blocked_since_ = now;
    } else if (earliest <= now && blocked_since_) {
      blocked_ += now - *blocked_since_;
      blocked_since_.reset();
    }
  }
  return earliest;
}

Instant Limiter::due() const {
  return *turn_ + std::max(from_seconds(seconds(interval()) / pace_share_), pace_interval_);
}

// A share of the permits is used at that share of the pace.
Duration Limiter::interval() const {
  if (!lent_ || limits_.empty()) return interval_;
  std::int64_t permits = std::get<StrictLimit>(limits_[pace_limit_]).permits();
  return from_seconds(seconds(interval_) * static_cast<double>(pace_calls_) /
                      static_cast<double>(std::max<std::int64_t>(permits, 1)));
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

Permit Limiter::take(Instant now) {
  Permit permit;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    permit.uses[i] = std::visit([&](auto& l) { return l.take(now); }, limits_[i]);
  }
  if (interval_ > Duration(0) || pace_interval_ > Duration(0)) turn_ = turn_ ? std::max(due(), now) : now;
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

void Limiter::remember(Instant sent_at) {
  if (lent_) return;  // the coordinator knows of it
  for (auto& limit : limits_) {
    std::visit([&](auto& l) { l.remember(sent_at); }, limit);
  }
}

}  // namespace rowcall::policy
