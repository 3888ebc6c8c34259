// SPDX-License-Identifier: Apache-2.0
#include "loop/loop_clock.h"

#include <thread>

namespace rowcall {

void LoopClock::call_at(Instant at, std::move_only_function<void()> then) {
  auto ticks = (at.time_since_epoch() + tick_ - Duration(1)) / tick_;
  entries_.push({Instant(ticks * tick_), next_order_++, std::move(then)});
  arm();
}

void LoopClock::run(boost::asio::io_context& context) {
  if (tick_ <= kTick) {
    context.run();
    return;
  }
  while (!context.stopped()) {
    if (context.poll() > 0) continue;
    if (!entries_.empty() && entries_.top().at <= now() + tick_) {
      std::this_thread::sleep_until(entries_.top().at);
    } else {
      context.run_one();  // stops the context when there is nothing left to wait for
    }
  }
}

void LoopClock::arm() {
  if (entries_.empty() || entries_.top().at >= armed_for_) return;
  armed_for_ = entries_.top().at;
  // Setting a new time cancels the wait for the old one.
  timer_.expires_at(armed_for_);
  timer_.async_wait([this](boost::system::error_code cancelled) {
    if (!cancelled) run_due();
  });
}

void LoopClock::run_due() {
  armed_for_ = Instant::max();
  Instant now = this->now();
  while (!entries_.empty() && entries_.top().at <= now) {
    auto then = std::move(entries_.top().then);
    entries_.pop();
    then();
  }
  arm();
}

}  // namespace rowcall
