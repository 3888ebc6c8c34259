// SPDX-License-Identifier: Apache-2.0
// How good are the alarms? Runs of two hours on seeds that were not used to choose anything, mishaps of ten
// kinds; beside an EWMA z > 3 baseline over the same figures.
//
// Events are counted, not points: a mishap is found when an alarm begins in it (ten seconds of grace at its
// end). Any other alarm is a false one.
#include "policy/anomaly_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace rowcall::policy {
namespace {

constexpr std::uint64_t kUnseen = 5'000'000;
constexpr int kRuns = 60;
constexpr int kGrace = 10;

struct Score {
  int mishaps = 0;
  int found = 0;
  int alarms = 0;
  int false_alarms = 0;
  double hours = 0;
  std::vector<int> delays;
  std::array<std::vector<int>, kMishaps> delays_of;
  std::array<int, kMishaps> all_of{};

  void add(const RecordedRun& run, const std::vector<int>& alarms_at) {
    hours += static_cast<double>(run.seconds.size()) / 3600;
    for (const Injected& injected : run.mishaps) {
      ++mishaps;
      ++all_of[static_cast<std::size_t>(injected.mishap)];
      for (int at : alarms_at) {
        if (at < injected.from || at > injected.until + kGrace) continue;
        ++found;
        delays.push_back(at - injected.from);
        delays_of[static_cast<std::size_t>(injected.mishap)].push_back(at - injected.from);
        break;
      }
    }
    for (int at : alarms_at) {
      bool right = std::ranges::any_of(
          run.mishaps, [at](const Injected& m) { return at >= m.from && at <= m.until + kGrace; });
      ++alarms;
      false_alarms += !right;
    }
  }
  double recall() const { return static_cast<double>(found) / mishaps; }
  double precision() const { return alarms == 0 ? 1 : 1 - static_cast<double>(false_alarms) / alarms; }
  double false_per_hour() const { return false_alarms / hours; }
  static int quantile(std::vector<int> values, double q) {
    if (values.empty()) return -1;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
  }
  void print(const char* name) const {
    std::printf("%-12s recall %.3f  precision %.3f  false alarms/h %.2f  delay p50 %d s, p90 %d s\n", name,
                recall(), precision(), false_per_hour(), quantile(delays, 0.5), quantile(delays, 0.9));
  }
};

std::vector<int> alarms_of_watch(const RecordedRun& run) {
  AnomalyWatch watch({"score"});
  std::vector<int> out;
  for (std::size_t t = 0; t < run.seconds.size(); ++t) {
    for (const Anomaly& anomaly : watch.observe(run.seconds[t])) {
      if (!anomaly.over) out.push_back(static_cast<int>(t));
    }
  }
  return out;
}

// The baseline: z of each figure by exponential mean and variance, an alarm above 3, one a minute and figure.
class Ewma {
 public:
  bool add(double x, int t) {
    double z = variance_ > 0 ? (x - mean_) / std::sqrt(variance_) : 0;
    bool alarm = ++seen_ > 100 && std::abs(z) > 3 && t >= quiet_until_;
    double weight = std::max(0.01, 1.0 / seen_);
    variance_ = (1 - weight) * (variance_ + weight * (x - mean_) * (x - mean_));
    mean_ += weight * (x - mean_);
    if (alarm) quiet_until_ = t + 60;
    return alarm;
  }

 private:
  int seen_ = 0;
  double mean_ = 0;
  double variance_ = 0;
  int quiet_until_ = 0;
};

std::vector<int> alarms_of_ewma(const RecordedRun& run) {
  std::array<Ewma, 7> charts;
  std::vector<int> out;
  for (std::size_t i = 0; i < run.seconds.size(); ++i) {
    const Second& s = run.seconds[i];
    auto n = static_cast<double>(s.attempts);
    auto nulls = static_cast<double>(s.columns[0].nulls) / static_cast<double>(s.columns[0].values);
    std::array<double, 7> x = {std::log(seconds(s.latency_p50)),
                               std::log(seconds(s.latency_p99)),
                               std::log(n),
                               static_cast<double>(s.errors) / n,
                               static_cast<double>(s.throttled) / n,
                               static_cast<double>(s.timeouts) / n,
                               nulls};
    for (std::size_t c = 0; c < x.size(); ++c) {
      if (charts[c].add(x[c], static_cast<int>(i))) out.push_back(static_cast<int>(i));
    }
  }
  return out;
}

TEST(AnomalyRuns, AlarmsAreRightAndQuick) {
  Score ours, baseline;
  for (int i = 0; i < kRuns; ++i) {
    RecordedRun run = recorded_run(kUnseen + static_cast<std::uint64_t>(i));
    ours.add(run, alarms_of_watch(run));
    baseline.add(run, alarms_of_ewma(run));
  }
  std::printf("%d runs of 2 h, %d mishaps of %d kinds\n", kRuns, ours.mishaps, kMishaps);
  ours.print("rowcall");
  baseline.print("EWMA z > 3");
  for (std::size_t kind = 0; kind < kMishaps; ++kind) {
    std::printf("  %-18s %zu of %d found, delay p50 %d s\n", name_of(static_cast<Mishap>(kind)),
                ours.delays_of[kind].size(), ours.all_of[kind], Score::quantile(ours.delays_of[kind], 0.5));
  }
  EXPECT_GE(ours.mishaps, 180);
  EXPECT_GE(ours.recall(), 0.98);
  EXPECT_GE(ours.precision(), 0.95);
  EXPECT_LE(ours.false_per_hour(), 0.3);
  EXPECT_LE(Score::quantile(ours.delays, 0.5), 2);
  EXPECT_LT(baseline.precision(), ours.precision());
}

}  // namespace
}  // namespace rowcall::policy
