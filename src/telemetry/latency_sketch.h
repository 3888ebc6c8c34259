// SPDX-License-Identifier: Apache-2.0
// Quantiles of latencies in fixed memory: each answer is within 1 % of the true value.
//
// A DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with
// relative-error guarantees", 2019): values are counted in buckets whose edges grow by a factor of
// (1 + a) / (1 - a), a = 1 %. From 10 us to 1 hour that is 985 buckets, 8 KB. A shorter value counts as
// 10 us, a longer one as 1 hour; the largest value itself is kept exactly.
//
// Plain state; any one thread.
#pragma once

#include <array>
#include <cstdint>

#include "rowcall/time.h"

namespace rowcall::telemetry {

class LatencySketch {
 public:
  static constexpr double kError = 0.01;

  void add(Duration latency);
  /// Counts everything `other` has counted.
  void merge(const LatencySketch& other);
  void clear() { *this = LatencySketch(); }

  std::int64_t count() const { return count_; }
  /// How many were at most that long, within the error.
  std::int64_t count_to(Duration latency) const;
  /// All together, exactly.
  Duration sum() const { return sum_; }
  /// The value of rank `q * (count - 1)`, rounded down; `q` from 0 to 1. Zero when nothing was counted.
  Duration quantile(double q) const;
  /// The largest value, exactly.
  Duration max() const { return max_; }

 private:
  static constexpr int kBuckets = 986;

  std::array<std::int64_t, kBuckets> counts_{};
  std::int64_t count_ = 0;
  Duration max_{};
  Duration sum_{};
};

}  // namespace rowcall::telemetry
