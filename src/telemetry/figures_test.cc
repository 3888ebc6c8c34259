// SPDX-License-Identifier: Apache-2.0
#include "telemetry/figures.h"

#include <gtest/gtest.h>

namespace rowcall::telemetry {
namespace {

TEST(Figures, LimitsAsInAJobFileAndForPeople) {
  EXPECT_EQ(limit_text({5000, 1s}), "5000/s");
  EXPECT_EQ(limit_text({300, 1min}), "300/min");
  EXPECT_EQ(limit_text({10, 100ms}), "10/100ms");
  EXPECT_EQ(limit_text({7, 15s}), "7/15s");
  EXPECT_EQ(limit_text({1'000'000, 24h}), "1000000/day");
  EXPECT_EQ(limit_words({5000, 1s}), "5,000 per second");
  EXPECT_EQ(limit_words({1'000'000, 24h}), "1,000,000 per day");
  EXPECT_EQ(limit_words({10, 100ms}), "10 per 100 ms");
}

TEST(Figures, TheTightestLimitCounts) {
  EXPECT_EQ(calls_per_s_max({}), 0);
  RateLimit limits[] = {{5000, 1s}, {60'000, 1min}};
  EXPECT_EQ(calls_per_s_max(limits), 1000);
}

TEST(Figures, RatesAndShares) {
  EXPECT_EQ(mean_rate(1, 0s), 0);
  EXPECT_EQ(mean_rate(5001, 1s), 5000);
  EXPECT_DOUBLE_EQ(share_of_limit(49'001, 10s, {5000, 1s}), 0.98);
  EXPECT_DOUBLE_EQ(share_of_limit(100, 1ms, {5000, 1s}), 0.02);
  EXPECT_EQ(share_of_limit(0, 10s, {5000, 1s}), 0);
  EXPECT_DOUBLE_EQ(share_of_limit(200, 1100ms, {100, 1s}), 1);
  EXPECT_DOUBLE_EQ(share_of_limit(340, 3100ms, {100, 1s}), 1);
  EXPECT_DOUBLE_EQ(share_of_limit(800, 3100ms, {100, 1s}), 2);
  EXPECT_DOUBLE_EQ(share_of_limit(151, 1500ms, {100, 1s}), 1);
  EXPECT_DOUBLE_EQ(share_of_limit(121, 1500ms, {100, 1s}), 0.8);
}

TEST(Figures, PercentagesDoNotRoundToAllOrNothing) {
  EXPECT_EQ(percent_words(1'000'000, 1'000'000), "100 %");
  EXPECT_EQ(percent_words(999'999, 1'000'000), "99.99 %");
  EXPECT_EQ(percent_words(1, 1'000'000), "< 0.01 %");
  EXPECT_EQ(percent_words(0, 10), "0 %");
  EXPECT_EQ(percent_words(0, 0), "0 %");
  EXPECT_EQ(percent_words(1, 3), "33.33 %");
  EXPECT_EQ(percent_words(29, 100), "29.00 %");
}

TEST(Figures, Rates) {
  EXPECT_EQ(rate_words(4987.4), "4,987");
  EXPECT_EQ(rate_words(3.24), "3.2");
  EXPECT_EQ(rate_words(9.97), "10");
  EXPECT_EQ(rate_words(0), "0.0");
}

TEST(Figures, TimeLeftHasNoFalsePrecision) {
  EXPECT_EQ(time_left_words(0s), "5 s");
  EXPECT_EQ(time_left_words(41s), "45 s");
  EXPECT_EQ(time_left_words(58s), "1 min 00 s");
  EXPECT_EQ(time_left_words(197s), "3 min 20 s");
  EXPECT_EQ(time_left_words(595s), "10 min");
  EXPECT_EQ(time_left_words(24min + 3s), "25 min");
  EXPECT_EQ(time_left_words(59min + 30s), "1 h 00 min");
  EXPECT_EQ(time_left_words(2h + 7min), "2 h 10 min");
  EXPECT_EQ(time_left_words(75h + 30min), "3 d 4 h");
}

TEST(Figures, CostsHaveTwoPlacesOrTwoDigits) {
  EXPECT_EQ(cost_words(0), "0.00");
  EXPECT_EQ(cost_words(0.0042), "0.0042");
  EXPECT_EQ(cost_words(0.25), "0.25");
  EXPECT_EQ(cost_words(1), "1.00");
  EXPECT_EQ(cost_words(1234.5), "1,234.50");
}

TEST(Figures, Latencies) {
  EXPECT_EQ(latency_words(812us), "0.8 ms");
  EXPECT_EQ(latency_words(20'400us), "20 ms");
  EXPECT_EQ(latency_words(1240ms), "1.24 s");
  EXPECT_EQ(latency_words(30s), "30.0 s");
}

}  // namespace
}  // namespace rowcall::telemetry
