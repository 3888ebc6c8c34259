// SPDX-License-Identifier: Apache-2.0
#include "policy/throttle.h"

#include <gtest/gtest.h>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
constexpr auto kSuccess = OutcomeClass::kSuccess;
constexpr auto kThrottled = OutcomeClass::kThrottled;

class ThrottleTest : public testing::Test {
 protected:
  void success(Duration at) { throttle_.record(kSuccess, kStart + at - 20ms, kStart + at, std::nullopt); }
  void throttled(Duration at, std::optional<Duration> retry_after = 5s) {
    throttle_.record(kThrottled, kStart + at - 20ms, kStart + at, retry_after);
  }
  bool held(Duration at) const { return throttle_.held_until() > kStart + at; }
  Throttle throttle_;
};

TEST_F(ThrottleTest, AllIsWellAtFirst) {
  EXPECT_FALSE(held(0s));
}

TEST_F(ThrottleTest, MostAnswersThrottledHoldsEverybody) {
  for (int i = 0; i < 4; ++i) throttled(i * 1ms);
  EXPECT_EQ(throttle_.held_until(), kStart + 3ms + 5s);
}

TEST_F(ThrottleTest, AFewAnswersDoNot) {
  for (int i = 0; i < 3; ++i) throttled(i * 1ms);
  EXPECT_FALSE(held(3ms));
}

TEST_F(ThrottleTest, HalfOfThemAreEnoughAndLessAreNot) {
  for (int i = 0; i < 100; ++i) success(1ms);
  for (int i = 0; i < 99; ++i) throttled(2ms);
  EXPECT_FALSE(held(2ms));
  throttled(2ms);
  EXPECT_TRUE(held(2ms));
}

TEST_F(ThrottleTest, OnlyTheLast200MsCount) {
  for (int i = 0; i < 100; ++i) success(1ms);
  for (int i = 0; i < 10; ++i) throttled(150ms);
  EXPECT_FALSE(held(150ms));
  throttled(201ms);
  EXPECT_TRUE(held(201ms));
}

TEST_F(ThrottleTest, AtASlowRateTheLastFourCount) {
  // Two calls a second: 200 ms never hold more than one answer.
  for (int i = 0; i < 10; ++i) success(i * 500ms);
  for (int i = 10; i < 11; ++i) throttled(i * 500ms, 60s);
  EXPECT_FALSE(held(5s));
  throttled(5500ms, 60s);
  EXPECT_EQ(throttle_.held_until(), kStart + 5500ms + 60s);
}

TEST_F(ThrottleTest, WithoutRetryAfterThereIsNothingToWaitFor) {
  for (int i = 0; i < 100; ++i) throttled(i * 1ms, std::nullopt);
  for (int i = 0; i < 100; ++i) throttled(i * 1ms, Duration(0));
  EXPECT_FALSE(held(0s));
  // They count all the same: the first that names a time holds.
  throttled(100ms, 2s);
  EXPECT_EQ(throttle_.held_until(), kStart + 100ms + 2s);
}

TEST_F(ThrottleTest, AnswersToCallsFromBeforeTheHoldTellOfThePast) {
  for (int i = 0; i < 4; ++i) throttled(i * 1ms, 1s);
  ASSERT_EQ(throttle_.held_until(), kStart + 3ms + 1s);
  for (int i = 0; i < 100; ++i) {
    throttle_.record(kThrottled, kStart, kStart + 2s + i * 1ms, 1s);
  }
  EXPECT_EQ(throttle_.held_until(), kStart + 3ms + 1s);
  // Calls sent after it can hold again.
  for (int i = 0; i < 4; ++i) throttle_.record(kThrottled, kStart + 2s, kStart + 2100ms, 1s);
  EXPECT_EQ(throttle_.held_until(), kStart + 2100ms + 1s);
}

TEST_F(ThrottleTest, AfterAHoldTheCountBeginsAnew) {
  for (int i = 0; i < 4; ++i) throttled(i * 1ms, 1s);
  Instant held_until = throttle_.held_until();
  for (int i = 0; i < 100; ++i) success(2s + i * 1ms);
  for (int i = 0; i < 97; ++i) throttled(2100ms, 1s);
  EXPECT_EQ(throttle_.held_until(), held_until);
}

TEST_F(ThrottleTest, OtherFailuresAreNoThrottling) {
  for (int i = 0; i < 100; ++i) {
    throttle_.record(OutcomeClass::kTransient, kStart, kStart + 1ms, std::nullopt);
  }
  EXPECT_FALSE(held(1ms));
}

}  // namespace
}  // namespace rowcall::policy
