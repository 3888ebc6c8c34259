// SPDX-License-Identifier: Apache-2.0
// Why do calls fail with 5xx: because there are too many of them, or by themselves?
//
// Some APIs answer "too fast" with 503 or 500. When failures go on, the pace is cut to 70 % for a moment: if
// the pace is the cause, as much gets through as before; if it is not, 30 % less. The nearer one is the
// finding, and holds for a minute.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include "rowcall/time.h"

namespace rowcall::policy {

class CauseTest {
 public:
  enum class Cause { kUnknown, kPace, kIndependent };
  static constexpr double kShare = 0.7;  ///< Of the pace, while the test lasts.

  /// Calls a second of late.
  struct Flow {
    double delivered = 0;    ///< In the last second, without failures.
    double sent = 0;         ///< In the last second.
    double sent_lately = 0;  ///< In its last quarter.
  };

  /// An attempt ended, as a failure (5xx, timeout, lost connection) or not.
  void record(bool failure, Instant now);
  /// Begins or ends a test when it is due. True when it has done so.
  bool look(const Flow& flow, Instant now);

  bool testing() const { return testing_; }
  Cause cause(Instant now) const { return now < valid_until_ ? cause_ : Cause::kUnknown; }

 private:
  void close_window(Instant now);

  // Windows one after the other: failures that go on are in all of them.
  Instant window_from_{};
  int results_ = 0;
  int failures_ = 0;
  int windows_in_a_row_ = 0;

  bool testing_ = false;
  Instant test_until_{};
  Flow before_;
  Cause cause_ = Cause::kUnknown;
  Instant valid_until_ = Instant::min();
};

}  // namespace rowcall::policy
