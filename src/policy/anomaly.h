// SPDX-License-Identifier: Apache-2.0
// Is it still as it was? Watches a run second by second and says what has changed: latency, throughput,
// errors, throttling, timeouts, and how many nulls each response column has.
//
// Each figure has a chart of its own: a robust running level and spread, and two exponentially weighted
// means of the standardized deviation (EWMA control charts; Roberts, "Control chart tests based on
// geometric moving averages", 1959), a quick one for jumps and a slow one for creep. Deviations are clipped,
// so that one odd second is no alarm; shares are put on the arcsine scale (Anscombe 1948), where their spread
// does not depend on them. Nothing is told while the first hundred seconds are learned.
//
// A decision: time comes in. Any one thread. anomaly_test.cc measures recall, precision and delay.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "rowcall/time.h"

namespace rowcall::policy {

enum class Signal : std::uint8_t {
  kLatency,     ///< Median latency of complete answers.
  kTail,        ///< The 99th percentile.
  kThroughput,  ///< Attempts a second.
  kErrors,      ///< Share of attempts that were transient, permanent or fatal, timeouts apart.
  kThrottled,   ///< Share of attempts that were throttled.
  kTimeouts,    ///< Share of attempts that timed out.
  kNulls,       ///< Share of nulls in one response column.
};
inline constexpr int kSignals = 7;
const char* name_of(Signal signal);  ///< "latency", "tail latency", "throughput", "errors", ...

enum class Shape : std::uint8_t {
  kSpike,  ///< Back within five seconds.
  kShift,  ///< A jump.
  kDrift,  ///< A creep.
};
const char* name_of(Shape shape);  ///< "spike", "shift", "drift".

/// Something is not as it was.
struct Anomaly {
  Signal signal = Signal::kLatency;
  std::string column;  ///< For kNulls: which.
  Shape shape = Shape::kShift;
  bool over =
      false;  ///< false: it has begun, and goes on. true: it is as before again, or this is the new normal.
  Instant since{};
  Instant at{};       ///< When this was noticed.
  double normal = 0;  ///< What it was: seconds, attempts a second, or a share.
  double now = 0;     ///< What it is, averaged over the last seconds. When over: what it was at worst.
  double sigmas = 0;  ///< How far from normal, in standard deviations.
  std::string cause;  ///< The likely one, for people; empty: none that is likely.
};

/// What one second showed. Where calls are slow, several seconds at once.
struct Second {
  struct Column {
    std::int64_t values = 0;
    std::int64_t nulls = 0;
  };
  Instant at{};  ///< Its end.
  Duration length{};
  std::int64_t attempts = 0;
  std::int64_t errors = 0;
  std::int64_t throttled = 0;
  std::int64_t timeouts = 0;
  std::int64_t answers = 0;  ///< Complete ones: those with a latency.
  Duration latency_p50{};
  Duration latency_p99{};
  bool steady = true;  ///< Calls could have been sent all the time: nothing held, rows waiting.
  std::span<const Column> columns;
};

/// The chart of one figure.
class Chart {
 public:
  struct Options {
    int learn = 100;           ///< Values before anything is said.
    double quick_limit = 5.3;  ///< In standard deviations of the quick mean.
    double slow_limit = 6;
  };
  struct Reading {
    double quick = 0;  ///< Means over their limits: an alarm from 1 on.
    double slow = 0;
    double level = 0;   ///< The normal value, on the chart's scale.
    double sigmas = 0;  ///< The quick mean, in standard deviations of single values.
    bool learning = false;
  };

  Chart() = default;
  explicit Chart(const Options& options) : options_(options) {}

  /// Takes the next value in. `spread_min` is the least spread that is believed, on the same scale.
  Reading add(double value, double spread_min);
  /// The level holds still: what comes now is not normal, and must not become so.
  void freeze(bool frozen) { frozen_ = frozen; }
  /// What comes now is the new normal.
  void relearn();

  double level() const { return level_; }

 private:
  Options options_;
  std::int64_t seen_ = 0;
  int quick_learning_ = 0;
  bool frozen_ = false;
  bool straying_ = false;
  double level_ = 0;
  double deviation_ = 0;  ///< Mean absolute deviation.
  double product_ = 0;    ///< Of neighbouring deviations; over `square_` their correlation.
  double square_ = 0;
  double last_ = 0;
  double quick_ = 0;
  double slow_ = 0;
};

class AnomalyWatch {
 public:
  /// Names of the response columns, in the order of `Second::columns`. `options` hold for every chart.
  explicit AnomalyWatch(std::vector<std::string> columns, const Chart::Options& options = {});

  /// What has begun or is over with this second; mostly nothing.
  std::vector<Anomaly> observe(const Second& second);
  /// The pace was changed on purpose: another throughput is no anomaly.
  void pace_changed();
  /// What is going on at the moment.
  std::vector<Anomaly> open() const;

 private:
  struct Watched {
    Signal signal;
    std::string column;
    Chart chart;
    std::optional<Anomaly> open;
    int calm = 0;      ///< Values in a row within the limits.
    double worst = 0;  ///< Sigmas.
    std::optional<Instant> quiet_until;
  };
  struct Value {
    double x;  ///< On the chart's scale.
    double spread_min;
    double plain;  ///< In units for people.
  };

  static std::optional<Value> value_of(const Watched& watched, const Second& second, std::size_t column);
  void judge(Watched& watched, const Value& value, const Second& second, std::vector<Anomaly>& out);

  std::vector<Watched> watched_;
};

}  // namespace rowcall::policy
