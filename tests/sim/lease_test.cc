// SPDX-License-Identifier: Apache-2.0
// One limit for a whole cluster, over a thousand runs full of trouble; and each rule of the protocol taken
// away in turn, to show that these tests would notice.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <vector>

#include "tests/sim/lease_world.h"
#include "tests/sim/seeds.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;

ClusterOptions troubled(std::uint64_t seed) {
  ClusterOptions options;
  options.seed = seed;
  options.lost = 0.05 + 0.15 * static_cast<double>(seed % 4) / 3;
  options.repeated = 0.05;
  options.very_late = 0.03;
  options.clock_rates = 5e-4;
  options.crashes = options.partitions = options.restarts = options.pauses = true;
  return options;
}

bool strict(const ClusterOutcome& outcome, const ClusterOptions& options) {
  return outcome.breach.empty() && outcome.worst_sent <= options.limit.calls &&
         outcome.worst_arrived <= options.limit.calls;
}

TEST(Lease, AThousandTroubledRunsKeepTheLimit) {
  for (std::uint64_t seed = 1; seed <= seeds(1000); ++seed) {
    ClusterOptions options = troubled(seed);
    options.workers = 2 + static_cast<int>(seed % 7);
    options.limit.calls = seed % 10 == 0 ? 3 : 200;
    options.calls = options.limit.calls * 12;
    ClusterOutcome outcome = play_cluster(options);
    ASSERT_EQ(outcome.breach, "") << "seed " << seed;
    ASSERT_LE(outcome.worst_sent, options.limit.calls) << "seed " << seed;
    ASSERT_LE(outcome.worst_arrived, options.limit.calls) << "seed " << seed;
    ASSERT_TRUE(outcome.finished) << "seed " << seed;
  }
}

TEST(Lease, TroubledRunsKeepALimitThatIsInARedis) {
  for (std::uint64_t seed = 1; seed <= seeds(300); ++seed) {
    ClusterOptions options = troubled(seed);
    options.redis = true;
    options.workers = 2 + static_cast<int>(seed % 7);
    options.limit.calls = seed % 10 == 0 ? 3 : 200;
    options.calls = options.limit.calls * 12;
    ClusterOutcome outcome = play_cluster(options);
    ASSERT_EQ(outcome.breach, "") << "seed " << seed;
    ASSERT_LE(outcome.worst_sent, options.limit.calls) << "seed " << seed;
    ASSERT_LE(outcome.worst_arrived, options.limit.calls) << "seed " << seed;
    ASSERT_TRUE(outcome.finished) << "seed " << seed;
  }
}

class LeaseRule : public testing::TestWithParam<Broken> {};

TEST_P(LeaseRule, IsMissedWhenItIsBroken) {
  int noticed = 0;
  int over = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    ClusterOptions options = troubled(seed);
    options.broken = GetParam();
    if (GetParam() == Broken::kOldGrantsIgnored || GetParam() == Broken::kOldReportsIgnored)
      options.very_late = 0.2;
    ClusterOutcome outcome = play_cluster(options);
    noticed += strict(outcome, options) ? 0 : 1;
    over += outcome.worst_sent > options.limit.calls ? 1 : 0;
  }
  std::cout << "noticed in " << noticed << " of 60 runs, " << over << " really went over\n";
  EXPECT_GT(noticed, 0);
  EXPECT_GT(over, 0);
}

INSTANTIATE_TEST_SUITE_P(EachInTurn, LeaseRule,
                         testing::Values(Broken::kChargeBeforeGrant, Broken::kShrinkAcknowledged,
                                         Broken::kReturnedCool, Broken::kLostCool, Broken::kLeaseWaitedFor,
                                         Broken::kLeaseEnds, Broken::kSilentAfterRestart,
                                         Broken::kOldGrantsIgnored, Broken::kOldReportsIgnored));

TEST(Lease, NearlyAllOfTheLimitIsUsedHoweverSkewedTheWork) {
  std::vector<double> used;
  double messages_most = 0;
  for (std::uint64_t seed = 1; seed <= 41; ++seed) {
    ClusterOptions options = troubled(seed);
    options.limit.calls = 1000;
    options.workers = 16;
    options.calls = 60'000;
    options.troubles = 1;
    options.lost = 0.1;
    ClusterOutcome outcome = play_cluster(options);
    ASSERT_TRUE(strict(outcome, options)) << "seed " << seed << ": " << outcome.breach;
    ASSERT_TRUE(outcome.finished);
    used.push_back(outcome.utilisation);
    messages_most = std::max(messages_most, outcome.messages_most_per_s);
  }
  std::ranges::sort(used);
  std::cout << "of the limit used, 16 workers, skew 1.2, a minute with a crash, a partition of up to 7 s, a "
               "coordinator restart and 10 % loss: least "
            << used.front() << ", median " << used[used.size() / 2] << "; messages in any second at most "
            << messages_most << "\n";
  EXPECT_GE(used[used.size() / 2], 0.93);
}

TEST(Lease, ACalmClusterUsesNearlyAll) {
  ClusterOptions options;
  options.limit.calls = 1000;
  options.workers = 16;
  options.calls = 60'000;
  ClusterOutcome outcome = play_cluster(options);
  ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
  std::cout << "calm: of the limit used " << outcome.utilisation << "; messages per second "
            << static_cast<double>(outcome.messages) / seconds(outcome.took) << ", at most "
            << outcome.messages_most_per_s << "\n";
  EXPECT_GE(outcome.utilisation, 0.95);
  EXPECT_LE(static_cast<double>(outcome.messages) / seconds(outcome.took), 150);
}

TEST(Lease, ACalmClusterUsesNearlyAllOfALimitThatIsInARedis) {
  ClusterOptions options;
  options.redis = true;
  options.limit.calls = 1000;
  options.workers = 16;
  options.calls = 60'000;
  ClusterOutcome outcome = play_cluster(options);
  ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
  std::cout << "calm, Redis: of the limit used " << outcome.utilisation
            << ", the silence at the start included; "
            << "messages per second " << static_cast<double>(outcome.messages) / seconds(outcome.took)
            << "\n";
  // The key is new: four seconds of the minute pass in silence.
  EXPECT_GE(outcome.utilisation, 0.88);
  EXPECT_LE(static_cast<double>(outcome.messages) / seconds(outcome.took), 400);
}

// The first two are given everything, and asked for half of it back before they have told that they have it.
TEST(Lease, WorkersThatBeginTogetherShareAtOnce) {
  std::vector<double> took;
  for (std::uint64_t seed = 1; seed <= 21; ++seed) {
    ClusterOptions options;
    options.seed = seed;
    options.limit.calls = 5000;
    options.workers = 4;
    options.skew = 0;
    options.calls = 5000;
    ClusterOutcome outcome = play_cluster(options);
    ASSERT_TRUE(strict(outcome, options)) << "seed " << seed << ": " << outcome.breach;
    ASSERT_TRUE(outcome.finished);
    took.push_back(seconds(outcome.took));
  }
  std::ranges::sort(took);
  EXPECT_LE(took[took.size() / 2], 1.15);
}

// As Spark's tasks do: 16 of very different size in 4 slots.
TEST(Lease, WorkersThatFollowOneAnotherUseNearlyAll) {
  for (Duration gap : {20ms, 200ms, 500ms}) {
    ClusterOptions options;
    options.limit.calls = 5000;
    options.workers = 16;
    options.slots = 4;
    options.gap = gap;
    options.calls = 200'000;
    ClusterOutcome outcome = play_cluster(options);
    ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
    ASSERT_TRUE(outcome.finished);
    std::cout << "16 workers in 4 slots, " << seconds(gap) << " s between two: of the limit used "
              << outcome.utilisation << "\n";
    EXPECT_GE(outcome.utilisation, 0.945);
  }
}

TEST(Lease, WorkersThatCannotMoreLeaveTheRestToOthers) {
  ClusterOptions options;
  options.limit.calls = 1000;
  options.workers = 8;
  options.skew = 0;
  options.calls = 20'000;
  options.worker_rate_max = 200;  // eight times 200 are more than the limit
  ClusterOutcome outcome = play_cluster(options);
  ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
  EXPECT_GE(outcome.utilisation, 0.93);
}

TEST(Lease, MoreWorkersThanPermitsTakeTurns) {
  ClusterOptions options;
  options.limit.calls = 3;
  options.workers = 10;
  options.skew = 0;
  options.calls = 150;
  ClusterOutcome outcome = play_cluster(options);
  ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
  EXPECT_TRUE(outcome.finished);
  EXPECT_GE(outcome.utilisation, 0.6);
}

TEST(Lease, AThousandWorkers) {
  ClusterOptions options;
  options.limit.calls = 20'000;
  options.workers = 1000;
  options.skew = 0.5;
  options.calls = 300'000;
  ClusterOutcome outcome = play_cluster(options);
  ASSERT_TRUE(strict(outcome, options)) << outcome.breach;
  double messages = static_cast<double>(outcome.messages) / seconds(outcome.took);
  std::cout << "1000 workers: of the limit used " << outcome.utilisation << "; messages per second "
            << messages << "\n";
  EXPECT_LE(messages, 6000);
}

}  // namespace
}  // namespace rowcall::sim
