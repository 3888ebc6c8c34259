// SPDX-License-Identifier: Apache-2.0
// How many calls may be in flight: as many as Little's law asks for, and no more than the API works on.
//
// The calls in flight that a pace needs are pace times latency; the cap lies well above that, so that it does
// not bind while all is well. When it does bind and answers have become slower, one question decides: is the
// API slower, or is it queueing? The halving test asks it: with half as many in flight a queueing API
// delivers as much as before, one that is merely slower delivers half.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <array>

#include "rowcall/time.h"

#include "policy/recent_count.h"

namespace rowcall::policy {

class FlightControl {
 public:
  /// What the last test found; for people.
  enum class Finding { kNone, kQueueing, kSlower };

  /// `most` is the number of lines there may be; `per_s` what the limits allow (infinity: no limit).
  FlightControl(int most, double per_s);

  bool has_room(int in_flight) const { return in_flight < cap(); }
  /// A call that could have been sent but for the cap.
  void blocked() { blocked_ = true; }
  /// An attempt was answered, whatever the answer; `in_flight` without it.
  void answered(Duration latency, int in_flight, Instant now);
  /// Ticks that are due: ten a second.
  void look(Instant now);

  int cap() const { return static_cast<int>(testing_ ? test_cap_ : cap_); }
  /// Median of the last tick with answers; zero before the first.
  Duration round_trip() const { return from_seconds(median_); }
  /// The median when nothing queues.
  Duration base() const { return from_seconds(base_); }
  bool testing() const { return testing_; }
  Finding finding() const { return finding_; }

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(100);
  static constexpr int kSamples = 32;
  static constexpr double kMin = 4;

  void tick(Instant now);
  void adjust(Instant now);
  void begin_test(Instant now);
  void end_test(Instant now);
  double take_median();

  double most_;
  double per_s_;
  double cap_;
  double needed_ = 0;  // calls in flight of late
  bool blocked_ = false;
  Finding finding_ = Finding::kNone;
  RecentCount answered_;
  Instant tick_at_{};

  std::array<double, kSamples> samples_{};
  int sampled_ = 0;
  int in_flight_most_ = 0;
  double median_ = 0;
  double base_ = 0;
  Instant grown_at_{};
  Instant slow_since_ = Instant::max();

  bool testing_ = false;
  double test_cap_ = 0;
  double rate_before_ = 0;
  double median_before_ = 0;
  Instant measure_from_{};
  Instant test_until_{};
  Instant tested_at_{};
};

}  // namespace rowcall::policy
