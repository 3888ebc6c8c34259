// SPDX-License-Identifier: Apache-2.0
#include "telemetry/time_left.h"

#include <gtest/gtest.h>

namespace rowcall::telemetry {
namespace {

constexpr RateLimit kFast{5000, 1s};

// Ticks of 100 ms at a steady pace, going on from where the estimate stands.
struct Pace {
  TimeLeft left;
  Instant now{1h};
  double rows = 0;

  void go(Duration time, double rows_per_s) {
    for (Duration t{}; t < time; t += 100ms) {
      now += 100ms;
      rows += rows_per_s / 10;
      left.observe(now, static_cast<std::int64_t>(rows));
    }
  }
};

TEST(TimeLeft, SaysNothingAtTheStart) {
  Pace pace;
  EXPECT_FALSE(pace.left.estimate(1000, 1, {}).has_value());
  pace.go(1900ms, 1000);
  EXPECT_FALSE(pace.left.estimate(1000, 1, {}).has_value());
  pace.go(300ms, 1000);
  EXPECT_TRUE(pace.left.estimate(1000, 1, {}).has_value());
}

TEST(TimeLeft, IsRightFromTheFirstSecondsOnAtASteadyPace) {
  for (Duration seen : {Duration(5s), Duration(60s), Duration(3600s)}) {
    Pace pace;
    pace.go(seen, 2000);
    EXPECT_NEAR(seconds(*pace.left.estimate(400'000, 1, {})), 200, 4);
  }
}

TEST(TimeLeft, FollowsAChangeButNotEveryHiccup) {
  Pace pace;
  pace.go(600s, 4000);
  pace.go(3s, 0);
  double after_a_hiccup = pace.left.rows_per_s();
  EXPECT_GT(after_a_hiccup, 0.93 * 4000);
  pace.go(60s, 1000);
  EXPECT_LT(pace.left.rows_per_s(), 0.6 * 4000);
  pace.go(1200s, 1000);
  EXPECT_NEAR(pace.left.rows_per_s(), 1000, 60);
}

TEST(TimeLeft, IsNeverBelowWhatTheLimitAllows) {
  Pace pace;
  pace.go(60s, 20'000);
  RateLimit limits[] = {kFast};
  EXPECT_NEAR(seconds(*pace.left.estimate(1'000'000, 1, limits)), 199, 0.01);
  EXPECT_NEAR(seconds(*pace.left.estimate(1'000'000, 10, limits)), 50, 1.5);  // by the rate
  EXPECT_EQ(least_time(100'000, {}), 0s);
}

TEST(TimeLeft, ADaysLimitDoesNotStretchWhatFitsIntoTheDay) {
  RateLimit limits[] = {{1'000'000, 24h}};
  EXPECT_EQ(least_time(500'000, limits), 0s);
  EXPECT_EQ(least_time(1'500'000, limits), 12h);
}

TEST(TimeLeft, StandingStillHasNoEnd) {
  Pace pace;
  pace.go(30s, 0);
  EXPECT_FALSE(pace.left.estimate(1000, 1, {}).has_value());
}

}  // namespace
}  // namespace rowcall::telemetry
