// SPDX-License-Identifier: Apache-2.0
// The most sends found in any window of a given length: what the limit really was.
//
// Knows nothing of the limiter it audits. Up to 65,536 sends a window are counted exactly; beyond that
// they are counted in slices of a 65,536th of the window, which can only make the count higher, and by no
// more than the sends of one slice.
//
// Plain state; any one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "rowcall/time.h"

namespace rowcall::policy {

class WindowAudit {
 public:
  explicit WindowAudit(Duration period) : period_(period), slice_(period / 65'536) {}

  /// Counts a send of that weight. Times do not go backwards; one that does counts as the latest one.
  void add(Instant sent_at, std::int64_t weight = 1);

  /// The most sends in any half-open window (t - period, t] so far.
  std::int64_t worst() const { return worst_; }
  /// The last moment of that window.
  Instant worst_end() const { return worst_end_; }
  Duration period() const { return period_; }
  /// What is kept, for a look at the memory.
  std::size_t entries() const { return entries_.size(); }

 private:
  struct Entry {
    Instant first;
    Instant last;
    std::int64_t sends;
  };
  static constexpr std::size_t kExactMax = 65'536;

  Duration period_;
  Duration slice_;
  std::deque<Entry> entries_;
  std::int64_t in_window_ = 0;
  std::int64_t worst_ = 0;
  Instant worst_end_{};
};

}  // namespace rowcall::policy
