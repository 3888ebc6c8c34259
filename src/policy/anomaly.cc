// SPDX-License-Identifier: Apache-2.0
#include "policy/anomaly.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rowcall::policy {
namespace {

// The charts (algorithm and constants as measured in anomaly_test.cc).
constexpr double kQuick = 0.25;  // weight of the newest value
constexpr double kSlow = 0.05;
constexpr double kClip = 6;            // one odd value counts as no more
constexpr double kLevelWeight = 0.01;  // how fast the level follows
constexpr double kRelearnWeight = 0.05;
constexpr int kRelearnValues = 50;
constexpr double kCorrelationMax = 0.9;
constexpr double kSquareMin = 0.5;   // deviations far below the least spread say nothing of correlation
constexpr double kStraying = 0.4;    // of the limits
constexpr double kToSigma = 1.2533;  // from mean absolute to standard deviation, for normal noise

// The story of an alarm.
constexpr int kCalmToEnd = 5;                               // values in a row within the limits
constexpr Duration kApart = std::chrono::seconds(60);       // between two alarms of one figure
constexpr Duration kNewNormal = std::chrono::seconds(600);  // what lasts longer is how it is now
constexpr Duration kSpike = std::chrono::seconds(5);

constexpr std::int64_t kAnswersMin = 5;  // fewer make no quantile

// Of an exponentially weighted mean of values with correlation `rho` from one to the next: noise that hangs
// together strays further (Schmid, "On EWMA charts for time series", 1997).
double chart_limit(double weight, double sigmas, double rho) {
  double r = rho * (1 - weight);
  return sigmas * std::sqrt(weight / (2 - weight) * (1 + r) / (1 - r));
}

double arcsine(std::int64_t part, std::int64_t whole) {
  return std::asin(std::sqrt((static_cast<double>(part) + 0.375) / (static_cast<double>(whole) + 0.75)));
}
double share_at(double x) {
  double s = std::sin(std::clamp(x, 0.0, 1.5707963));
  return s * s;
}

std::int64_t part_of(Signal signal, const Second& second) {
  switch (signal) {
    case Signal::kErrors: return second.errors;
    case Signal::kThrottled: return second.throttled;
    case Signal::kTimeouts: return second.timeouts;
    default: return 0;
  }
}

double plain_level(Signal signal, double x) {
  switch (signal) {
    case Signal::kLatency:
    case Signal::kTail:
    case Signal::kThroughput: return std::exp(x);
    default: return share_at(x);
  }
}

// Why it may be, from what else this second showed.
std::string likely_cause(Signal signal, bool more, const Second& second) {
  bool throttled = second.throttled * 50 > second.attempts;
  bool failing = (second.errors + second.timeouts) * 50 > second.attempts;
  switch (signal) {
    case Signal::kLatency:
      if (!more) return "the API answers faster than before";
      return throttled ? "the API is at its own limit" : "the API is slower for everyone, or the network is";
    case Signal::kTail:
      return more ? "some calls are slow: one slow server behind the API, or lost packets" : "";
    case Signal::kThroughput:
      if (more) return "calls end sooner than before";
      if (throttled) return "the API throttles: its limit is lower than ours";
      if (failing) return "calls fail and are repeated";
      return "calls take longer, or this machine is busy";
    case Signal::kErrors: return more ? "the API has trouble, or these rows are of another kind" : "";
    case Signal::kThrottled: return more ? "somebody else uses the same quota, or it was lowered" : "";
    case Signal::kTimeouts: return more ? "the API or the network stalls" : "";
    case Signal::kNulls:
      return more ? "these rows are of another kind, or the API's answer has changed its shape"
                  : "the API's answers have changed";
  }
  return "";
}

}  // namespace

const char* name_of(Signal signal) {
  static constexpr const char* names[kSignals] = {"latency",   "tail latency", "throughput", "errors",
                                                  "throttled", "timeouts",     "nulls"};
  return names[static_cast<std::size_t>(signal)];
}

const char* name_of(Shape shape) {
  static constexpr const char* names[] = {"spike", "shift", "drift"};
  return names[static_cast<std::size_t>(shape)];
}

Chart::Reading Chart::add(double value, double spread_min) {
  ++seen_;
  if (seen_ == 1) level_ = value;
  double spread = std::max(deviation_, spread_min / kToSigma) * kToSigma;
  bool learning = seen_ <= options_.learn || quick_learning_ > 0;
  double z = (value - level_) / spread;
  double weight = std::max(kLevelWeight, 1 / static_cast<double>(seen_));
  if (quick_learning_ > 0) {
    --quick_learning_;
    weight = kRelearnWeight;
  }
  if (!frozen_ || learning) {
    // While it learns from nothing, a value far away is no outlier yet.
    double step = seen_ <= 10 ? z : std::clamp(z, -2.0, 2.0);
    double distance = std::abs(value - level_);
    level_ += weight * step * spread;
    // What strays for long is not noise, and must not pass for it.
    if (learning || !straying_)
      deviation_ += weight * ((seen_ <= 10 ? distance : std::min(distance, 3 * spread)) - deviation_);
  }
  double tame = std::clamp(z, -2.0, 2.0);
  if (!frozen_ && !straying_) {
    product_ += weight * (tame * last_ - product_);
    square_ += weight * (tame * tame - square_);
  }
  last_ = tame;
  double rho = std::clamp(product_ / std::max(square_, kSquareMin), 0.0, kCorrelationMax);
  double clipped = learning ? 0 : std::clamp(z, -kClip, kClip);
  quick_ += kQuick * (clipped - quick_);
  slow_ += kSlow * (clipped - slow_);
  Reading out{quick_ / chart_limit(kQuick, options_.quick_limit, rho),
              slow_ / chart_limit(kSlow, options_.slow_limit, rho), level_, quick_, learning};
  straying_ = std::abs(out.slow) > kStraying || std::abs(out.quick) > kStraying;
  return out;
}

void Chart::relearn() {
  quick_learning_ = kRelearnValues;
  quick_ = slow_ = 0;
  frozen_ = false;
}

AnomalyWatch::AnomalyWatch(std::vector<std::string> columns, const Chart::Options& options) {
  for (Signal signal : {Signal::kLatency, Signal::kTail, Signal::kThroughput, Signal::kErrors,
                        Signal::kThrottled, Signal::kTimeouts}) {
    watched_.push_back({signal, "", Chart(options), {}, 0, 0, {}});
  }
  for (std::string& column : columns)
    watched_.push_back({Signal::kNulls, std::move(column), Chart(options), {}, 0, 0, {}});
}

std::optional<AnomalyWatch::Value> AnomalyWatch::value_of(const Watched& watched, const Second& second,
                                                          std::size_t column) {
  constexpr double kLatencySpread = 0.01;  // 1 %
  auto of_share = [](std::int64_t part, std::int64_t whole) -> std::optional<Value> {
    if (whole <= 0) return std::nullopt;
    auto n = static_cast<double>(whole);
    return Value{arcsine(part, whole), 0.5 / std::sqrt(n), static_cast<double>(part) / n};
  };
  switch (watched.signal) {
    case Signal::kLatency:
    case Signal::kTail: {
      if (second.answers < kAnswersMin) return std::nullopt;
      double s = seconds(watched.signal == Signal::kLatency ? second.latency_p50 : second.latency_p99);
      if (s <= 0) return std::nullopt;
      return Value{std::log(s), kLatencySpread, s};
    }
    case Signal::kThroughput: {
      if (!second.steady || second.attempts <= 0) return std::nullopt;
      double rate = static_cast<double>(second.attempts) / seconds(second.length);
      return Value{std::log(rate), 0.005 + 1 / static_cast<double>(second.attempts), rate};
    }
    case Signal::kNulls: {
      if (column >= second.columns.size()) return std::nullopt;
      return of_share(second.columns[column].nulls, second.columns[column].values);
    }
    default: return of_share(part_of(watched.signal, second), second.attempts);
  }
}

void AnomalyWatch::judge(Watched& watched, const Value& value, const Second& second,
                         std::vector<Anomaly>& out) {
  Chart::Reading reading = watched.chart.add(value.x, value.spread_min);
  bool alarm = !reading.learning && (std::abs(reading.quick) >= 1 || std::abs(reading.slow) >= 1);
  bool near = std::abs(reading.quick) >= 0.5 || std::abs(reading.slow) >= 0.5;
  if (!watched.open) {
    if (!alarm || (watched.quiet_until && second.at < *watched.quiet_until)) return;
    Anomaly found;
    found.signal = watched.signal;
    found.column = watched.column;
    found.shape = std::abs(reading.quick) >= std::abs(reading.slow) ? Shape::kShift : Shape::kDrift;
    found.since = second.at - second.length;
    found.at = second.at;
    found.normal = plain_level(watched.signal, reading.level);
    found.now = value.plain;
    found.sigmas = reading.sigmas;
    found.cause = likely_cause(watched.signal, reading.quick + reading.slow > 0, second);
    watched.open = found;
    watched.calm = 0;
    watched.worst = reading.sigmas;
    watched.chart.freeze(true);
    out.push_back(std::move(found));
    return;
  }
  Anomaly& open = *watched.open;
  if (std::abs(reading.sigmas) > std::abs(watched.worst)) {
    watched.worst = reading.sigmas;
    open.now = value.plain;
    open.sigmas = reading.sigmas;
  }
  watched.calm = near ? 0 : watched.calm + 1;
  bool lasts = second.at - open.since >= kNewNormal;
  if (watched.calm < kCalmToEnd && !lasts) return;
  if (lasts) {
    watched.chart.relearn();
  } else if (second.at - open.since <= kSpike + kCalmToEnd * second.length) {
    open.shape = Shape::kSpike;
  }
  watched.chart.freeze(false);
  watched.quiet_until = open.at + kApart;
  open.over = true;
  open.at = second.at;
  out.push_back(*std::exchange(watched.open, std::nullopt));
}

std::vector<Anomaly> AnomalyWatch::observe(const Second& second) {
  std::vector<Anomaly> out;
  std::size_t column = 0;
  for (Watched& watched : watched_) {
    std::size_t which = watched.signal == Signal::kNulls ? column++ : 0;
    if (auto value = value_of(watched, second, which)) judge(watched, *value, second, out);
  }
  return out;
}

void AnomalyWatch::pace_changed() {
  for (Watched& watched : watched_) {
    if (watched.signal == Signal::kThroughput) watched.chart.relearn();
  }
}

std::vector<Anomaly> AnomalyWatch::open() const {
  std::vector<Anomaly> out;
  for (const Watched& watched : watched_) {
    if (watched.open) out.push_back(*watched.open);
  }
  return out;
}

}  // namespace rowcall::policy
