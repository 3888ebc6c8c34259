// SPDX-License-Identifier: Apache-2.0
// When will the run be over? A finish time with an interval that holds it in 90 of 100 cases, and a bound
// below which it cannot be.
//
// The pace is the geometric mean of two exponential averages of rows done, over 30 s and over 300 s of wall
// clock: the one follows a change, the other does not jump at every hiccup. Time spent held counts, since
// more of it may come. How far such an estimate is off was measured on simulated runs with changes of the
// server and outages, by how far the run is and by how much of the limit it uses; the interval is made of
// the quantiles of that error (split conformal prediction; Vovk, Gammerman and Shafer, "Algorithmic Learning
// in a Random World", 2005). tests/sim/forecast_test.cc measures them and checks the interval on runs that
// were not used for it.
//
// A decision: time comes in. Any one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::policy {

/// How long the rest of a run takes, from now.
struct FinishForecast {
  Duration least{};   ///< It cannot be shorter: what the limits allow, with a full window to start with.
  Duration low{};     ///< 90 of 100 runs like this one end between `low` and `high`.
  Duration likely{};  ///< Half of them end before.
  Duration high{};
};

class Forecast {
 public:
  /// What a forecast goes by; the interval follows from it.
  struct Basis {
    double estimate_s = 0;  ///< Rows left by the pace, not below the limits' bound.
    double least_s = 0;
    double hold_s = 0;  ///< A hold that is on lasts at least that long.
    int stage = 0;      ///< How far the run is, 0 to kStages - 1.
    int pace = 0;       ///< How much of the limit it uses, 0 (most) to kPaces - 1.
  };
  static constexpr int kStages = 6;
  static constexpr int kPaces = 3;

  Forecast(std::span<const RateLimit> limits, int rows_per_call);

  /// Rows that have an ending, at `now`; `hold_left` is how long nothing will be sent, if so.
  void observe(Instant now, std::int64_t rows_ended, Duration hold_left = {});

  /// Rows a second, blended; 0 until 2 seconds have been seen.
  double rows_per_s() const;

  /// Nothing while there is no pace to go by, or when it would take more than a year.
  std::optional<FinishForecast> estimate(std::int64_t rows_left) const;
  std::optional<Basis> basis(std::int64_t rows_left) const;

 private:
  // Rows and seconds, both fading: their quotient is unbiased from the start.
  struct Fading {
    double tau_s;
    double rows = 0;
    double time_s = 0;
    void add(double new_rows, double dt);
    double rate() const { return time_s > 0 ? rows / time_s : 0; }
  };

  double ceiling() const;

  std::vector<RateLimit> limits_;
  int rows_per_call_;
  double limit_rows_per_s_ = 0;  ///< 0: no limit.
  Fading short_{30};
  Fading long_{300};
  double best_ = 0;  ///< The best pace over 30 s so far: the ceiling where there is no limit.
  double seen_s_ = 0;
  std::optional<Instant> last_;
  std::int64_t last_rows_ = 0;
  Duration hold_left_{};
};

/// The interval for a basis, from the measured errors.
FinishForecast with_interval(const Forecast::Basis& basis);

/// The error that is measured: how much longer than estimated it took, on a scale on which short and long
/// runs err alike.
double forecast_error(double actual_s, double estimate_s);

/// The least time in which `calls` calls can be made, if a whole period's worth may be sent at once.
Duration least_time(std::int64_t calls, std::span<const RateLimit> limits);

/// Before a run: what `rows_left` rows take when a sample of calls had this latency on average.
/// `in_flight_max` calls are on the wire at a time.
std::optional<FinishForecast> forecast_before(std::int64_t rows, int rows_per_call,
                                              std::span<const RateLimit> limits, Duration latency,
                                              int in_flight_max);

}  // namespace rowcall::policy
