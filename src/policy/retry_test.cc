// SPDX-License-Identifier: Apache-2.0
#include "policy/retry.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "policy/limiter_simulation.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using simulation::most_in_any_window;

constexpr Instant kStart{1h};

Trouble trouble(OutcomeClass outcome, int attempt = 1, int tries = 1) {
  Trouble trouble;
  trouble.outcome = outcome;
  trouble.attempt = attempt;
  trouble.tries = tries;
  return trouble;
}

Trouble transient(int attempt = 1) {
  return trouble(OutcomeClass::kTransient, attempt, attempt);
}

class RetryTest : public testing::Test {
 protected:
  /// So large a budget that nobody waits for it.
  static RetrySpec rich() {
    RetrySpec spec;
    spec.budget_per_s = 1e9;
    return spec;
  }
  /// Waits are those of the budget alone.
  static RetrySpec without_jitter() {
    RetrySpec spec;
    spec.base = Duration(0);
    return spec;
  }
  Dice dice_{42};
};

TEST_F(RetryTest, JitterIsFullUpToADoublingBoundAndACap) {
  Retry retry(rich(), &dice_);
  Duration bounds[] = {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms};
  for (int attempt = 1; attempt <= 7; ++attempt) {
    Duration bound = bounds[attempt - 1];
    Duration least = Duration::max();
    Duration most{};
    for (int i = 0; i < 2000; ++i) {
      Duration wait = retry.again(transient(attempt), kStart).value();
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_GE(least, 0ns);
    EXPECT_LT(least, bound / 50);
    EXPECT_LE(most, bound);
    EXPECT_GT(most, bound * 49 / 50);
  }
}

TEST_F(RetryTest, ThrottledAttemptsHaveALongerBaseAndTheSameCap) {
  Retry retry(rich(), &dice_);
  Duration most_first{};
  Duration most_late{};
  for (int i = 0; i < 2000; ++i) {
    most_first = std::max(most_first, *retry.again(trouble(OutcomeClass::kThrottled, 1, 0), kStart));
    most_late = std::max(most_late, *retry.again(trouble(OutcomeClass::kThrottled, 500, 0), kStart));
  }
  EXPECT_LE(most_first, 1s);
  EXPECT_GT(most_first, 980ms);
  EXPECT_LE(most_late, 20s);
  EXPECT_GT(most_late, 19s);
}

TEST_F(RetryTest, OnlyTransientAndThrottledAreTriedAgain) {
  Retry retry(rich(), &dice_);
  for (OutcomeClass outcome :
       {OutcomeClass::kSuccess, OutcomeClass::kNoMatch, OutcomeClass::kPermanent, OutcomeClass::kFatal}) {
    EXPECT_EQ(retry.again(trouble(outcome), kStart), std::nullopt) << name_of(outcome);
  }
  EXPECT_TRUE(retry.again(trouble(OutcomeClass::kTransient), kStart));
  EXPECT_TRUE(retry.again(trouble(OutcomeClass::kThrottled), kStart));
}

TEST_F(RetryTest, WhatCouldDoTheWorkTwiceIsNotRepeated) {
  Retry retry(rich(), &dice_);
  for (OutcomeClass outcome : {OutcomeClass::kTransient, OutcomeClass::kThrottled}) {
    Trouble once = trouble(outcome);
    once.repeatable = false;
    EXPECT_EQ(retry.again(once, kStart), std::nullopt);
  }
}

TEST_F(RetryTest, OnlyTriesThatWereNotThrottledCountForTheMaximum) {
  Retry retry(rich(), &dice_);
  EXPECT_TRUE(retry.again(trouble(OutcomeClass::kTransient, 7, 7), kStart));
  EXPECT_FALSE(retry.again(trouble(OutcomeClass::kTransient, 8, 8), kStart));
  EXPECT_TRUE(retry.again(trouble(OutcomeClass::kTransient, 100, 7), kStart));
  EXPECT_FALSE(retry.again(trouble(OutcomeClass::kTransient, 100, 8), kStart));
  EXPECT_TRUE(retry.again(trouble(OutcomeClass::kThrottled, 100, 8), kStart));
}

TEST_F(RetryTest, ARowHasADeadlineForItsRetriesButNotWhenThrottled) {
  Retry retry(rich(), &dice_);
  Trouble late = transient(2);
  late.spent = 10min - 1ns;
  EXPECT_TRUE(retry.again(late, kStart));
  late.spent = 10min;
  EXPECT_FALSE(retry.again(late, kStart));
  late.outcome = OutcomeClass::kThrottled;
  EXPECT_TRUE(retry.again(late, kStart));
}

TEST_F(RetryTest, RetryAfterIsAFloorAndSpreadsALittle) {
  Retry retry(rich(), &dice_);
  std::vector<Duration> waits;
  for (OutcomeClass outcome : {OutcomeClass::kTransient, OutcomeClass::kThrottled}) {
    Duration spread = outcome == OutcomeClass::kTransient ? 100ms : 1s;
    Duration most{};
    for (int i = 0; i < 1000; ++i) {
      Trouble told = trouble(outcome, 3, 3);
      told.retry_after = 30s;
      Duration wait = retry.again(told, kStart).value();
      EXPECT_GE(wait, 30s);
      EXPECT_LE(wait, 30s + spread);
      most = std::max(most, wait);
    }
    EXPECT_GT(most, 30s + spread * 9 / 10);
  }
  // A floor, not a ceiling.
  bool longer = false;
  for (int i = 0; i < 100; ++i) {
    Trouble told = transient(7);
    told.retry_after = 10ms;
    longer = longer || *retry.again(told, kStart) > 1s;
  }
  EXPECT_TRUE(longer);
}

TEST_F(RetryTest, TheSameSeedGivesTheSameWaits) {
  Dice one(7);
  Dice same(7);
  Dice other(8);
  Retry a(rich(), &one);
  Retry b(rich(), &same);
  Retry c(rich(), &other);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    auto wait = a.again(transient(3), kStart);
    EXPECT_EQ(wait, b.again(transient(3), kStart));
    differs = differs || wait != c.again(transient(3), kStart);
  }
  EXPECT_TRUE(differs);
}

TEST_F(RetryTest, AnEmptyBudgetMakesThemWaitAndFailsNone) {
  Retry retry(without_jitter(), &dice_);
  Duration last{};
  for (int i = 0; i < 50'000; ++i) {
    auto wait = retry.again(transient(), kStart);
    ASSERT_TRUE(wait);
    ASSERT_GE(*wait, last);  // in turn
    last = *wait;
  }
  // Ten a second, and a hundred that had been saved up.
  EXPECT_NEAR(seconds(last), (50'000 - 100) / 10., 0.5);
}

TEST_F(RetryTest, ThrottledAttemptsCostNoBudget) {
  RetrySpec spec = without_jitter();
  spec.throttled_base = Duration(0);
  Retry retry(spec, &dice_);
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_EQ(retry.again(trouble(OutcomeClass::kThrottled), kStart), Duration(0));
  }
  EXPECT_EQ(retry.again(transient(), kStart), Duration(0));
}

TEST_F(RetryTest, AShareOfTheGrantedRateIsAlwaysThere) {
  for (auto [granted, per_s] : {std::pair(0., 10.), std::pair(20., 10.), std::pair(5000., 500.),
                                std::pair(std::numeric_limits<double>::infinity(), 10.)}) {
    Retry retry(without_jitter(), &dice_, granted);
    Duration last{};
    for (int i = 0; i < 20'000; ++i) last = *retry.again(transient(), kStart);
    EXPECT_NEAR(seconds(last), 20'000 / per_s - 10, 0.2) << granted;
  }
}

TEST(RetryBudgetTest, TurnsThatNobodyNeededAreKeptForTenSeconds) {
  RetryBudget budget(0, 10);
  for (Instant now : {kStart, kStart + 1h}) {
    int at_once = 0;
    while (budget.take(now) == Duration(0)) ++at_once;
    EXPECT_EQ(at_once, 100);
  }
  // Half of them after five seconds.
  Instant now = kStart + 1h + 100ms + 5s;
  int at_once = 0;
  while (budget.take(now) == Duration(0)) ++at_once;
  EXPECT_EQ(at_once, 50);
}

TEST(RetryBudgetTest, ABudgetOfNothingIsAlmostNothing) {
  RetryBudget budget(0, 0);
  EXPECT_GT(budget.take(kStart), 3500s);
  Duration last{};
  for (int i = 0; i < 3'000'000; ++i) last = budget.take(kStart);
  EXPECT_GT(last, 24h * 300);
  EXPECT_LT(last, 24h * 400);  // nanoseconds would overflow
}

/// First attempts at an even pace.
class FirstAttempts {
 public:
  explicit FirstAttempts(RetryBudget* budget) : budget_(*budget) {}
  /// Those up to `now`, `per_s` a second.
  void until(Instant now, double per_s) {
    if (per_s <= 0) {
      next_ = now;
      return;
    }
    for (; next_ < now; next_ += from_seconds(1 / per_s)) budget_.first_attempt(next_);
  }

 private:
  RetryBudget& budget_;
  Instant next_ = kStart;
};

TEST(RetryBudgetTest, NeverMoreInTenSecondsThanItsShareItsTrickleAndWhatWasSaved) {
  constexpr double kShare = 0.1;
  constexpr double kPerS = 10;
  Dice dice(3);
  for (int round = 0; round < 60; ++round) {
    RetryBudget budget(kShare, kPerS);
    FirstAttempts firsts(&budget);
    std::vector<Instant> ready;
    double most_firsts = std::pow(10, 3.5 * dice.share());
    double per_s = most_firsts;
    double failures = 0;
    for (Instant now = kStart; now < kStart + 90s; now += 50ms) {
      if (round % 3 != 0 && dice.share() < 0.01) per_s = dice.share() < 0.3 ? 0 : most_firsts * dice.share();
      if (dice.share() < 0.02) failures = dice.share() < 0.4 ? 0 : std::pow(10, 3 * dice.share());
      firsts.until(now, per_s);
      for (double i = failures / 20; i > dice.share(); --i) ready.push_back(now + budget.take(now));
    }
    // The smoothed rate can be one attempt above the true one.
    double income = kPerS + kShare * (most_firsts + 1.1);
    double saved = 10 * income;
    EXPECT_LE(static_cast<double>(most_in_any_window(ready, 10s)), saved + 10 * income + 1)
        << "round " << round;
  }
}

TEST(RetryBudgetTest, AtASteadyRateAllOfTheBudgetIsUsed) {
  RetryBudget budget(0.1, 10);
  FirstAttempts firsts(&budget);
  std::vector<Instant> ready;
  for (Instant now = kStart; now < kStart + 80s; now += 10ms) {
    firsts.until(now, 2000);
    // From 20 s on, 1500 a second want to be tried again.
    for (int i = 0; now >= kStart + 20s && i < 15; ++i) ready.push_back(now + budget.take(now));
  }
  auto in_a_minute = std::count_if(ready.begin(), ready.end(), [](Instant at) { return at < kStart + 80s; });
  // Ten seconds' worth had been saved up.
  EXPECT_NEAR(static_cast<double>(in_a_minute), (10 + 60) * (10 + 0.1 * 2000), 30);
  EXPECT_NEAR(static_cast<double>(most_in_any_window(ready, 10s)), (10 + 10) * (10 + 0.1 * 2000), 30);
}

TEST(RetryBudgetTest, RetriesThatSucceedGiveTheirTurnBack) {
  // A quarter of the calls fail at first and succeed at their second attempt: far more than the share.
  for (bool give_back : {true, false}) {
    RetryBudget budget(0.1, 10);
    Duration longest_late{};
    for (int i = 0; i < 120'000; ++i) {
      Instant now = kStart + i * 1ms;
      budget.first_attempt(now);
      if (i % 4 != 0) continue;
      Duration wait = budget.take(now);
      if (give_back) budget.succeeded(now);
      if (i > 60'000) longest_late = std::max(longest_late, wait);
    }
    if (give_back) {
      EXPECT_EQ(longest_late, Duration(0));
    } else {
      EXPECT_GT(longest_late, 60s);
    }
  }
}

}  // namespace
}  // namespace rowcall::policy
