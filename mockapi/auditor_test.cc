// SPDX-License-Identifier: Apache-2.0
#include "mockapi/auditor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rowcall::mockapi {
namespace {

constexpr Instant kStart{std::chrono::hours(1)};

Instant at(Duration after) {
  return kStart + after;
}

/// The definition, word for word: for each arrival, count those in (t - P, t].
std::pair<std::int64_t, std::int64_t> by_definition(const std::vector<Instant>& times,
                                                    const RateLimit& limit) {
  std::int64_t worst = 0;
  std::int64_t over = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::int64_t in_window = 0;
    for (std::size_t j = 0; j <= i; ++j) in_window += times[i] - times[j] < limit.period;
    worst = std::max(worst, in_window);
    over += in_window > limit.calls;
  }
  return {worst, over};
}

TEST(SlidingWindow, ArrivalsAPeriodApartDoNotShareAWindow) {
  SlidingWindow window(1s);
  window.add(at(0s));
  window.add(at(1s));
  EXPECT_EQ(window.worst(), 1);
  window.add(at(2s - 1ns));
  EXPECT_EQ(window.worst(), 2);
  EXPECT_EQ(window.worst_end(), at(2s - 1ns));
  EXPECT_EQ(window.count(at(2s)), 1);
  EXPECT_EQ(window.count(at(3s)), 0);
}

TEST(SlidingWindow, TimeThatGoesBackCountsAsTheLatest) {
  SlidingWindow window(1s);
  window.add(at(5s));
  window.add(at(1s));
  EXPECT_EQ(window.count(at(5s)), 2);
  EXPECT_EQ(window.count(at(6s)), 0);
}

TEST(SlidingWindow, CrowdedWindowsNeverCountTooFew) {
  SlidingWindow window(1s);
  const std::int64_t arrivals = 2'500'000;
  for (std::int64_t i = 0; i < arrivals; ++i) window.add(at(Duration(i * 200)));  // Half a second in all.
  EXPECT_EQ(window.worst(), arrivals);
  // The first exact ones leave on time, the merged ones late by less than a slice.
  EXPECT_EQ(window.count(at(1s + Duration(199))), arrivals - 1);
  auto left = window.count(at(1s + 400ms));
  EXPECT_GE(left, arrivals - 2'000'001);
  EXPECT_LE(left, arrivals - 2'000'001 + 1s / (1 << 20) / 200ns + 1);
}

TEST(Auditor, AgreesWithTheDefinitionOnRandomArrivals) {
  std::mt19937_64 dice(11);
  const RateLimit limit{40, 100ms};
  for (int round = 0; round < 20; ++round) {
    std::vector<Instant> times;
    Instant now = kStart;
    for (int i = 0; i < 1'000; ++i) {
      now += Duration(dice() % (round % 2 == 0 ? 5'000'000 : 3'000'000));
      times.push_back(now);
    }
    Auditor auditor({}, {limit}, Duration::zero());
    for (Instant time : times) auditor.arrived(time);
    Findings found = auditor.findings();
    auto [worst, over] = by_definition(times, limit);
    EXPECT_EQ(found.limits[0].worst, worst);
    EXPECT_EQ(found.limits[0].over, over);
    EXPECT_EQ(found.worst_100ms, worst);
    EXPECT_EQ(found.worst_1s, by_definition(times, {1, 1s}).first);
  }
}

TEST(Auditor, OneArrivalTooManyIsOneOver) {
  Auditor auditor({}, {{5, 1s}}, Duration::zero());
  for (int i = 0; i < 5; ++i) auditor.arrived(at(i * 200ms));
  auditor.arrived(at(1s));  // The first one has just left.
  EXPECT_EQ(auditor.findings().limits[0].over, 0);
  auditor.arrived(at(1s + 199ms));
  Findings found = auditor.findings();
  EXPECT_EQ(found.limits[0].over, 1);
  EXPECT_EQ(found.limits[0].worst, 6);
  EXPECT_EQ(found.limits[0].worst_after, 1199ms);
}

TEST(Auditor, ShareOfTheLimitUsed) {
  Auditor auditor({{10, 1s}}, {{1000, 1min}}, Duration::zero());
  for (int i = 0; i <= 20; ++i) auditor.arrived(at(i * 200ms));  // 21 in 4 s.
  Findings found = auditor.findings();
  EXPECT_EQ(found.duration(), 4s);
  EXPECT_DOUBLE_EQ(found.mean_rate(), 21 / 4.0);
  EXPECT_DOUBLE_EQ(found.limits[0].share_used, 21 / 40.0);
  // A minute has not passed, yet all its calls were allowed.
  EXPECT_DOUBLE_EQ(found.limits[1].share_used, 21 / 1000.0);
}

TEST(Auditor, SortsLateStampsIn) {
  std::mt19937_64 dice(3);
  const RateLimit limit{100, 100ms};
  std::vector<Instant> times;
  for (int i = 0; i < 5'000; ++i)
    times.push_back(at(Duration(i * 1'000'000L + static_cast<std::int64_t>(dice() % 900'000))));
  std::vector<Instant> shuffled = times;
  for (std::size_t i = 0; i < shuffled.size(); i += 50) {
    std::shuffle(shuffled.begin() + i, shuffled.begin() + i + 50, dice);
  }
  Auditor sorted({}, {limit}, Duration::zero());
  for (Instant time : times) sorted.arrived(time);
  Auditor late({}, {limit}, 100ms);
  for (Instant time : shuffled) late.arrived(time);
  Findings expected = sorted.findings();
  Findings found = late.findings();
  EXPECT_EQ(found.limits[0].worst, expected.limits[0].worst);
  EXPECT_EQ(found.limits[0].over, expected.limits[0].over);
  EXPECT_EQ(found.first, expected.first);
  EXPECT_EQ(found.last, expected.last);
  EXPECT_EQ(found.arrivals, 5'000);
}

TEST(Auditor, TheSameLimitTwiceIsWatchedOnce) {
  Auditor auditor({{5, 1s}}, {{5, 1s}, {6, 1s}}, Duration::zero());
  ASSERT_EQ(auditor.findings().limits.size(), 2u);
  EXPECT_TRUE(auditor.findings().limits[0].refuses);
  EXPECT_FALSE(auditor.findings().limits[1].refuses);
}

TEST(Auditor, ChangedLimitsKeepWhatWasFound) {
  Auditor auditor({{2, 1s}}, {}, Duration::zero());
  for (int i = 0; i < 3; ++i) auditor.arrived(at(0s));
  auditor.enforce({{9, 1s}});
  for (int i = 0; i < 3; ++i) auditor.arrived(at(2s));
  Findings found = auditor.findings();
  ASSERT_EQ(found.limits.size(), 2u);
  EXPECT_FALSE(found.limits[0].refuses);
  EXPECT_EQ(found.limits[0].over, 2);
  EXPECT_TRUE(found.limits[1].refuses);
  EXPECT_EQ(found.limits[1].over, 0);
}

TEST(Auditor, NothingArrived) {
  Auditor auditor({{5, 1s}}, {}, 100ms);
  Findings found = auditor.findings();
  EXPECT_EQ(found.arrivals, 0);
  EXPECT_EQ(found.mean_rate(), 0);
  EXPECT_EQ(found.limits[0].share_used, 0);
}

}  // namespace
}  // namespace rowcall::mockapi
