// SPDX-License-Identifier: Apache-2.0
#include "telemetry/latency_sketch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;

constexpr double kQuantiles[] = {0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1};

// Exactly the rank the header states.
double exact(const std::vector<double>& sorted, double q) {
  return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

void expect_close(const LatencySketch& sketch, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  ASSERT_EQ(sketch.count(), static_cast<std::int64_t>(values.size()));
  for (double q : kQuantiles) {
    double want = exact(values, q);
    double got = static_cast<double>(sketch.quantile(q).count());
    EXPECT_LE(std::abs(got - want), want * LatencySketch::kError * 1.0001 + 1) << "q " << q;
  }
}

TEST(LatencySketch, IsWithinOnePercentOfTheExactQuantiles) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> body(std::log(20e6), 0.2 * seed);  // from narrow to very wide
    LatencySketch sketch;
    std::vector<double> values;
    for (int i = 0; i < 20'000; ++i) {
      double ns = std::floor(std::clamp(body(random), 50e3, 120e9));
      values.push_back(ns);
      sketch.add(Duration(static_cast<std::int64_t>(ns)));
    }
    expect_close(sketch, values);
  }
}

TEST(LatencySketch, HoldsTheWholeRangeFrom50UsTo120S) {
  for (double ns = 50e3; ns <= 120e9; ns *= 1.0037) {
    LatencySketch sketch;
    sketch.add(Duration(static_cast<std::int64_t>(ns)));
    sketch.add(3600s);
    EXPECT_NEAR(static_cast<double>(sketch.quantile(0).count()), ns, ns * LatencySketch::kError * 1.0001);
  }
}

TEST(LatencySketch, MergedIsTheSameAsCountedTogether) {
  std::mt19937_64 random(7);
  std::exponential_distribution<double> wait(1 / 30e6);
  LatencySketch left, right, both;
  for (int i = 0; i < 5'000; ++i) {
    Duration d(60'000 + static_cast<std::int64_t>(wait(random)));
    (i % 3 == 0 ? left : right).add(d);
    both.add(d);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.max(), both.max());
  for (double q : kQuantiles) EXPECT_EQ(left.quantile(q), both.quantile(q)) << q;
}

TEST(LatencySketch, WhatIsOutOfRangeCountsAtTheEdge) {
  LatencySketch sketch;
  sketch.add(-5ns);
  sketch.add(0ns);
  sketch.add(1us);
  sketch.add(48h);
  EXPECT_EQ(sketch.count(), 4);
  EXPECT_NEAR(seconds(sketch.quantile(0.5)), 10e-6, 0.2e-6);
  EXPECT_EQ(sketch.max(), 48h);
}

TEST(LatencySketch, EmptyGivesZeroAndClearEmpties) {
  LatencySketch sketch;
  EXPECT_EQ(sketch.quantile(0.5), 0ns);
  sketch.add(20ms);
  sketch.clear();
  EXPECT_EQ(sketch.count(), 0);
  EXPECT_EQ(sketch.max(), 0ns);
}

}  // namespace
}  // namespace rowcall::telemetry
