// SPDX-License-Identifier: Apache-2.0
#include "policy/forecast.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rowcall::policy {
namespace {

constexpr double kSeenAtLeastS = 2;
constexpr double kBestSeenS = 5;              // a pace seen for less is no ceiling
constexpr double kLongestS = 365.0 * 86'400;  // beyond a year no figure says anything
constexpr double kShortS = 2;                 // below about that, errors are absolute, not relative

// The middles between the shares of the way at which errors were measured: 5, 10, 25, 50, 75, 90 %.
constexpr std::array<double, Forecast::kStages - 1> kStageEdges = {0.075, 0.175, 0.375, 0.625, 0.825};
constexpr std::array<double, Forecast::kPaces - 1> kPaceEdges = {0.9, 0.6};

// Errors at 5, 50 and 95 %, by stage and pace. ROWCALL_MEASURE_FORECAST=1 rowcall_forecast_test prints it.
struct Errors {
  double low, middle, high;
};
constexpr Errors kErrors[Forecast::kStages][Forecast::kPaces] = {
    {{-0.042, 0.016, 0.516}, {-0.104, 0.038, 0.534}, {-2.180, -0.028, 0.408}},
    {{-0.033, 0.015, 0.567}, {-0.179, 0.045, 0.558}, {-1.937, -0.111, 0.404}},
    {{-0.024, 0.008, 0.614}, {-0.260, 0.017, 0.530}, {-1.287, -0.286, 0.365}},
    {{-0.022, -0.001, 0.659}, {-0.315, -0.001, 0.501}, {-1.139, -0.259, 0.286}},
    {{-0.033, -0.001, 0.583}, {-0.311, -0.028, 0.544}, {-0.813, -0.186, 0.147}},
    {{-0.044, -0.001, 0.275}, {-0.317, -0.049, 0.290}, {-0.613, -0.112, 0.164}},
};

// The inverse of forecast_error.
double actual_at(double error, double estimate_s) {
  return std::max(0.0, (estimate_s + kShortS) * std::exp(error) - kShortS);
}

}  // namespace

void Forecast::Fading::add(double new_rows, double dt) {
  double fade = std::exp(-dt / tau_s);
  rows = rows * fade + new_rows;
  time_s = time_s * fade + dt;
}

Forecast::Forecast(std::span<const RateLimit> limits, int rows_per_call)
    : limits_(limits.begin(), limits.end()), rows_per_call_(std::max(1, rows_per_call)) {
  for (const RateLimit& limit : limits) {
    double rate = static_cast<double>(limit.calls) / seconds(limit.period) * rows_per_call_;
    if (limit_rows_per_s_ == 0 || rate < limit_rows_per_s_) limit_rows_per_s_ = rate;
  }
}

void Forecast::observe(Instant now, std::int64_t rows_ended, Duration hold_left) {
  if (last_ && now > *last_) {
    double dt = seconds(now - *last_);
    auto rows = static_cast<double>(rows_ended - last_rows_);
    short_.add(rows, dt);
    long_.add(rows, dt);
    seen_s_ += dt;
    if (seen_s_ >= kBestSeenS) best_ = std::max(best_, short_.rate());
  }
  last_ = now;
  last_rows_ = rows_ended;
  hold_left_ = std::max(Duration{}, hold_left);
}

double Forecast::rows_per_s() const {
  if (seen_s_ < kSeenAtLeastS) return 0;
  return std::sqrt(std::max(0.0, short_.rate()) * std::max(0.0, long_.rate()));
}

// What is possible at best, in rows a second.
double Forecast::ceiling() const {
  double best = std::max(best_, rows_per_s());
  return limit_rows_per_s_ > 0 ? limit_rows_per_s_ : best;
}

std::optional<Forecast::Basis> Forecast::basis(std::int64_t rows_left) const {
  double rate = rows_per_s();
  if (rate <= 0 || rows_left < 0) return std::nullopt;
  double by_rate = static_cast<double>(rows_left) / rate;
  if (by_rate > kLongestS) return std::nullopt;
  Basis out;
  out.least_s = seconds(least_time((rows_left + rows_per_call_ - 1) / rows_per_call_, limits_));
  out.estimate_s = std::max(by_rate, out.least_s);
  out.hold_s = seconds(hold_left_);
  double done = static_cast<double>(last_rows_) /
                static_cast<double>(std::max<std::int64_t>(1, last_rows_ + rows_left));
  while (out.stage < kStages - 1 && done > kStageEdges[static_cast<std::size_t>(out.stage)]) ++out.stage;
  double used = rate / ceiling();
  while (out.pace < kPaces - 1 && used < kPaceEdges[static_cast<std::size_t>(out.pace)]) ++out.pace;
  return out;
}

std::optional<FinishForecast> Forecast::estimate(std::int64_t rows_left) const {
  std::optional<Basis> by = basis(rows_left);
  if (!by) return std::nullopt;
  return with_interval(*by);
}

FinishForecast with_interval(const Forecast::Basis& basis) {
  const Errors& errors = kErrors[basis.stage][basis.pace];
  auto at = [&](double error) {
    double s = std::max(actual_at(error, basis.estimate_s), basis.least_s) + basis.hold_s;
    return from_seconds(std::min(s, kLongestS));
  };
  FinishForecast out;
  out.least = from_seconds(std::min(basis.least_s + basis.hold_s, kLongestS));
  out.low = at(errors.low);
  out.likely = at(errors.middle);
  out.high = at(errors.high);
  return out;
}

double forecast_error(double actual_s, double estimate_s) {
  return std::log((actual_s + kShortS) / (estimate_s + kShortS));
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

std::optional<FinishForecast> forecast_before(std::int64_t rows, int rows_per_call,
                                              std::span<const RateLimit> limits, Duration latency,
                                              int in_flight_max) {
  if (rows < 0 || latency <= Duration{} || in_flight_max <= 0) return std::nullopt;
  std::int64_t calls = (rows + rows_per_call - 1) / std::max(1, rows_per_call);
  double by_lines = static_cast<double>(calls) * seconds(latency) / in_flight_max;
  if (by_lines > kLongestS) return std::nullopt;
  Forecast::Basis basis;
  basis.least_s = seconds(least_time(calls, limits));
  basis.estimate_s = std::max(by_lines, basis.least_s);
  basis.pace = by_lines > basis.least_s ? 1 : 0;
  return with_interval(basis);
}

}  // namespace rowcall::policy
