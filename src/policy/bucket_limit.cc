// SPDX-License-Identifier: Apache-2.0
#include "policy/bucket_limit.h"

#include <algorithm>

#include "base/assert.h"

namespace rowcall::policy {

BucketLimit::BucketLimit(RateLimit limit, Duration guard_max)
    : width_(std::max(limit.period / 256, Duration(1))),
      horizon_(limit.period + from_seconds(seconds(limit.period) * StrictLimit::kDrift)),
      guard_max_(guard_max),
      permits_(limit.calls) {}

Instant BucketLimit::next(Instant now) {
  release_due(now);
  if (live_ < permits_) return now;
  return std::max(release_of(buckets_.front()), now + Duration(1));
}

PermitUse BucketLimit::take(Instant now) {
  release_due(now);
  ROWCALL_ASSERT(live_ < permits_, "a permit was taken that was not there");
  add(now);
  // The use is the bucket it was charged to, so that `sent` can move it.
  return static_cast<PermitUse>(number_of(now));
}

void BucketLimit::sent(PermitUse use, Instant at) {
  auto number = static_cast<std::int64_t>(use);
  if (number == number_of(at)) return;
  unsent(use);
  add(at);
}

void BucketLimit::unsent(PermitUse use) {
  Bucket* bucket = find(static_cast<std::int64_t>(use));
  // A permit taken that long ago came back with its bucket; what is sent now is charged anew by `sent`.
  if (bucket == nullptr) return;
  --bucket->calls;
  --live_;
}

void BucketLimit::remember(Instant sent_at) {
  add(sent_at);
}

void BucketLimit::add(Instant at) {
  std::int64_t number = number_of(at);
  auto place =
      std::find_if(buckets_.begin(), buckets_.end(), [&](const Bucket& b) { return b.number >= number; });
  // Nearly always the newest bucket: look there first.
  if (!buckets_.empty() && buckets_.back().number < number) place = buckets_.end();
  if (place == buckets_.end() || place->number != number) place = buckets_.insert(place, {number, 0});
  ++place->calls;
  ++live_;
}

BucketLimit::Bucket* BucketLimit::find(std::int64_t number) {
  for (auto it = buckets_.rbegin(); it != buckets_.rend(); ++it) {
    if (it->number == number) return &*it;
  }
  return nullptr;
}

Instant BucketLimit::release_of(const Bucket& bucket) const {
  return Instant((bucket.number + 1) * width_) + horizon_ + guard_max_;
}

void BucketLimit::release_due(Instant now) {
  while (!buckets_.empty() && release_of(buckets_.front()) <= now) {
    live_ -= buckets_.front().calls;
    buckets_.pop_front();
  }
}

}  // namespace rowcall::policy
