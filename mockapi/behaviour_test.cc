// SPDX-License-Identifier: Apache-2.0
#include "mockapi/behaviour.h"

#include <gtest/gtest.h>

#include <map>

#include "mockapi/digest.h"

namespace rowcall::mockapi {
namespace {

constexpr Instant kStart{std::chrono::hours(1)};

CallFacts call_of(std::uint64_t row, std::uint32_t earlier = 0) {
  CallFacts call;
  call.identity = stirred(row);
  call.earlier = earlier;
  return call;
}

TEST(Judge, AnswersAfterTheLatency) {
  Behaviour behaviour;
  behaviour.latency = 20ms;
  Decision decision = Judge(behaviour, 1).decide(call_of(1), kStart);
  EXPECT_EQ(decision.effect, Effect::kAnswer);
  EXPECT_EQ(decision.status, 200);
  EXPECT_EQ(decision.wait, 20ms);
}

TEST(Judge, JitterIsEvenAndRepeats) {
  Behaviour behaviour;
  behaviour.latency = 20ms;
  behaviour.jitter = 5ms;
  Judge judge(behaviour, 1);
  Judge again(behaviour, 1);
  int early = 0;
  for (std::uint64_t row = 0; row < 10'000; ++row) {
    Duration wait = judge.decide(call_of(row), kStart).wait;
    EXPECT_GE(wait, 15ms);
    EXPECT_LE(wait, 25ms);
    EXPECT_EQ(again.decide(call_of(row), kStart + 1s).wait, wait);
    early += wait < 17500us;
  }
  EXPECT_NEAR(early, 2500, 200);
}

TEST(Judge, RefusesWhatIsOverTheLimitInASlidingWindow) {
  Behaviour behaviour;
  behaviour.limits = {{3, 1s}};
  Judge judge(behaviour, 1);
  auto status = [&](Duration after) { return judge.decide(call_of(1), kStart + after).status; };
  EXPECT_EQ(status(0ms), 200);
  EXPECT_EQ(status(500ms), 200);
  EXPECT_EQ(status(999ms), 200);
  EXPECT_EQ(status(999ms), 429);
  EXPECT_EQ(status(1000ms), 200);  // The first has left the window; refused ones never were in it.
  EXPECT_EQ(status(1499ms), 429);
  EXPECT_EQ(status(1500ms), 200);
}

TEST(Judge, EveryLimitHolds) {
  Behaviour behaviour;
  behaviour.limits = {{2, 10ms}, {5, 1s}};
  behaviour.latency = 20ms;
  Judge judge(behaviour, 1);
  std::map<int, int> by_status;
  for (int i = 0; i < 8; ++i) {
    Decision decision = judge.decide(call_of(1), kStart + i * 5ms);
    ++by_status[decision.status];
    if (decision.status != 429) continue;
    EXPECT_EQ(decision.wait, 0ms) << "a refusal takes no time";
    EXPECT_EQ(decision.over, (RateLimit{5, 1s}));
  }
  EXPECT_EQ(by_status, (std::map<int, int>{{200, 5}, {429, 3}}));
  EXPECT_EQ(judge.decide(call_of(1), kStart + 35ms).over, (RateLimit{5, 1s}));
}

TEST(Judge, FaultsFallByTheirShares) {
  Behaviour behaviour;
  behaviour.faults = {
      {FaultKind::kStatus, 503, 0.02}, {FaultKind::kReset, 0, 0.01}, {FaultKind::kTimeout, 0, 0.005}};
  Judge judge(behaviour, 7);
  std::map<Effect, int> effects;
  for (std::uint64_t row = 0; row < 100'000; ++row) ++effects[judge.decide(call_of(row), kStart).effect];
  EXPECT_NEAR(effects[Effect::kStatus], 2000, 200);
  EXPECT_NEAR(effects[Effect::kReset], 1000, 150);
  EXPECT_NEAR(effects[Effect::kHang], 500, 100);
  EXPECT_EQ(effects.size(), 4u);
}

TEST(Judge, FaultsDoNotDependOnTheOrderOfArrival) {
  Behaviour behaviour;
  behaviour.faults = {{FaultKind::kStatus, 503, 0.3}};
  Judge forwards(behaviour, 7);
  Judge backwards(behaviour, 7);
  Judge other_seed(behaviour, 8);
  std::map<std::uint64_t, int> first;
  int differ = 0;
  for (std::uint64_t row = 0; row < 1000; ++row) first[row] = forwards.decide(call_of(row), kStart).status;
  for (std::uint64_t row = 1000; row-- > 0;) {
    EXPECT_EQ(backwards.decide(call_of(row), kStart).status, first[row]);
    differ += other_seed.decide(call_of(row), kStart).status != first[row];
  }
  EXPECT_NEAR(differ, 420, 80);
}

TEST(Judge, ARetryDrawsAnew) {
  Behaviour behaviour;
  behaviour.faults = {{FaultKind::kStatus, 503, 0.5}};
  Judge judge(behaviour, 7);
  int failed_twice = 0;
  for (std::uint64_t row = 0; row < 10'000; ++row) {
    failed_twice += judge.decide(call_of(row, 0), kStart).status == 503 &&
                    judge.decide(call_of(row, 1), kStart).status == 503;
  }
  EXPECT_NEAR(failed_twice, 2500, 200);
}

TEST(Judge, OnlyArraysComeShort) {
  Behaviour behaviour;
  behaviour.faults = {{FaultKind::kShort, 0, 1}};
  Judge judge(behaviour, 7);
  CallFacts array = call_of(1);
  array.several = true;
  EXPECT_EQ(judge.decide(call_of(1), kStart).effect, Effect::kAnswer);
  EXPECT_EQ(judge.decide(array, kStart).effect, Effect::kShort);
}

TEST(Judge, OtherReasonsComeBeforeInjectedErrors) {
  Behaviour behaviour;
  behaviour.faults = {{FaultKind::kReset, 0, 1}};
  Judge judge(behaviour, 7);
  CallFacts call = call_of(1);
  call.refuse = true;
  EXPECT_EQ(judge.decide(call, kStart).status, 422);
  call.readable = false;
  EXPECT_EQ(judge.decide(call, kStart).status, 400);
  call.authorized = false;
  EXPECT_EQ(judge.decide(call, kStart).status, 401);
}

TEST(Judge, CapacityQueuesTheAnswers) {
  Behaviour behaviour;
  behaviour.capacity_per_s = 100;
  behaviour.latency = 5ms;
  behaviour.queue_max = 3;
  Judge judge(behaviour, 1);
  EXPECT_EQ(judge.decide(call_of(1), kStart).wait, 15ms);
  EXPECT_EQ(judge.decide(call_of(2), kStart).wait, 25ms);
  EXPECT_EQ(judge.decide(call_of(3), kStart).wait, 35ms);
  EXPECT_EQ(judge.decide(call_of(4), kStart).wait, 45ms);
  Decision full = judge.decide(call_of(5), kStart);
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.reason, Reason::kOverCapacity);
  EXPECT_EQ(full.wait, 0ms);
  EXPECT_EQ(judge.decide(call_of(6), kStart + 30ms).wait, 25ms);
  EXPECT_EQ(judge.decide(call_of(7), kStart + 10s).wait, 15ms);
}

TEST(Judge, OutagesCountFromTheFirstArrival) {
  Behaviour behaviour;
  behaviour.outages = {{10s, 5s}, {2s, 1s}};
  Judge judge(behaviour, 1);
  EXPECT_FALSE(judge.down(kStart + 11s));
  EXPECT_EQ(judge.next_outage(kStart), std::nullopt);
  EXPECT_EQ(judge.decide(call_of(1), kStart).effect, Effect::kAnswer);
  EXPECT_EQ(judge.next_outage(kStart), kStart + 2s);
  EXPECT_EQ(judge.next_outage(kStart + 2s + 1ns), kStart + 10s);
  EXPECT_EQ(judge.next_outage(kStart + 11s), std::nullopt);
  EXPECT_FALSE(judge.down(kStart + 2s - 1ns));
  EXPECT_TRUE(judge.down(kStart + 2s));
  EXPECT_FALSE(judge.down(kStart + 3s));
  Decision decision = judge.decide(call_of(2), kStart + 12s);
  EXPECT_EQ(decision.effect, Effect::kReset);
  EXPECT_EQ(decision.reason, Reason::kOutage);
  EXPECT_EQ(judge.decide(call_of(2), kStart + 15s).effect, Effect::kAnswer);
}

TEST(Judge, AChangedLimitKnowsWhatCameBefore) {
  Behaviour behaviour;
  behaviour.limits = {{10, 1s}};
  Judge judge(behaviour, 1);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(judge.decide(call_of(1), kStart).status, 200);
  behaviour.limits = {{6, 1s}, {100, 1min}};
  judge.change(behaviour);
  EXPECT_EQ(judge.decide(call_of(1), kStart + 1ms).status, 200);
  EXPECT_EQ(judge.decide(call_of(1), kStart + 1ms).status, 429);
  EXPECT_EQ(judge.decide(call_of(1), kStart + 1s).status, 200);
}

}  // namespace
}  // namespace rowcall::mockapi
