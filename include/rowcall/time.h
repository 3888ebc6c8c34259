// SPDX-License-Identifier: Apache-2.0
// The one notion of time that travels through rowcall.
//
// `Instant` is a point on a monotonic clock. Only the `Clock` door (src/loop/clock.h) makes one;
// decisions get it as an argument, so that a whole run can be simulated.
#pragma once

#include <chrono>

namespace rowcall {

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
/// A point in calendar time, UTC. Only for what is agreed in it with others: a quota's day, a line in a log.
using WallTime = std::chrono::sys_time<Duration>;

/// Seconds as a floating-point number, for arithmetic on rates.
constexpr double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

/// A duration from seconds, rounded to whole nanoseconds.
constexpr Duration from_seconds(double s) {
  return Duration(static_cast<Duration::rep>(s * 1e9 + (s < 0 ? -0.5 : 0.5)));
}

}  // namespace rowcall
