// SPDX-License-Identifier: Apache-2.0
#include "telemetry/time_left.h"

#include <algorithm>
#include <cmath>

namespace rowcall::telemetry {
namespace {

constexpr double kSeenAtLeastS = 2;
constexpr double kLongestS = 365.0 * 86'400;  // beyond a year no figure says anything

}  // namespace

void TimeLeft::Fading::add(double new_rows, double dt) {
  double fade = std::exp(-dt / tau_s);
  rows = rows * fade + new_rows;
  time_s = time_s * fade + dt;
}

void TimeLeft::observe(Instant now, std::int64_t rows_ended) {
  if (last_ && now > *last_) {
    double dt = seconds(now - *last_);
    auto rows = static_cast<double>(rows_ended - last_rows_);
    short_.add(rows, dt);
    long_.add(rows, dt);
    seen_s_ += dt;
  }
  last_ = now;
  last_rows_ = rows_ended;
}

double TimeLeft::rows_per_s() const {
  if (seen_s_ < kSeenAtLeastS) return 0;
  return std::sqrt(std::max(0.0, short_.rate()) * std::max(0.0, long_.rate()));
}

std::optional<Duration> TimeLeft::estimate(std::int64_t rows_left, int rows_per_call,
                                           std::span<const RateLimit> limits) const {
  double rate = rows_per_s();
  if (rate <= 0 || rows_left < 0) return std::nullopt;
  double by_rate = static_cast<double>(rows_left) / rate;
  if (by_rate > kLongestS) return std::nullopt;
  std::int64_t calls = (rows_left + rows_per_call - 1) / std::max(1, rows_per_call);
  return std::max(from_seconds(by_rate), least_time(calls, limits));
}

Duration least_time(std::int64_t calls, std::span<const RateLimit> limits) {
  double least = 0;
  for (const RateLimit& limit : limits) {
    // With the window empty, the first N need no time; so a day's limit does not turn minutes into hours.
    auto over = static_cast<double>(std::max<std::int64_t>(0, calls - limit.calls));
    least = std::max(least, over * seconds(limit.period) / static_cast<double>(limit.calls));
  }
  return from_seconds(std::min(least, kLongestS));
}

}  // namespace rowcall::telemetry
