// SPDX-License-Identifier: Apache-2.0
#include "policy/retry.h"

#include <algorithm>
#include <cmath>

namespace rowcall::policy {

void RetryBudget::age(Instant now) {
  if (!begin_) begin_ = at_ = now;
  double passed = std::max(seconds(now - at_), 0.0);
  at_ = std::max(at_, now);
  first_per_s_ *= std::exp(-passed / kMemory);
  success_per_s_ *= std::exp(-passed / kMemory);
}

double RetryBudget::income(Instant now) const {
  // In the first seconds the smoothed rates are still far below the true ones.
  double grown = 1 - std::exp(-std::max(seconds(now - *begin_), 1.0) / kMemory);
  return per_s_ + (share_ * first_per_s_ + success_per_s_) / grown;
}

void RetryBudget::first_attempt(Instant now) {
  age(now);
  first_per_s_ += 1 / kMemory;
}

void RetryBudget::succeeded(Instant now) {
  age(now);
  success_per_s_ += 1 / kMemory;
}

Duration RetryBudget::take(Instant now) {
  age(now);
  // Without any income, one an hour: a setting of nothing means very few, not never.
  double each = 1 / std::max(income(now), 1. / 3600);
  turn_ = std::max(turn_, now - from_seconds(kMemory)) + from_seconds(each);
  turn_ = std::min(turn_, now + std::chrono::years(1));
  return std::max(turn_ - now, Duration(0));
}

Retry::Retry(const RetrySpec& spec, Dice* dice, double granted_per_s)
    : spec_(spec),
      budget_(spec.budget_share, std::isfinite(granted_per_s)
                                     ? std::max(spec.budget_per_s, spec.budget_share * granted_per_s)
                                     : spec.budget_per_s),
      dice_(dice) {}

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
