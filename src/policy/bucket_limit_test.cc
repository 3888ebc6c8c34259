// SPDX-License-Identifier: Apache-2.0
#include "policy/bucket_limit.h"

#include <gtest/gtest.h>

#include <vector>

#include "policy/dice.h"
#include "policy/limiter_simulation.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{100h};
constexpr RateLimit kDaily{10'000'000, 24h};

/// Sends at `per_s` whenever the limit lets it, for `length`. Counts sends in slots of a minute.
std::vector<std::int64_t> send_by_minutes(BucketLimit* limit, double per_s, Duration length) {
  std::vector<std::int64_t> minutes(static_cast<std::size_t>(length / 1min) + 1);
  Duration gap = from_seconds(1 / per_s);
  Instant now = kStart;
  while (now < kStart + length) {
    Instant free = limit->next(now);
    if (free > now) {
      now = free;
      continue;
    }
    limit->sent(limit->take(now), now);
    ++minutes[static_cast<std::size_t>((now - kStart) / 1min)];
    now += gap;
  }
  return minutes;
}

TEST(BucketLimit, TenMillionADayInConstantMemoryAndNeverOver) {
  BucketLimit limit(kDaily, Strictness::kMeasured, 50ms);
  // A hundred times as fast as the day allows, so each day's calls come in a rush.
  std::vector<std::int64_t> minutes = send_by_minutes(&limit, 12'000, 26h);
  EXPECT_LE(limit.buckets(), 258u);
  std::int64_t in_a_day = 0;
  std::int64_t worst = 0;
  for (std::size_t i = 0; i < minutes.size(); ++i) {
    in_a_day += minutes[i];
    if (i >= 24 * 60) in_a_day -= minutes[i - 24 * 60];
    worst = std::max(worst, in_a_day);
  }
  EXPECT_EQ(worst, kDaily.calls);
}

TEST(BucketLimit, CostsAtMostA256thOfTheRate) {
  // The worst for it: demand exactly as fast as the limit.
  BucketLimit limit({100'000, 100s}, Strictness::kMeasured, Duration(0));
  std::int64_t sent = 0;
  for (std::int64_t minute : send_by_minutes(&limit, 1000, 1h)) sent += minute;
  double allowed = 3600 * 1000;
  EXPECT_LE(static_cast<double>(sent), allowed + 100'000);
  EXPECT_GE(static_cast<double>(sent), allowed * (1 - 1. / 256 - StrictLimit::kDrift));
}

TEST(BucketLimit, NeverOverWhateverTheSenderDoes) {
  Dice dice(7);
  for (Strictness strict : {Strictness::kMeasured, Strictness::kProof}) {
    for (int round = 0; round < 20; ++round) {
      BucketLimit limit({50, 1s}, strict, 20ms);
      simulation::World world;
      world.seed = dice.next();
      world.sends = 3000;
      world.stop_max = 700ms;
      world.unsent_share = 0.05;
      world.lag_share = 0.05;
      world.lag_max = 3s;
      world.idle_max = round % 2 == 0 ? Duration(0) : Duration(3s);
      world.spread = 20ms;
      world.late_share = 0.05;
      world.late_max = 4s;
      world.lost_share = 0.05;
      world.counts_anywhere = strict == Strictness::kProof;
      world.counts_after_loss = 20ms;
      struct Adapter {
        BucketLimit& limit;
        Instant next(Instant now) { return limit.next(now); }
        Permit take(Instant now) { return {{limit.take(now)}}; }
        void sent(const Permit& p, Instant at) { limit.sent(p.uses[0], at); }
        void answered(const Permit& p, Instant, Instant at) { limit.answered(p.uses[0], at); }
        void unanswered(const Permit& p, Instant at) { limit.unanswered(p.uses[0], at); }
        void unsent(const Permit& p) { limit.unsent(p.uses[0]); }
      } adapter{limit};
      simulation::Trace trace = simulation::run(&adapter, world);
      EXPECT_LE(simulation::most_in_any_window(trace.sent, limit.horizon()), 50);
      EXPECT_LE(simulation::most_in_any_window(trace.counted, 1s), 50);
    }
  }
}

TEST(BucketLimit, APermitThatWaitsForItsWriteNeverComesBackByTime) {
  BucketLimit limit({1, 1s}, Strictness::kMeasured, 50ms);
  PermitUse use = limit.take(kStart);
  Instant later = kStart + 1h;
  EXPECT_GT(limit.next(later), later);
  limit.sent(use, later);
  EXPECT_GT(limit.next(later + 1s), later + 1s);
  EXPECT_LE(limit.next(later + 1s), later + 1060ms);
}

TEST(BucketLimit, ProofWaitsForTheAnswer) {
  BucketLimit limit({1, 1s}, Strictness::kProof, 50ms);
  PermitUse use = limit.take(kStart);
  limit.sent(use, kStart);
  Instant later = kStart + 1h;
  EXPECT_GT(limit.next(later), later);
  limit.answered(use, later);
  EXPECT_GT(limit.next(later + 1s), later + 1s);
  EXPECT_LE(limit.next(later + 1s), later + 1060ms);
}

TEST(BucketLimit, AnUnsentPermitIsFreeAtOnce) {
  BucketLimit limit({1, 1s}, Strictness::kMeasured, 50ms);
  limit.unsent(limit.take(kStart));
  EXPECT_EQ(limit.live(), 0);
  EXPECT_EQ(limit.next(kStart), kStart);
}

TEST(BucketLimit, SendsOfAnEarlierRunCountInAnyOrder) {
  BucketLimit limit({3, 256s}, Strictness::kMeasured, Duration(0));
  limit.remember(kStart - 10s);
  limit.remember(kStart - 200s);
  limit.remember(kStart - 100s);
  Instant back = limit.next(kStart);
  EXPECT_GE(back, kStart - 200s + limit.horizon());
  EXPECT_LE(back, kStart - 199s + limit.horizon());
  // A time before the clock's start: a run before the machine was booted.
  BucketLimit early({1, 24h}, Strictness::kMeasured, Duration(0));
  early.remember(Instant(-3h));
  EXPECT_GE(early.next(Instant(1h)), Instant(21h));
  EXPECT_LE(early.next(Instant(1h)), Instant(22h));
}

TEST(BucketLimit, FewerPermitsHoldAtOnceAndMoreAreThereAtOnce) {
  BucketLimit limit({10, 256s}, Strictness::kMeasured, Duration(0));
  for (int i = 0; i < 10; ++i) limit.sent(limit.take(kStart + i * 10s), kStart + i * 10s);
  limit.set_permits(4);
  Instant at = kStart + 100s;
  while (limit.next(at) > at) at = limit.next(at);
  EXPECT_GE(at, kStart + 60s + limit.horizon());
  EXPECT_LE(at, kStart + 61s + limit.horizon());
  limit.set_permits(0);
  EXPECT_GT(limit.next(at + 1h), at + 1h);
  EXPECT_EQ(limit.buckets(), 0u);
  limit.set_permits(1);
  EXPECT_EQ(limit.next(at + 1h), at + 1h);
}

}  // namespace
}  // namespace rowcall::policy
