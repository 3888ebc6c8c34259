// SPDX-License-Identifier: Apache-2.0
#include "policy/limiter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "policy/dice.h"
#include "policy/limiter_simulation.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using simulation::most_in_any_window;

constexpr Instant kStart{1h};

LimitSpec spec_of(std::vector<RateLimit> rate) {
  LimitSpec spec;
  spec.rate = std::move(rate);
  return spec;
}

/// Sends as early as the limiter allows, on a clock that is exact; answers take 1 ms.
std::vector<Instant> send(Limiter* limiter, int count, Instant from = kStart) {
  std::vector<Instant> sent;
  Instant now = from;
  while (static_cast<int>(sent.size()) < count) {
    now = std::max(now, limiter->next(now));
    if (limiter->next(now) > now) continue;
    Permit permit = limiter->take(now);
    limiter->sent(permit, now);
    limiter->answered(permit, now, now + 1ms);
    sent.push_back(now);
  }
  return sent;
}

TEST(Limiter, WithoutALimitThereIsNothingToWaitFor) {
  Limiter limiter(spec_of({}));
  EXPECT_TRUE(limiter.unlimited());
  EXPECT_TRUE(std::isinf(limiter.rate_per_s()));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(limiter.next(kStart), kStart);
    limiter.sent(limiter.take(kStart), kStart);
  }
}

TEST(Limiter, TheRateIsThatOfTheTightestLimit) {
  EXPECT_DOUBLE_EQ(Limiter(spec_of({{5000, 1s}})).rate_per_s(), 5000);
  EXPECT_DOUBLE_EQ(Limiter(spec_of({{5000, 1s}, {60, 1min}})).rate_per_s(), 1);
  EXPECT_DOUBLE_EQ(Limiter(spec_of({{10, 1min}, {5000, 1s}})).rate_per_s(), 10. / 60);
}

TEST(Limiter, ThePaceIsThatOfTheShortestPeriod) {
  EXPECT_DOUBLE_EQ(Limiter(spec_of({{5000, 1s}, {60, 1min}})).pace_per_s(), 5000);
  EXPECT_DOUBLE_EQ(Limiter(spec_of({{5000, 1s}, {9, 24h, Renewal{}}})).pace_per_s(), 5000);
  EXPECT_TRUE(std::isinf(Limiter(spec_of({{9, 24h, Renewal{}}})).pace_per_s()));
  LimitSpec heavy = spec_of({{900, 1s}});
  heavy.weight = 3;
  EXPECT_DOUBLE_EQ(Limiter(heavy).pace_per_s(), 300);
}

/// The most weight in any half-open second.
std::int64_t most_weight(const std::vector<std::pair<Instant, std::int64_t>>& sent) {
  std::int64_t most = 0;
  std::int64_t sum = 0;
  for (std::size_t first = 0, last = 0; last < sent.size(); ++last) {
    sum += sent[last].second;
    while (sent[last].first - sent[first].first >= 1s) sum -= sent[first++].second;
    most = std::max(most, sum);
  }
  return most;
}

// Random weights, in every kind of limit: never more weight in a window than there are permits, and nearly
// all of them are used.
TEST(Limiter, WeightsAddUpToNoMoreThanTheLimit) {
  for (std::int64_t calls : {7, 100, 5000, 400'000}) {
    for (Strictness strict : {Strictness::kMeasured, Strictness::kProof}) {
      LimitSpec spec = spec_of({{calls, 1s}});
      spec.strict = strict;
      Limiter limiter(spec);
      Dice dice(static_cast<std::uint64_t>(calls));
      std::vector<std::pair<Instant, std::int64_t>> sent;
      std::int64_t sum = 0;
      auto heaviest = std::max<std::int64_t>(calls / 20, 7);
      for (Instant now = kStart; now < kStart + 20s;) {
        std::int64_t weight = 1 + static_cast<std::int64_t>(dice.share() * static_cast<double>(heaviest));
        weight = std::min(weight, calls);
        while (limiter.next(now, weight) > now) now = limiter.next(now, weight);
        Permit permit = limiter.take(now, weight);
        if (dice.share() < 0.01) {
          limiter.unsent(permit);
          continue;
        }
        limiter.sent(permit, now);
        limiter.answered(permit, now, now + 1ms);
        sent.emplace_back(now, weight);
        sum += weight;
      }
      EXPECT_LE(most_weight(sent), calls) << calls;
      // One that does not fit waits, and leaves half of its weight unused on average.
      EXPECT_GE(sum, (calls >= 100 ? 0.9 : 0.4) * 20 * static_cast<double>(calls)) << calls;
    }
  }
}

TEST(Limiter, ALimitInCallsCountsEachAsOne) {
  Limiter limiter(spec_of({{10, 1s, std::nullopt, true}, {1000, 1s}}));
  Instant now = kStart;
  for (int i = 0; i < 10; ++i) {
    now = std::max(now, limiter.next(now, 50));
    ASSERT_LE(limiter.next(now, 50), now);
    limiter.sent(limiter.take(now, 50), now);
  }
  EXPECT_GE(limiter.next(now, 50), kStart + 1s);
  EXPECT_TRUE(limiter.fits(1000));
  EXPECT_FALSE(limiter.fits(1001));
}

TEST(Limiter, SendsAreSpreadEvenly) {
  Limiter limiter(spec_of({{5000, 1s}}));
  std::vector<Instant> sent = send(&limiter, 4000);
  // 1.05 times the rate, and what 2 ms hold on top.
  EXPECT_EQ(most_in_any_window(sent, 20ms), 116);
  EXPECT_NEAR(seconds(sent.back() - sent.front()), 4000 / 5250., 0.003);
}

TEST(Limiter, ALateWakeUpIsCaughtUpWithButNotMore) {
  Limiter limiter(spec_of({{1000, 1s}}));
  send(&limiter, 100);
  Instant late = kStart + 10s;
  int at_once = 0;
  for (; limiter.next(late) <= late; ++at_once) limiter.sent(limiter.take(late), late);
  EXPECT_EQ(at_once, 3);  // one that is due, and two for 2 ms
}

TEST(Limiter, SeveralLimitsHoldAtOnce) {
  Limiter limiter(spec_of({{100, 1s}, {300, 10s}, {1000, 1min}}));
  std::vector<Instant> sent = send(&limiter, 5000);
  EXPECT_EQ(most_in_any_window(sent, 1s), 100);
  EXPECT_EQ(most_in_any_window(sent, 10s), 300);
  EXPECT_EQ(most_in_any_window(sent, 1min), 1000);
}

TEST(Limiter, ADailyLimitHoldsBesideAShortOne) {
  Limiter limiter(spec_of({{2000, 1s}, {250'000, 24h}}));
  std::vector<Instant> sent = send(&limiter, 600'000);
  EXPECT_LE(most_in_any_window(sent, 1s), 2000);
  EXPECT_EQ(most_in_any_window(sent, 24h), 250'000);
  EXPECT_LT(seconds(sent.back() - sent.front()), 2.02 * 86400);
  // It is kept in buckets, for the memory: the first comes back with the others of its 256th of the day.
  EXPECT_GE(sent[250'000] - sent[0], 24h + 112s);
}

TEST(Limiter, SendsOfAnEarlierRunCountForEveryLimit) {
  Limiter limiter(spec_of({{10, 1s}, {15, 1min}}));
  std::vector<Instant> both;
  for (int i = 0; i < 10; ++i) both.push_back(kStart - 500ms + i * 10ms);
  for (Instant at : both) limiter.remember(at);
  for (Instant at : send(&limiter, 30)) both.push_back(at);
  EXPECT_LE(most_in_any_window(both, 1s), 10);
  EXPECT_LE(most_in_any_window(both, 1min), 15);
}

TEST(Limiter, ALimitThatWasUsedUpIsFreeOnePeriodLater) {
  LimitSpec spec = spec_of({{5000, 1s}, {100, 10s, std::nullopt, true}, {900, 1h}, {300'000, 1min}});
  spec.weight = 3;
  Limiter limiter(spec);
  limiter.use_up(kStart);
  Duration full = 1min + 36ms + spec.guard_max;  // with the allowance for drift
  Instant free = limiter.next(kStart, 3);
  EXPECT_GE(free, kStart + full);
  EXPECT_LE(free, kStart + full + Duration(1min) / 256) << "so many permits are kept in buckets";
  // Limits of an hour are left alone: 300 calls of weight 3 fit into it.
  std::vector<Instant> sent;
  for (Instant now = free; sent.size() < 100; now = std::max(now + 1us, limiter.next(now, 3))) {
    if (limiter.next(now, 3) > now) continue;
    limiter.sent(limiter.take(now, 3), now);
    sent.push_back(now);
  }
  EXPECT_LT(sent.back() - free, 1s);
}

TEST(Limiter, LentPermitsAreNotUsedUp) {
  Limiter limiter(spec_of({{10, 1s}}), Limiter::Permits::kLent);
  limiter.lent(0)->set_permits(10);
  limiter.set_sends_end(kStart + 1h);
  limiter.use_up(kStart);
  EXPECT_EQ(limiter.next(kStart), kStart) << "the coordinator knows what was sent";
}

TEST(Limiter, LentPermitsAreUsedAtTheirShareOfThePaceAndNewOnesAtAllOfIt) {
  Limiter limiter(spec_of({{1000, 1s}}), Limiter::Permits::kLent);
  limiter.lent(0)->set_permits(200);
  limiter.set_sends_end(kStart + 1h);
  std::vector<Instant> sends = send(&limiter, 400);
  EXPECT_GT(sends[199] - sends[0], 900ms) << "the first ones evenly";
  // Half of the period is over when another worker's come: they wait for nobody.
  Instant now = sends.back();
  limiter.lent(0)->set_permits(300);
  std::vector<Instant> more = send(&limiter, 100, now);
  EXPECT_LT(more.back() - now, 110ms);
  EXPECT_GT(more.back() - now, 85ms) << "the limit's own pace is not exceeded";
  std::vector<Instant> later = send(&limiter, 300, more.back());
  EXPECT_GT(later.back() - later.front(), 800ms) << "from then on at the share's pace";
}

TEST(Limiter, AnUnsentPermitIsFreeForEveryLimit) {
  Limiter limiter(spec_of({{2, 1s}, {2, 1min}}));
  for (int i = 0; i < 100; ++i) {
    Instant now = kStart + i * 1s;
    ASSERT_LE(limiter.next(now), now);
    limiter.unsent(limiter.take(now));
  }
  EXPECT_EQ(send(&limiter, 2, kStart + 101s).size(), 2u);
}

TEST(Limiter, APaceShareSlowsAtOnceAndItsEndSpeedsUpAtOnce) {
  Limiter limiter(spec_of({{100, 1s}}));
  send(&limiter, 1);
  limiter.set_pace_share(0.1);
  EXPECT_DOUBLE_EQ(limiter.pace_share(), 0.1);
  std::vector<Instant> slow = send(&limiter, 20, kStart);
  EXPECT_NEAR(seconds(slow.back() - slow.front()), 19 / 10.5, 0.01);
  // The last slow send must not delay the next at full pace by ten intervals.
  limiter.set_pace_share(1);
  EXPECT_LE(limiter.next(slow.back()), slow.back() + 10ms);
}

TEST(Limiter, APaceHoldsBelowALimitAndWithoutOne) {
  for (const std::vector<RateLimit>& limits :
       {std::vector<RateLimit>{{1000, 1s}}, std::vector<RateLimit>{}}) {
    Limiter limiter(spec_of(limits));
    limiter.set_pace(50);
    std::vector<Instant> sends = send(&limiter, 51);
    EXPECT_NEAR(seconds(sends.back() - sends.front()), 1, 0.01);
    limiter.set_pace(std::numeric_limits<double>::infinity());
    EXPECT_LE(limiter.next(sends.back()), sends.back() + 2ms);
  }
}

TEST(Limiter, ASlowLimitIsNotHeldForHoursAfterASlowPace) {
  Limiter limiter(spec_of({{10, 1h}}));
  limiter.set_pace_share(0.1);
  send(&limiter, 1);
  limiter.set_pace_share(1);
  EXPECT_LE(limiter.next(kStart + 1s), kStart + 6min);
}

TEST(Limiter, LostCallsSayNothingAboutTheRoundTrip) {
  Limiter limiter(spec_of({{1000, 1s}}));
  Instant now = kStart;
  for (int i = 0; i < 2000; ++i) {
    now = std::max(now, limiter.next(now));
    Permit permit = limiter.take(now);
    limiter.sent(permit, now);
    if (i % 2 == 0) {
      limiter.answered(permit, now, now + 20ms);
    } else {
      limiter.unanswered(permit, now + 10us);
    }
  }
  EXPECT_EQ(limiter.round_trip_floor(), 20ms);
}

TEST(LimiterDeathTest, APaceOfNothingIsABug) {
  Limiter limiter(spec_of({{1, 1s}}));
  EXPECT_DEATH(limiter.set_pace_share(0), "pace");
}

}  // namespace
}  // namespace rowcall::policy
