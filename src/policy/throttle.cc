// SPDX-License-Identifier: Apache-2.0
#include "policy/throttle.h"

#include <algorithm>

namespace rowcall::policy {

void Throttle::record(OutcomeClass outcome, Instant sent_at, Instant now,
                      std::optional<Duration> retry_after) {
  // Answers to calls from before the last hold tell of a time that is over.
  if (sent_at < held_until_) return;
  bool throttled = outcome == OutcomeClass::kThrottled;
  results_.push_back({now, throttled});
  throttled_ += throttled ? 1u : 0u;
  while (results_.size() > kResultsMin && results_.front().at + kWindow <= now) {
    throttled_ -= results_.front().throttled ? 1u : 0u;
    results_.pop_front();
  }
  bool most = results_.size() >= kResultsMin && 2 * throttled_ >= results_.size();
  if (!throttled || !retry_after || *retry_after <= Duration(0) || !most) return;
  held_until_ = std::max(held_until_, now + *retry_after);
  results_.clear();
  throttled_ = 0;
}

}  // namespace rowcall::policy
