// SPDX-License-Identifier: Apache-2.0
#include "policy/retry.h"

#include <algorithm>
#include <cmath>

namespace rowcall::policy {

void RetryBudget::refill(Instant now) {
  if (at_ == Instant{}) at_ = now;
  double passed = std::max(seconds(now - at_), 0.0);
  at_ = std::max(at_, now);
  first_per_s_ *= std::exp(-passed / kSaved);
  double cap = kSaved * (per_s_ + share_ * first_per_s_);
  tokens_ = std::min(tokens_ + per_s_ * passed, std::max(cap, 1.0));
}

void RetryBudget::first_attempt(Instant now) {
  refill(now);
  first_per_s_ += 1 / kSaved;
  tokens_ += share_;
}

Duration RetryBudget::take(Instant now) {
  refill(now);
  tokens_ -= 1;
  if (tokens_ >= 0) return Duration(0);
  double income = per_s_ + share_ * first_per_s_;
  return income > 0 ? from_seconds(std::min(-tokens_ / income, 3600.0)) : std::chrono::hours(1);
}

std::optional<Duration> Retry::again(const Trouble& trouble, Instant now) {
  bool throttled = trouble.outcome == OutcomeClass::kThrottled;
  if (!throttled && trouble.outcome != OutcomeClass::kTransient) return std::nullopt;
  if (!trouble.repeatable) return std::nullopt;
  // A throttled attempt was no try at the work: it brings a row no nearer to failing.
  if (!throttled && trouble.tries >= spec_.max_attempts) return std::nullopt;
  if (!throttled && trouble.spent >= spec_.row_deadline) return std::nullopt;

  double base = seconds(throttled ? spec_.throttled_base : spec_.base);
  double bound = std::min(seconds(spec_.cap), base * std::exp2(std::min(trouble.attempt - 1, 30)));
  Duration wait = from_seconds(bound * dice_->share());
  if (!throttled) wait = std::max(wait, budget_.take(now));
  if (trouble.retry_after) {
    // All who were told the same time would come back in the same instant: spread them a little.
    Duration spread = from_seconds(std::min(base, 1.0) * dice_->share());
    wait = std::max(wait, *trouble.retry_after + spread);
  }
  return wait;
}

}  // namespace rowcall::policy
