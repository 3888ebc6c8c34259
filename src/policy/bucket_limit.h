// SPDX-License-Identifier: Apache-2.0
// One rate limit with very many permits, kept strictly in constant memory.
//
// For limits such as 10,000,000 a day a stamp per permit would cost hundreds of megabytes. Here a period
// is divided into 256 buckets, and the sends of a bucket come back together, one period (and the largest
// guard) after the bucket's end. Never over the limit; the price is at most 1/256 of the rate.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <deque>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "policy/strict_limit.h"

namespace rowcall::policy {

/// The same questions as to a StrictLimit.
class BucketLimit {
 public:
  BucketLimit(RateLimit limit, Duration guard_max);

  Instant next(Instant now);
  PermitUse take(Instant now);
  void sent(PermitUse use, Instant at);
  void answered(PermitUse, Instant) {}
  void unsent(PermitUse use);
  void remember(Instant sent_at);
  void set_permits(std::int64_t permits) { permits_ = permits; }
  std::int64_t permits() const { return permits_; }
  std::int64_t live() const { return live_; }
  Duration horizon() const { return horizon_; }

 private:
  struct Bucket {
    std::int64_t number;  // time since the clock's epoch, in widths
    std::int64_t calls;
  };

  std::int64_t number_of(Instant at) const { return at.time_since_epoch() / width_; }
  Bucket* find(std::int64_t number);
  Instant release_of(const Bucket& bucket) const;
  void add(Instant at);
  void release_due(Instant now);

  Duration width_;
  Duration horizon_;
  Duration guard_max_;
  std::int64_t permits_;
  std::int64_t live_ = 0;
  std::deque<Bucket> buckets_;  // ascending
};

}  // namespace rowcall::policy
