// SPDX-License-Identifier: Apache-2.0
// The plain properties. Whether the interval holds is measured on whole runs: tests/sim/forecast_test.cc.
#include "policy/forecast.h"

#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

constexpr RateLimit kFast{5000, 1s};

// Ticks of 100 ms at a steady pace, going on from where the forecast stands.
struct Pace {
  Forecast forecast;
  Instant now{1h};
  double rows = 0;

  explicit Pace(std::span<const RateLimit> limits = {}, int rows_per_call = 1)
      : forecast(limits, rows_per_call) {}

  void go(Duration time, double rows_per_s) {
    for (Duration t{}; t < time; t += 100ms) {
      now += 100ms;
      rows += rows_per_s / 10;
      forecast.observe(now, static_cast<std::int64_t>(rows));
    }
  }
};

TEST(Forecast, SaysNothingAtTheStart) {
  Pace pace;
  EXPECT_FALSE(pace.forecast.estimate(1000).has_value());
  pace.go(1900ms, 1000);
  EXPECT_FALSE(pace.forecast.estimate(1000).has_value());
  pace.go(300ms, 1000);
  EXPECT_TRUE(pace.forecast.estimate(1000).has_value());
}

TEST(Forecast, GoesByThePaceFromTheFirstSecondsOn) {
  for (Duration seen : {Duration(5s), Duration(60s), Duration(3600s)}) {
    Pace pace;
    pace.go(seen, 2000);
    EXPECT_NEAR(pace.forecast.basis(400'000)->estimate_s, 200, 4);
  }
}

TEST(Forecast, FollowsAChangeButNotEveryHiccup) {
  Pace pace;
  pace.go(600s, 4000);
  pace.go(3s, 0);
  EXPECT_GT(pace.forecast.rows_per_s(), 0.93 * 4000);
  pace.go(60s, 1000);
  EXPECT_LT(pace.forecast.rows_per_s(), 0.6 * 4000);
  pace.go(1200s, 1000);
  EXPECT_NEAR(pace.forecast.rows_per_s(), 1000, 60);
}

TEST(Forecast, IsNeverBelowWhatTheLimitAllows) {
  RateLimit limits[] = {kFast};
  Pace pace(limits);
  pace.go(60s, 20'000);
  FinishForecast told = *pace.forecast.estimate(1'000'000);
  EXPECT_NEAR(seconds(told.least), 199, 0.01);
  EXPECT_GE(told.low, told.least);
  EXPECT_GE(told.likely, told.low);
  EXPECT_GE(told.high, told.likely);
  EXPECT_EQ(least_time(100'000, {}), 0s);
}

TEST(Forecast, SeveralRowsShareACall) {
  RateLimit limits[] = {kFast};
  Pace pace(limits, 10);
  pace.go(60s, 50'000);
  EXPECT_NEAR(seconds(pace.forecast.estimate(1'000'000)->least), 19, 0.01);
}

TEST(Forecast, ADaysLimitDoesNotStretchWhatFitsIntoTheDay) {
  RateLimit limits[] = {{1'000'000, 24h}};
  EXPECT_EQ(least_time(500'000, limits), 0s);
  EXPECT_EQ(least_time(1'500'000, limits), 12h);
}

TEST(Forecast, AHoldIsAddedToBothEnds) {
  Pace pace;
  pace.go(60s, 1000);
  FinishForecast without = *pace.forecast.estimate(50'000);
  pace.forecast.observe(pace.now, static_cast<std::int64_t>(pace.rows), 5s);
  FinishForecast with = *pace.forecast.estimate(50'000);
  EXPECT_EQ(with.least - without.least, 5s);
  EXPECT_NEAR(seconds(with.low - without.low), 5, 1e-6);
  EXPECT_NEAR(seconds(with.high - without.high), 5, 1e-6);
}

TEST(Forecast, StandingStillHasNoEnd) {
  Pace pace;
  pace.go(30s, 0);
  EXPECT_FALSE(pace.forecast.estimate(1000).has_value());
}

TEST(Forecast, ASlowerRunHasAWiderInterval) {
  RateLimit limits[] = {kFast};
  Pace at_the_limit(limits);
  at_the_limit.go(60s, 4950);
  Pace below(limits);
  below.go(60s, 2000);
  auto width = [](const FinishForecast& told) {
    return seconds(told.high - told.low) / seconds(told.likely);
  };
  EXPECT_LT(width(*at_the_limit.forecast.estimate(300'000)), width(*below.forecast.estimate(120'000)));
}

TEST(Forecast, BeforeARunTheLimitOrTheLinesDecide) {
  RateLimit limits[] = {{1000, 1s}};
  FinishForecast by_limit = *forecast_before(100'000, 1, limits, 20ms, 64);
  EXPECT_EQ(by_limit.least, 99s);
  EXPECT_LT(seconds(by_limit.likely), 110);
  FinishForecast by_lines = *forecast_before(100'000, 1, limits, 200ms, 64);
  EXPECT_GT(seconds(by_lines.likely), 250);
  EXPECT_FALSE(forecast_before(-1, 1, limits, 20ms, 64).has_value());
  EXPECT_FALSE(forecast_before(10, 1, limits, 0ms, 64).has_value());
}

}  // namespace
}  // namespace rowcall::policy
