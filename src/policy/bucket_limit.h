// SPDX-License-Identifier: Apache-2.0
// One rate limit with very many permits, kept strictly in constant memory.
//
// For limits such as 10,000,000 a day a stamp per permit would cost hundreds of megabytes. Here a period
// is divided into 256 buckets, and the sends of a bucket come back together, one period (and the largest
// guard) after the bucket's end. Never over the limit; the price is at most 1/256 of the rate.
//
// With kProof a call is charged to the bucket of its answer, else to that of its sending; until then its
// permit is out, however long that takes.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "rowcall/job.h"
#include "rowcall/time.h"

#include "policy/strict_limit.h"

namespace rowcall::policy {

/// The same questions as to a StrictLimit. One use is like the other: only its weight counts.
class BucketLimit {
 public:
  BucketLimit(RateLimit limit, Strictness strictness, Duration guard_max);

  Instant next(Instant now, std::int64_t weight = 1);
  PermitUse take(Instant now, std::int64_t weight = 1);
  void sent(PermitUse use, Instant at);
  void answered(PermitUse use, Instant at);
  void unanswered(PermitUse use, Instant at) { answered(use, at); }
  void unsent(PermitUse use);
  void remember(Instant sent_at, std::int64_t weight = 1) { charge(sent_at, weight); }
  void set_permits(std::int64_t permits) { permits_ = permits; }
  std::int64_t permits() const { return permits_; }
  std::int64_t live() const { return out_ + charged_; }
  Duration horizon() const { return horizon_; }
  std::size_t buckets() const { return buckets_.size(); }

 private:
  struct Bucket {
    std::int64_t number;  // time since the clock's epoch, in widths
    std::int64_t calls;
  };

  Instant release_of(const Bucket& bucket) const;
  void charge(Instant at, std::int64_t weight);
  void release_due(Instant now);

  Duration width_;
  Duration horizon_;
  Duration guard_max_;
  Duration guess_;
  Strictness strictness_;
  std::int64_t permits_;
  std::int64_t out_ = 0;        // taken, and not charged yet
  std::int64_t charged_ = 0;    // in buckets
  std::deque<Bucket> buckets_;  // ascending
};

}  // namespace rowcall::policy
