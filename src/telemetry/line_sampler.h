// SPDX-License-Identifier: Apache-2.0
// Keeps a storm of equal events from writing a line each: the first few are told one by one, the rest as one
// count a second.
//
// Pure: time comes in. Any one thread.
#pragma once

#include <cstdint>
#include <utility>

#include "rowcall/time.h"

namespace rowcall::telemetry {

class LineSampler {
 public:
  static constexpr int kFirst = 20;

  LineSampler() = default;
  explicit LineSampler(int first) : singly_left_(first) {}

  /// True: tell this one. False: it is counted instead.
  bool admit() {
    ++total_;
    if (singly_left_ > 0) {
      --singly_left_;
      return true;
    }
    ++untold_;
    return false;
  }

  /// How many have been counted since the last call that gave a count; 0 while there are none, or while that
  /// call is less than a second ago.
  std::int64_t due(Instant now) {
    if (untold_ == 0 || now - told_at_ < std::chrono::seconds(1)) return 0;
    told_at_ = now;
    return std::exchange(untold_, 0);
  }
  /// The same at the end, without waiting for the second to be over.
  std::int64_t rest() { return std::exchange(untold_, 0); }

  std::int64_t total() const { return total_; }

 private:
  int singly_left_ = kFirst;
  std::int64_t untold_ = 0;
  std::int64_t total_ = 0;
  Instant told_at_{Duration::min() / 2};  ///< Long ago, without overflow.
};

}  // namespace rowcall::telemetry
