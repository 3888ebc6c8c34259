// SPDX-License-Identifier: Apache-2.0
// A clock that jumps from one event to the next.
#pragma once

#include <cstdint>
#include <queue>
#include <vector>

#include "loop/clock.h"

namespace rowcall::sim {

class SimClock final : public Clock {
 public:
  static constexpr Instant kStart{std::chrono::seconds(1000)};

  explicit SimClock(Instant start = kStart) : now_(start) {}
  Instant now() override { return now_; }
  WallTime wall() override { return WallTime(now_.time_since_epoch() + wall_offset_); }
  /// The simulated calendar time of this moment; without it, it is early in 1970.
  void set_wall(WallTime wall) { wall_offset_ = wall.time_since_epoch() - now_.time_since_epoch(); }
  void call_at(Instant at, std::move_only_function<void()> then) override {
    entries_.push({std::max(at, now_), next_order_++, std::move(then)});
  }
  /// Goes on to the next event; false when there is none.
  bool advance() {
    if (entries_.empty()) return false;
    now_ = entries_.top().at;
    auto then = std::move(entries_.top().then);
    entries_.pop();
    then();
    return true;
  }

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;
    mutable std::move_only_function<void()> then;
    bool operator>(const Entry& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  Instant now_;
  Duration wall_offset_{};
  std::uint64_t next_order_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace rowcall::sim
