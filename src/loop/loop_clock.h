// SPDX-License-Identifier: Apache-2.0
// The real clock: CLOCK_MONOTONIC, and one system timer for all that wait for a time.
//
// Waking up costs more than most of what is done when awake (15 to 20 us against 5 to 8), so times are
// rounded up to whole ticks of the clock: everything due in the same one shares a wake-up. Where several
// loops share a machine and a limit, each has few calls in a millisecond: then ticks are longer, and what
// comes in waits for the next one, too.
#pragma once

#include <chrono>
#include <queue>
#include <vector>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include "loop/clock.h"

namespace rowcall {

class LoopClock final : public Clock {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(1);
  static constexpr Duration kSharedTick = std::chrono::milliseconds(3);

  explicit LoopClock(boost::asio::io_context& context, Duration tick = kTick)
      : tick_(tick), timer_(context) {}
  Instant now() override { return std::chrono::steady_clock::now(); }
  WallTime wall() override { return std::chrono::system_clock::now(); }
  void call_at(Instant at, std::move_only_function<void()> then) override;
  /// Runs `context` until it is stopped. With ticks longer than kTick, events wait while something is due
  /// within a tick; so answers look up to a tick slower than they were.
  void run(boost::asio::io_context& context);

 private:
  struct Entry {
    Instant at;
    std::uint64_t order;  // first come, first served among equals
    mutable std::move_only_function<void()> then;
    bool operator>(const Entry& other) const { return at != other.at ? at > other.at : order > other.order; }
  };
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

  void arm();
  void run_due();

  Duration tick_;
  Timer timer_;
  Instant armed_for_ = Instant::max();
  std::uint64_t next_order_ = 0;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> entries_;
};

}  // namespace rowcall
