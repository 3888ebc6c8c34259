// SPDX-License-Identifier: Apache-2.0
// How many events there were in the last moments: counts in a ring of 25 ms slots.
//
// A decision's memory: no clock. Belongs to the loop thread of one run. Costs a few nanoseconds an event.
#pragma once

#include <array>
#include <cstdint>

#include "rowcall/time.h"

namespace rowcall::policy {

class RecentCount {
 public:
  static constexpr Duration kSlot = std::chrono::milliseconds(25);
  /// The longest span that can be asked for.
  static constexpr Duration kSpanMax = std::chrono::milliseconds(1500);

  void add(Instant now);
  /// Takes back an event that was added at `at`, if it is still remembered.
  void take_back(Instant at);
  /// Events in the last `span`; of the oldest slot, which lies partly before it, a share.
  double within(Duration span, Instant now) const;
  /// The same as events a second.
  double per_s(Duration span, Instant now) const { return within(span, now) / seconds(span); }

 private:
  static constexpr std::int64_t kSlots = 64;
  static std::int64_t slot_of(Instant at) { return at.time_since_epoch() / kSlot; }

  std::array<std::int32_t, kSlots> counts_{};
  std::int64_t latest_ = 0;  // slot of the last event
};

}  // namespace rowcall::policy
