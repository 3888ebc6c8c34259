// SPDX-License-Identifier: Apache-2.0
#include "telemetry/figures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/parse.h"
#include "settings/rate_text.h"

namespace rowcall::telemetry {
namespace {

template <class... Args>
std::string formatted(const char* format, Args... args) {
  char buffer[64];
  int n = std::snprintf(buffer, sizeof buffer, format, args...);
  return std::string(buffer, static_cast<std::size_t>(n));
}

std::string period_words(Duration period) {
  if (period == 1s) return "second";
  if (period == 1min) return "minute";
  if (period == 1h) return "hour";
  if (period == 24h) return "day";
  std::string text = duration_text(period);
  auto unit = text.find_first_not_of("0123456789");
  return text.substr(0, unit) + " " + text.substr(unit);
}

}  // namespace

std::string limit_text(const RateLimit& limit) {
  return settings::rate_text(limit);
}

std::string limit_words(const RateLimit& limit) {
  std::string text = grouped(limit.calls) + (limit.unweighted ? " calls per " : " per ");
  if (!limit.renewal) return text + period_words(limit.period);
  bool month = limit.renewal->every == Renewal::Every::kMonth;
  return text + (month ? "month, renewed on the first at " : "day, renewed at ") +
         settings::renewal_text(*limit.renewal);
}

double calls_per_s_max(std::span<const RateLimit> limits) {
  double least = 0;
  for (const RateLimit& limit : limits) {
    if (limit.renewal) continue;  // used as fast as the others allow
    double rate = static_cast<double>(limit.calls) / seconds(limit.period);
    if (least == 0 || rate < least) least = rate;
  }
  return least;
}

double mean_rate(std::int64_t sends, Duration from_first_to_last) {
  if (sends < 2 || from_first_to_last <= Duration{}) return 0;
  return static_cast<double>(sends - 1) / seconds(from_first_to_last);
}

double share_of_limit(std::int64_t sends, Duration from_first_to_last, const RateLimit& limit) {
  if (sends < 1 || limit.calls <= 0) return 0;
  auto allowed = static_cast<double>(limit.calls);
  double share = mean_rate(sends, from_first_to_last) * seconds(limit.period) / allowed;
  // A little more than a period may hold two full windows: all of what the limit allows, not twice as much.
  double windows = std::floor(seconds(from_first_to_last) / seconds(limit.period)) + 1;
  double of_windows = static_cast<double>(sends) / (allowed * windows);
  return windows < 2 ? of_windows : std::min(share, std::max(of_windows, 1.0));
}

std::string percent_words(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return "0 %";
  if (part == whole) return "100 %";
  if (part == 0) return "0 %";
  double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent < 0.01) return "< 0.01 %";
  return formatted("%.2f %%", std::floor(percent * 100 + 1e-6) / 100);
}

std::string rate_words(double per_s) {
  if (per_s < 9.95) return formatted("%.1f", per_s);
  return grouped(std::llround(per_s));
}

std::string time_left_words(Duration left) {
  double s = std::max(0.0, seconds(left));
  auto stepped = [](double value, long long step) {
    return std::max<long long>(1, static_cast<long long>(std::ceil(value / static_cast<double>(step)))) *
           step;
  };
  if (long long n = stepped(s, 5); n < 60) return formatted("%lld s", n);
  if (long long n = stepped(s, 10); n < 600) return formatted("%lld min %02lld s", n / 60, n % 60);
  if (long long n = stepped(s, 60) / 60; n < 60) return formatted("%lld min", n);
  if (long long n = stepped(s, 300) / 60; n < 1440) return formatted("%lld h %02lld min", n / 60, n % 60);
  long long n = stepped(s, 3600) / 3600;
  return formatted("%lld d %lld h", n / 24, n % 24);
}

std::string cost_words(double amount) {
  if (amount > 0 && amount < 0.995) return formatted("%.2g", amount);
  auto hundredths = std::llround(amount * 100);
  return grouped(hundredths / 100) + formatted(".%02d", static_cast<int>(hundredths % 100));
}

std::string alarm_words(const policy::Anomaly& anomaly) {
  auto value = [&](double x) -> std::string {
    switch (anomaly.signal) {
      case policy::Signal::kLatency:
      case policy::Signal::kTail: return latency_words(from_seconds(x));
      case policy::Signal::kThroughput: return rate_words(x) + " calls/s";
      default: return formatted("%.2f %%", 100 * x);
    }
  };
  std::string out = policy::name_of(anomaly.signal);
  if (!anomaly.column.empty()) out += " in " + anomaly.column;
  if (anomaly.over) {
    return out + " as before again, or the new normal; it was " + value(anomaly.now) +
           " at worst, normally " + value(anomaly.normal) + " (" + policy::name_of(anomaly.shape) + ")";
  }
  out += " " + value(anomaly.now) + ", normally " + value(anomaly.normal) + " (" +
         policy::name_of(anomaly.shape) + formatted(", %.1f sigma)", std::abs(anomaly.sigmas));
  return anomaly.cause.empty() ? out : out + ": " + anomaly.cause;
}

std::string latency_words(Duration latency) {
  double ms = seconds(latency) * 1e3;
  if (ms > 0 && ms < 0.0995) return formatted("%.0f us", ms * 1e3);
  if (ms < 9.95) return formatted("%.1f ms", ms);
  if (ms < 999.5) return formatted("%.0f ms", ms);
  if (ms < 9995) return formatted("%.2f s", ms / 1e3);
  return formatted("%.1f s", ms / 1e3);
}

}  // namespace rowcall::telemetry
