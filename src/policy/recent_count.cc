// SPDX-License-Identifier: Apache-2.0
#include "policy/recent_count.h"

#include <algorithm>

#include "base/assert.h"

namespace rowcall::policy {

void RecentCount::add(Instant now) {
  std::int64_t slot = std::max(slot_of(now), latest_);
  if (slot - latest_ >= kSlots) counts_.fill(0);
  for (std::int64_t s = std::max(latest_ + 1, slot - kSlots + 1); s <= slot; ++s) {
    counts_[static_cast<std::size_t>(s % kSlots)] = 0;
  }
  latest_ = slot;
  ++counts_[static_cast<std::size_t>(slot % kSlots)];
}

void RecentCount::take_back(Instant at) {
  std::int64_t slot = slot_of(at);
  if (slot > latest_ - kSlots && slot <= latest_) --counts_[static_cast<std::size_t>(slot % kSlots)];
}

double RecentCount::within(Duration span, Instant now) const {
  ROWCALL_ASSERT(span <= kSpanMax, "the ring does not reach back that far");
  Instant from = now - span;
  std::int64_t oldest = slot_of(from);
  double sum = 0;
  for (std::int64_t s = std::max(oldest, latest_ - kSlots + 1); s <= std::min(latest_, slot_of(now)); ++s) {
    double count = counts_[static_cast<std::size_t>(s % kSlots)];
    if (s == oldest)
      count *= 1 - static_cast<double>(from.time_since_epoch() % kSlot / Duration(1)) /
                       static_cast<double>(kSlot / Duration(1));
    sum += count;
  }
  return sum;
}

}  // namespace rowcall::policy
