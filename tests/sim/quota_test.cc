// SPDX-License-Identifier: Apache-2.0
// Whole runs under quotas of the calendar and with calls that weigh more than one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

#include "policy/dice.h"
#include "tests/sim/seeds.h"
#include "tests/sim/sim_run.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

WallTime at_time(int day_of_march, Duration time) {
  return std::chrono::sys_days(std::chrono::year(2026) / 3 /
                               std::chrono::day(static_cast<unsigned>(day_of_march))) +
         time;
}

/// Calls a day, as the server's calendar has them.
std::map<WallTime, std::int64_t> by_day(const Scenario& scenario, const Outcome& outcome) {
  std::map<WallTime, std::int64_t> days;
  for (const Seen& seen : outcome.seen) {
    WallTime at = scenario.wall + (seen.at - outcome.begun);
    ++days[std::chrono::floor<std::chrono::days>(at)];
  }
  return days;
}

TEST(Quota, ARunWaitsForTheNextDay) {
  Scenario scenario;
  scenario.source.rows = 700;
  scenario.job.limits.rate = {{100, 1s}, {300, 24h, Renewal{}}};
  scenario.wall = at_time(1, 22h);
  scenario.give_up_after = 72h;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << outcome.report.error.text();
  EXPECT_EQ(outcome.report.counts[Ending::kOk], 700);
  std::map<WallTime, std::int64_t> expected{
      {at_time(1, 0s), 300}, {at_time(2, 0s), 300}, {at_time(3, 0s), 100}};
  EXPECT_EQ(by_day(scenario, outcome), expected);
  EXPECT_THAT(outcome.holds, testing::Contains(HasSubstr("quota")));
  // To wait for a quota is no trouble: breaker.max_hold, half an hour, has not ended it.
  EXPECT_GT(outcome.report.duration, 26h);
  EXPECT_EQ(outcome.report.worst[1].calls, 300);
}

TEST(Quota, WhatAnEarlierRunHasUsedIsUsed) {
  Scenario scenario;
  scenario.source.rows = 200;
  scenario.job.limits.rate = {{100, 1s}, {300, 24h, Renewal{}}};
  scenario.wall = at_time(1, 12h);
  scenario.give_up_after = 72h;
  for (int i = 0; i < 250; ++i) scenario.earlier_sends.emplace_back(1h + i * 1s, 1);
  for (int i = 0; i < 250; ++i) scenario.earlier_sends.emplace_back(13h + i * 1s, 1);  // yesterday
  Outcome outcome = play(scenario);
  std::map<WallTime, std::int64_t> expected{{at_time(1, 0s), 50}, {at_time(2, 0s), 150}};
  EXPECT_EQ(by_day(scenario, outcome), expected);
}

TEST(Quota, ARunThatGoesOnWithinASecondKeepsTheLimitOfTheSecond) {
  Scenario scenario;
  scenario.source.rows = 300;
  scenario.job.limits.rate = {{100, 1s}};
  for (int i = 0; i < 100; ++i) scenario.earlier_sends.emplace_back(i * 5ms, 1);
  Outcome outcome = play(scenario);
  std::vector<Instant> all;
  for (const auto& [ago, weight] : scenario.earlier_sends) all.push_back(outcome.begun - ago);
  for (const Seen& seen : outcome.seen) all.push_back(seen.at);
  std::ranges::sort(all);
  std::size_t worst = 0;
  for (std::size_t from = 0, to = 0; to < all.size(); ++to) {
    while (all[from] + 1s <= all[to]) ++from;
    worst = std::max(worst, to - from + 1);
  }
  EXPECT_LE(worst, 100u);
  EXPECT_EQ(outcome.report.counts[Ending::kOk], 300);
}

TEST(Weight, ACallTakesAsManyPermitsAsItWeighs) {
  Scenario scenario;
  scenario.source.rows = 2000;
  scenario.job.limits.rate = {{1000, 1s}};
  scenario.job.limits.weight = 3;
  Outcome outcome = play(scenario);
  EXPECT_EQ(outcome.report.counts[Ending::kOk], 2000);
  EXPECT_LE(outcome.worst_second, 333);
  EXPECT_GE(outcome.worst_second, 320);
  EXPECT_LE(outcome.report.worst[0].calls, 1000);
  EXPECT_GE(outcome.report.worst[0].calls, 960);
}

TEST(Weight, OneLimitInCallsAndOneInWhatTheyWeigh) {
  Scenario scenario;
  scenario.source.rows = 2000;
  scenario.job.limits.rate = {{200, 1s, std::nullopt, true}, {900, 1s}};
  scenario.job.limits.weight = 3;
  Outcome outcome = play(scenario);
  EXPECT_EQ(outcome.report.counts[Ending::kOk], 2000);
  EXPECT_LE(outcome.worst_second, 200);
  EXPECT_GE(outcome.worst_second, 190);
  EXPECT_LE(outcome.report.worst[0].calls, 200);
  EXPECT_LE(outcome.report.worst[1].calls, 600);
}

// Rows 1 to 2,000, each as heavy as its number: those from 501 on could never be sent.
TEST(Weight, AColumnSaysItRowByRow) {
  Scenario scenario;
  scenario.source.rows = 600;
  scenario.job.limits.rate = {{500, 1s}};
  scenario.job.limits.weight_column = "id";
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  // Row 0 has no weight, those from 501 on are heavier than the limit.
  EXPECT_EQ(outcome.report.counts[Ending::kOk], 500);
  EXPECT_EQ(outcome.report.counts[Ending::kFailed], 100);
  EXPECT_THAT(outcome.failures, testing::Contains(HasSubstr("as the weight of the row")));
  EXPECT_LE(outcome.report.worst[0].calls, 500);
  // Of every second at least half is used, though no two of the heavy ones fit into one: 125,250 in all.
  EXPECT_LT(seconds(outcome.report.duration), 2 * 125'250. / 500);
}

TEST(Weight, AColumnThatIsNotThereIsToldAtOnce) {
  Scenario scenario;
  scenario.job.limits.weight_column = "tokens";
  Outcome outcome = play(scenario);
  EXPECT_EQ(outcome.report.end, RunEnd::kFailed);
  EXPECT_THAT(outcome.report.error.text(), HasSubstr("limits.weight_column"));
}

// Random weights and quotas over a renewal, from three hundred seeds: no window over its limit, no period
// over its quota.
TEST(Quota, ThreeHundredSeeds) {
  for (std::uint64_t seed = 1; seed <= seeds(300); ++seed) {
    policy::Dice dice(seed * 31);
    Scenario scenario;
    scenario.seed = seed;
    scenario.source.rows = 300;
    std::int64_t weight = 1 + static_cast<std::int64_t>(dice.share() * 5);
    std::int64_t quota = weight * (200 + static_cast<std::int64_t>(dice.share() * 100));
    Renewal renewal{.minute = static_cast<int>(dice.share() * 1440)};
    scenario.job.limits.weight = weight;
    scenario.job.limits.rate = {{100, 1s}, {quota, 24h, renewal}};
    Duration of_day = std::chrono::minutes(renewal.minute);
    scenario.wall = at_time(2, of_day) - from_seconds(60 * dice.share());
    scenario.server.fail_503 = 0.1 * dice.share();
    scenario.give_up_after = 72h;
    Outcome outcome = play(scenario);
    ASSERT_FALSE(outcome.hung) << seed;
    ASSERT_EQ(outcome.report.counts.ended(), 300) << seed;
    for (const WorstWindow& worst : outcome.report.worst) ASSERT_LE(worst.calls, worst.limit) << seed;
    std::map<WallTime, std::int64_t> periods;
    for (const Seen& seen : outcome.seen) {
      WallTime at = scenario.wall + (seen.at - outcome.begun) - of_day;
      periods[std::chrono::floor<std::chrono::days>(at)] += weight;
    }
    for (const auto& [begin, sum] : periods) ASSERT_LE(sum, quota) << seed;
  }
}

}  // namespace
}  // namespace rowcall::sim
