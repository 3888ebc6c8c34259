// SPDX-License-Identifier: Apache-2.0
// Door: time. The real one is LoopClock; a simulated one drives whole runs in tests.
//
// Belongs to the loop thread of one run.
#pragma once

#include <functional>

#include "rowcall/time.h"

#include "loop/async.h"

namespace rowcall {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
  /// The time of day: of what is agreed with others by the calendar. It may be set, and jump.
  virtual WallTime wall() = 0;
  /// Calls `then` on the loop thread, not before `at`. There is no taking back: a `then` that has become
  /// pointless must see that for itself.
  virtual void call_at(Instant at, std::move_only_function<void()> then) = 0;
};

/// Suspends the calling coroutine until `at`.
inline Async<void> sleep_until(Clock& clock, Instant at) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
      [&clock, at](auto handler) { clock.call_at(at, std::move(handler)); }, use_async);
}

}  // namespace rowcall
