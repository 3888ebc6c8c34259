// SPDX-License-Identifier: Apache-2.0
// What an alarm says and when it is over. How good the alarms are is measured in anomaly_runs_test.cc.
#include "policy/anomaly.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// A run in which every second is alike, but for what a test changes.
struct Steady {
  AnomalyWatch watch{{"score", "label"}};
  Second second;
  std::array<Second::Column, 2> columns{{{1000, 50}, {1000, 0}}};
  std::vector<Anomaly> told;
  int t = 0;

  Steady() {
    second.length = 1s;
    second.attempts = 1000;
    second.errors = 1;
    second.answers = 1000;
    second.latency_p50 = 20ms;
    second.latency_p99 = 60ms;
    go(150);
  }
  void go(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      Second now = second;
      now.at = Instant(std::chrono::seconds(++t));
      now.latency_p50 += t % 2 == 0 ? 400us : -400us;  // some life in it
      now.attempts += t % 3;
      now.columns = columns;
      for (Anomaly& anomaly : watch.observe(now)) told.push_back(std::move(anomaly));
    }
  }
};

TEST(Anomaly, ASteadyRunIsNoNews) {
  Steady run;
  run.go(3600);
  EXPECT_TRUE(run.told.empty());
}

TEST(Anomaly, AShiftIsToldAtOnceAndAgainWhenItIsOver) {
  Steady run;
  run.second.latency_p50 = 30ms;
  run.go(5);
  ASSERT_EQ(run.told.size(), 1u);
  EXPECT_EQ(run.told[0].signal, Signal::kLatency);
  EXPECT_FALSE(run.told[0].over);
  EXPECT_NEAR(run.told[0].normal, 0.020, 0.001);
  EXPECT_NEAR(run.told[0].now, 0.030, 0.001);
  EXPECT_GT(run.told[0].sigmas, 2);
  EXPECT_THAT(run.told[0].cause, HasSubstr("slower"));
  EXPECT_EQ(run.watch.open().size(), 1u);
  run.go(55);
  EXPECT_EQ(run.told.size(), 1u);
  run.second.latency_p50 = 20ms;
  run.go(120);
  ASSERT_EQ(run.told.size(), 2u);
  EXPECT_TRUE(run.told[1].over);
  EXPECT_EQ(run.told[1].shape, Shape::kShift);
  EXPECT_TRUE(run.watch.open().empty());
}

TEST(Anomaly, OneOddSecondIsNoAlarm) {
  Steady run;
  run.second.latency_p50 = 200ms;
  run.second.latency_p99 = 900ms;
  run.go(1);
  run.second.latency_p50 = 20ms;
  run.second.latency_p99 = 60ms;
  run.go(60);
  EXPECT_TRUE(run.told.empty());
}

TEST(Anomaly, AFewBadSecondsAreASpike) {
  Steady run;
  run.second.throttled = 200;
  run.go(3);
  run.second.throttled = 0;
  run.go(100);
  ASSERT_EQ(run.told.size(), 2u);
  EXPECT_EQ(run.told[0].signal, Signal::kThrottled);
  EXPECT_TRUE(run.told[1].over);
}

TEST(Anomaly, NullsOfOneColumnNameIt) {
  Steady run;
  run.columns[1].nulls = 100;
  run.go(10);
  ASSERT_EQ(run.told.size(), 1u);
  EXPECT_EQ(run.told[0].signal, Signal::kNulls);
  EXPECT_EQ(run.told[0].column, "label");
  EXPECT_NEAR(run.told[0].now, 0.1, 0.001);
}

TEST(Anomaly, WhatLastsTenMinutesIsTheNewNormal) {
  Steady run;
  run.second.latency_p50 = 40ms;
  run.go(1200);
  ASSERT_EQ(run.told.size(), 2u);
  EXPECT_TRUE(run.told[1].over);
  run.go(600);
  EXPECT_EQ(run.told.size(), 2u);
  EXPECT_TRUE(run.watch.open().empty());
}

TEST(Anomaly, AHoldIsNoLossOfThroughput) {
  Steady run;
  run.second.attempts = 3;
  run.second.answers = 0;
  run.second.errors = 0;
  run.columns = {{{0, 0}, {0, 0}}};
  run.second.steady = false;
  run.go(60);
  EXPECT_TRUE(run.told.empty());
}

TEST(Anomaly, APaceThatWasChangedIsNone) {
  Steady run;
  run.watch.pace_changed();
  run.second.attempts = 500;
  run.second.answers = 500;
  run.columns = {{{500, 25}, {500, 0}}};
  run.go(120);
  for (const Anomaly& anomaly : run.told) EXPECT_NE(anomaly.signal, Signal::kThroughput);
}

TEST(Anomaly, NothingIsSaidWhileItLearns) {
  AnomalyWatch watch({});
  for (int t = 1; t <= 90; ++t) {
    Second second;
    second.at = Instant(std::chrono::seconds(t));
    second.length = 1s;
    second.attempts = t % 2 == 0 ? 10 : 1000;
    second.errors = t % 5;
    EXPECT_TRUE(watch.observe(second).empty());
  }
}

}  // namespace
}  // namespace rowcall::policy
