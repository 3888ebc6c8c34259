// SPDX-License-Identifier: Apache-2.0
#include "policy/bucket_limit.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace rowcall::policy {

BucketLimit::BucketLimit(RateLimit limit, Strictness strictness, Duration guard_max)
    : width_(std::max(limit.period / 256, Duration(1))),
      horizon_(limit.period + from_seconds(seconds(limit.period) * StrictLimit::kDrift)),
      guard_max_(guard_max),
      guess_(StrictLimit::guess(limit.period)),
      strictness_(strictness),
      permits_(limit.calls) {
  ROWCALL_ASSERT(limit.calls > 0 && limit.period > Duration(0), "settings refuse empty limits");
}

Instant BucketLimit::next(Instant now, std::int64_t weight) {
  release_due(now);
  if (live() + weight <= permits_) return now;
  return buckets_.empty() ? now + guess_ : release_of(buckets_.front());
}

PermitUse BucketLimit::take(Instant now, std::int64_t weight) {
  release_due(now);
  ROWCALL_ASSERT(live() + weight <= permits_, "a permit was taken that was not there");
  out_ += weight;
  return static_cast<PermitUse>(weight);
}

void BucketLimit::sent(PermitUse use, Instant at) {
  ROWCALL_ASSERT(out_ > 0, "sent without a permit");
  if (strictness_ == Strictness::kProof) return;
  out_ -= static_cast<std::int64_t>(use);
  charge(at, static_cast<std::int64_t>(use));
}

void BucketLimit::answered(PermitUse use, Instant at) {
  if (strictness_ == Strictness::kMeasured) return;
  ROWCALL_ASSERT(out_ > 0, "an answer to a call that was not sent");
  out_ -= static_cast<std::int64_t>(use);
  charge(at, static_cast<std::int64_t>(use));
}

void BucketLimit::unsent(PermitUse use) {
  ROWCALL_ASSERT(out_ > 0, "only an unsent permit can be given back");
  out_ -= static_cast<std::int64_t>(use);
}

void BucketLimit::charge(Instant at, std::int64_t weight) {
  std::int64_t number = at.time_since_epoch() / width_;
  // The newest bucket is the place of every call but those of an earlier run.
  auto place = buckets_.end();
  while (place != buckets_.begin() && std::prev(place)->number >= number) --place;
  if (place == buckets_.end() || place->number != number) place = buckets_.insert(place, {number, 0});
  place->calls += weight;
  charged_ += weight;
}

Instant BucketLimit::release_of(const Bucket& bucket) const {
  return Instant((bucket.number + 1) * width_) + horizon_ + guard_max_;
}

void BucketLimit::release_due(Instant now) {
  while (!buckets_.empty() && release_of(buckets_.front()) <= now) {
    charged_ -= buckets_.front().calls;
    buckets_.pop_front();
  }
}

}  // namespace rowcall::policy
