// SPDX-License-Identifier: Apache-2.0
#include "policy/limiter.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"

namespace rowcall::policy {

Limiter::Limiter(const LimitSpec& spec) : rate_per_s_(std::numeric_limits<double>::infinity()) {
  ROWCALL_ASSERT(spec.rate.size() <= kLimitsMax, "settings refuse more limits");
  Duration shortest = Duration::max();
  for (const RateLimit& limit : spec.rate) {
    if (limit.calls > kStampsMax) {
      limits_.emplace_back(std::in_place_type<BucketLimit>, limit, spec.strict, spec.guard_max);
    } else {
      limits_.emplace_back(std::in_place_type<StrictLimit>, limit, spec.strict, spec.guard_max, &floor_);
    }
    double rate = static_cast<double>(limit.calls) / seconds(limit.period);
    rate_per_s_ = std::min(rate_per_s_, rate);
    if (limit.period < shortest) {
      shortest = limit.period;
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
  return earliest;
}

Instant Limiter::due() const {
  return *turn_ + from_seconds(seconds(interval_) / pace_share_);
}

void Limiter::set_pace_share(double share) {
  ROWCALL_ASSERT(share > 0 && share <= 1, "a pace share of zero would hold the run for ever");
  pace_share_ = share;
}

Permit Limiter::take(Instant now) {
  Permit permit;
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    permit.uses[i] = std::visit([&](auto& l) { return l.take(now); }, limits_[i]);
  }
  if (interval_ > Duration(0)) turn_ = turn_ ? std::max(due(), now) : now;
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
  for (auto& limit : limits_) {
    std::visit([&](auto& l) { l.remember(sent_at); }, limit);
  }
}

}  // namespace rowcall::policy
