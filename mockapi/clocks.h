// SPDX-License-Identifier: Apache-2.0
// The server's clocks: the steady one for all that is measured, the wall clock to tell people when. The only
// place that reads them. Any thread.
#pragma once

#include "rowcall/time.h"

namespace rowcall::mockapi {

inline Instant steady_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

/// One moment on both clocks.
struct Moment {
  Instant steady;
  Duration since_1970;
};

/// Reads both. A thread that loses the processor in between would pair times that are milliseconds apart, so
/// a pair that took long is read again.
inline Moment moment_now() {
  Moment moment{};
  for (int tries = 0; tries < 4; ++tries) {
    moment.steady = steady_now();
    moment.since_1970 = std::chrono::system_clock::now().time_since_epoch();
    if (steady_now() - moment.steady < std::chrono::microseconds(20)) break;
  }
  return moment;
}

}  // namespace rowcall::mockapi
