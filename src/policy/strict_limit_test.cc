// SPDX-License-Identifier: Apache-2.0
#include "policy/strict_limit.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};
// One second and its allowance for drift.
constexpr Duration kHorizon = 1s + 600us;
constexpr Duration kGuardMax = 50ms;

/// Enough round trips of this length, over enough time, for the floor to be trusted.
void teach(RoundTripFloor* floor, Duration round_trip, Instant until = kStart) {
  for (int i = 0; i < 300; ++i) floor->record(round_trip, until - 3s + i * 10ms);
}

class StrictLimitTest : public testing::Test {
 protected:
  StrictLimit limit(std::int64_t calls, Strictness strict = Strictness::kMeasured) {
    return StrictLimit({calls, 1s}, strict, kGuardMax, &floor_);
  }
  /// Takes a permit, which must be there, and sends.
  static PermitUse send(StrictLimit* limit, Instant at) {
    EXPECT_LE(limit->next(at), at);
    PermitUse use = limit->take(at);
    limit->sent(use, at);
    return use;
  }
  RoundTripFloor floor_;
};

TEST_F(StrictLimitTest, TheGuardIsWhatTheRoundTripTookBeyondTheFastest) {
  teach(&floor_, 20ms);
  StrictLimit one = limit(1);
  PermitUse use = send(&one, kStart);
  one.answered(use, kStart + 32ms);
  Instant back = kStart + kHorizon + 12ms;
  EXPECT_EQ(one.next(kStart + 40ms), back);
  EXPECT_GT(one.next(back - 1ns), back - 1ns);
  EXPECT_EQ(one.next(back), back);
}

TEST_F(StrictLimitTest, TheFastestRoundTripNeedsNoGuard) {
  teach(&floor_, 20ms);
  StrictLimit one = limit(1);
  one.answered(send(&one, kStart), kStart + 20ms);
  EXPECT_EQ(one.next(kStart + 20ms), kStart + kHorizon);
}

TEST_F(StrictLimitTest, TheGuardHasACap) {
  teach(&floor_, 20ms);
  StrictLimit one = limit(1);
  one.answered(send(&one, kStart), kStart + 900ms);
  EXPECT_EQ(one.next(kStart + 900ms), kStart + kHorizon + kGuardMax);
}

TEST_F(StrictLimitTest, APermitWhoseAnswerIsOutComesBackAfterTheLargestGuard) {
  teach(&floor_, 20ms);
  StrictLimit one = limit(1);
  PermitUse slow = send(&one, kStart);
  Instant back = kStart + kHorizon + kGuardMax;
  EXPECT_EQ(one.next(kStart + 1s), back);
  PermitUse second = send(&one, back);
  EXPECT_NE(second, slow);
  // The late answer is not mistaken for one to the second call.
  one.answered(slow, back + 1ms);
  EXPECT_EQ(one.next(back + 2ms), back + kHorizon + kGuardMax);
  EXPECT_EQ(one.live(), 1);
}

TEST_F(StrictLimitTest, ALateAnswerToAFreePermitChangesNothing) {
  StrictLimit one = limit(1);
  PermitUse slow = send(&one, kStart);
  Instant back = kStart + kHorizon + kGuardMax;
  EXPECT_EQ(one.next(back), back);
  one.answered(slow, back + 1ms);
  one.unanswered(slow, back + 1ms);
  EXPECT_EQ(one.live(), 0);
  EXPECT_EQ(one.next(back + 1ms), back + 1ms);
}

TEST_F(StrictLimitTest, AConnectionLostAtOnceIsNoFastRoundTrip) {
  teach(&floor_, 20ms);
  StrictLimit one = limit(1);
  PermitUse use = send(&one, kStart);
  one.unanswered(use, kStart + 1ms);
  EXPECT_EQ(one.next(kStart + 1ms), kStart + kHorizon + kGuardMax);
}

TEST_F(StrictLimitTest, AFasterRoundTripSeenLaterLengthensTheGuard) {
  teach(&floor_, 30ms);
  StrictLimit one = limit(1);
  one.answered(send(&one, kStart), kStart + 30ms);
  EXPECT_EQ(one.next(kStart + 30ms), kStart + kHorizon);
  floor_.record(10ms, kStart + 500ms);
  Instant back = kStart + kHorizon + 20ms;
  EXPECT_EQ(one.next(kStart + kHorizon), back);
  EXPECT_EQ(one.next(back), back);
}

TEST_F(StrictLimitTest, ProofWaitsForTheAnswer) {
  StrictLimit one = limit(1, Strictness::kProof);
  PermitUse use = send(&one, kStart);
  Instant much_later = kStart + 1h;
  EXPECT_EQ(one.next(much_later), much_later + StrictLimit::guess(1s));
  one.answered(use, much_later);
  EXPECT_EQ(one.next(much_later), much_later + kHorizon);
  EXPECT_EQ(one.next(much_later + kHorizon), much_later + kHorizon);
}

TEST_F(StrictLimitTest, ProofGivesALostCallTheLargestGuard) {
  StrictLimit one = limit(1, Strictness::kProof);
  one.unanswered(send(&one, kStart), kStart + 5s);
  EXPECT_EQ(one.next(kStart + 5s), kStart + 5s + kHorizon + kGuardMax);
}

TEST_F(StrictLimitTest, APermitThatWaitsForItsWriteNeverComesBackByTime) {
  StrictLimit one = limit(1);
  PermitUse use = one.take(kStart);
  Instant later = kStart + 1h;
  EXPECT_GT(one.next(later), later);
  one.sent(use, later);
  EXPECT_EQ(one.next(later), later + kHorizon + kGuardMax);
}

TEST_F(StrictLimitTest, AnUnsentPermitIsFreeAtOnce) {
  StrictLimit one = limit(1);
  PermitUse use = one.take(kStart);
  EXPECT_GT(one.next(kStart), kStart);
  one.unsent(use);
  EXPECT_EQ(one.next(kStart), kStart);
}

TEST_F(StrictLimitTest, SendsOfAnEarlierRunCount) {
  teach(&floor_, 1ms);
  StrictLimit two = limit(2);
  two.remember(kStart - 300ms);
  two.remember(kStart - 900ms);
  two.remember(kStart - 3s);  // over long ago
  EXPECT_EQ(two.next(kStart), kStart - 900ms + kHorizon + kGuardMax);
  EXPECT_EQ(two.live(), 2);
}

TEST_F(StrictLimitTest, MoreRememberedThanAllowedIsWaitedOut) {
  // The limit was lowered between the two runs.
  StrictLimit one = limit(1);
  for (int i = 0; i < 5; ++i) one.remember(kStart - 500ms + i * 100ms);
  Instant last = kStart - 100ms + kHorizon + kGuardMax;
  Instant at = kStart;
  while (one.next(at) > at) at = one.next(at);
  EXPECT_EQ(at, last);
}

TEST_F(StrictLimitTest, FewerPermitsHoldAtOnceAndMoreAreThereAtOnce) {
  teach(&floor_, 1ms);
  StrictLimit limit = this->limit(10);
  for (int i = 0; i < 10; ++i) {
    Instant at = kStart + i * 10ms;
    limit.answered(send(&limit, at), at + 1ms);
  }
  limit.set_permits(4);
  EXPECT_EQ(limit.permits(), 4);
  // The seventh to come back is the first that may be used again.
  Instant at = kStart + 100ms;
  while (limit.next(at) > at) at = limit.next(at);
  EXPECT_EQ(at, kStart + 60ms + kHorizon);
  limit.answered(send(&limit, at), at + 1ms);
  EXPECT_GT(limit.next(at), at);

  limit.set_permits(6);
  send(&limit, at);
  send(&limit, at);
  EXPECT_GT(limit.next(at), at);
}

TEST_F(StrictLimitTest, NoPermitsAtAllIsAHold) {
  StrictLimit limit = this->limit(3);
  limit.set_permits(0);
  EXPECT_GT(limit.next(kStart), kStart);
  limit.set_permits(1);
  EXPECT_EQ(limit.next(kStart), kStart);
}

TEST_F(StrictLimitTest, TheTimeGivenIsRightEvenWhenTheOldestIsAnswered) {
  // A fast answer must not leave a mark at which somebody wakes up for nothing.
  teach(&floor_, 1ms);
  StrictLimit two = limit(2);
  PermitUse first = send(&two, kStart);
  two.answered(first, kStart + 1ms);
  Instant back = kStart + kHorizon;
  send(&two, kStart + 500ms);
  EXPECT_EQ(two.next(kStart + 600ms), back);
  two.answered(send(&two, back), back + 31ms);
  // In use: one without an answer since 500 ms, one that cools until `back` + horizon + 30 ms. The first
  // call's own latest time is over for it, and no time to look.
  EXPECT_EQ(two.next(back + 40ms), kStart + 500ms + kHorizon + kGuardMax);
}

TEST_F(StrictLimitTest, TheGuessFollowsThePeriod) {
  EXPECT_EQ(StrictLimit::guess(1s), 1ms);
  EXPECT_EQ(StrictLimit::guess(20s), 20ms);
  EXPECT_EQ(StrictLimit::guess(24h), 100ms);
}

using StrictLimitDeathTest = StrictLimitTest;

TEST_F(StrictLimitDeathTest, MisuseEndsTheProcess) {
  StrictLimit one = limit(1);
  PermitUse use = one.take(kStart);
  EXPECT_DEATH(one.take(kStart), "permit");
  EXPECT_DEATH(one.answered(use, kStart), "not sent");
  one.sent(use, kStart);
  EXPECT_DEATH(one.sent(use, kStart), "permit");
  EXPECT_DEATH(one.unsent(use), "unsent");
}

TEST(RoundTripFloorTest, IsUnknownUntilEnoughWasSeenOverEnoughTime) {
  RoundTripFloor few;
  for (int i = 0; i < RoundTripFloor::kTrustedFrom - 1; ++i) few.record(20ms, kStart + i * 100ms);
  EXPECT_EQ(few.floor(), 0ns);
  few.record(30ms, kStart + 1min);
  EXPECT_EQ(few.floor(), 20ms);

  RoundTripFloor burst;
  for (int i = 0; i < 5000; ++i) burst.record(20ms, kStart + i * 10us);
  EXPECT_EQ(burst.floor(), 0ns);
  for (int i = 0; i < 10; ++i) burst.record(25ms, kStart + 1s + i * 100ms);
  EXPECT_EQ(burst.floor(), 20ms);
}

TEST(RoundTripFloorTest, ForgetsAfterFiveToTenMinutes) {
  RoundTripFloor floor;
  teach(&floor, 10ms, kStart);
  Instant at = kStart;
  // The path has become 5 ms longer for good.
  for (; at < kStart + 6min; at += 100ms) floor.record(15ms, at);
  EXPECT_EQ(floor.floor(), 10ms);
  for (; at < kStart + 11min; at += 100ms) floor.record(15ms, at);
  EXPECT_EQ(floor.floor(), 15ms);
}

TEST(RoundTripFloorTest, IsUnknownAgainWhenTooFewAreLeft) {
  RoundTripFloor floor;
  teach(&floor, 10ms, kStart);
  for (int i = 1; i < 20; ++i) floor.record(12ms, kStart + i * 1min);
  EXPECT_EQ(floor.floor(), 0ns);
}

}  // namespace
}  // namespace rowcall::policy
