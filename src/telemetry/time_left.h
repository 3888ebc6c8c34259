// SPDX-License-Identifier: Apache-2.0
// When will the run be over? A plain estimate from how fast rows got done.
//
// The rate is the geometric mean of two exponential averages, over 30 s and over 300 s: the one follows a
// change, the other does not jump at every hiccup. Time spent held counts, since more of it may come. The
// result is never below what the limits allow.
//
// Pure: time comes in. Any one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::telemetry {

class TimeLeft {
 public:
  /// Rows that have an ending, at `now`.
  void observe(Instant now, std::int64_t rows_ended);

  /// Rows a second, blended; 0 until 2 seconds have been seen.
  double rows_per_s() const;

  /// Nothing while there is no rate to go by.
  std::optional<Duration> estimate(std::int64_t rows_left, int rows_per_call,
                                   std::span<const RateLimit> limits) const;

 private:
  // Rows and seconds, both fading: their quotient is unbiased from the start.
  struct Fading {
    double tau_s;
    double rows = 0;
    double time_s = 0;
    void add(double new_rows, double dt);
    double rate() const { return time_s > 0 ? rows / time_s : 0; }
  };

  Fading short_{30};
  Fading long_{300};
  double seen_s_ = 0;
  std::optional<Instant> last_;
  std::int64_t last_rows_ = 0;
};

/// The least time in which `calls` calls can be made, if a whole period's worth may be sent at once.
Duration least_time(std::int64_t calls, std::span<const RateLimit> limits);

}  // namespace rowcall::telemetry
