// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using State = Breaker::State;

constexpr Instant kStart{1h};
constexpr auto kSuccess = OutcomeClass::kSuccess;
constexpr auto kTransient = OutcomeClass::kTransient;
constexpr auto kThrottled = OutcomeClass::kThrottled;

class BreakerTest : public testing::Test {
 protected:
  void result(OutcomeClass outcome, Instant now, Duration retry_after = {}) {
    breaker_.record(outcome, now, now, retry_after);
  }
  /// Failures every 10 ms until it trips; returns when.
  Instant trip(Instant from) {
    for (Instant now = from; now < from + 2s; now += 10ms) {
      result(kTransient, now);
      if (breaker_.state() == State::kOpen) return now;
    }
    ADD_FAILURE() << "did not trip";
    return from;
  }
  /// Waits until half-open; returns when.
  Instant half_open(Instant from) {
    Instant at = breaker_.next(from);
    EXPECT_LE(breaker_.next(at), at);
    EXPECT_EQ(breaker_.state(), State::kHalfOpen);
    return at;
  }
  /// Sends a probe if it may.
  bool probe(Instant now) {
    if (breaker_.next(now) > now) return false;
    breaker_.sent(now);
    return true;
  }
  /// Two failing probes; returns when the next open time ends.
  Instant fail_probes(Instant now) {
    EXPECT_TRUE(probe(now));
    EXPECT_TRUE(probe(now));
    result(kTransient, now);
    result(kTransient, now);
    EXPECT_EQ(breaker_.state(), State::kOpen);
    return breaker_.next(now);
  }
  Instant close(Instant now) {
    while (breaker_.state() != State::kClosed) {
      EXPECT_TRUE(probe(now));
      result(kSuccess, now);
    }
    return now;
  }

  Dice dice_{5};
  Breaker breaker_{BreakerSpec{}, &dice_};
};

TEST_F(BreakerTest, IsClosedAtFirst) {
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_EQ(breaker_.next(kStart), kStart);
  EXPECT_EQ(breaker_.pace_share(kStart), 1);
}

TEST_F(BreakerTest, FiftyFailuresInARowTrip) {
  for (int i = 0; i < 49; ++i) result(kTransient, kStart + i * 10ms);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  result(kTransient, kStart + 490ms);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_EQ(breaker_.held_since(), kStart + 490ms);
  EXPECT_THAT(breaker_.reason(), HasSubstr("50 failures in a row"));
}

TEST_F(BreakerTest, InARowMeansForAQuarterOfASecondToo) {
  for (int i = 0; i < 10'000; ++i) result(kTransient, kStart + i * 24us);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  result(kTransient, kStart + 250ms);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, ASuccessBreaksTheRow) {
  for (OutcomeClass good : {kSuccess, OutcomeClass::kNoMatch}) {
    for (int i = 0; i < 49; ++i) result(kTransient, kStart + i * 10ms);
    result(good, kStart + 490ms);
    for (int i = 0; i < 49; ++i) result(kTransient, kStart + 2s + i * 10ms);
    EXPECT_EQ(breaker_.state(), State::kClosed);
    result(good, kStart + 2490ms);
  }
}

TEST_F(BreakerTest, NearlyAllFailuresOfHalfASecondTrip) {
  // One success in twenty: never fifty failures in a row.
  for (int i = 0; i < 120; ++i) result(i % 20 == 10 ? kSuccess : kTransient, kStart + i * 5ms);
  EXPECT_EQ(breaker_.state(), State::kClosed);
  Instant now = kStart + 600ms;
  for (int i = 0; i < 20; ++i) result(kTransient, now + i * 1ms);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_THAT(breaker_.reason(), HasSubstr("of the last"));
}

TEST_F(BreakerTest, NinetyPercentDoNotTrip) {
  for (int i = 0; i < 20'000; ++i) result(i % 10 == 0 ? kSuccess : kTransient, kStart + i * 1ms);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, FewResultsDoNotTrip) {
  // Ninety a second, one success in forty-five.
  for (int i = 0; i < 9'000; ++i) result(i % 45 == 0 ? kSuccess : kTransient, kStart + i * 11111us);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, AnswersOfALivingApiNeverTrip) {
  for (OutcomeClass outcome : {kThrottled, OutcomeClass::kPermanent, OutcomeClass::kFatal}) {
    for (int i = 0; i < 10'000; ++i) result(outcome, kStart + i * 1ms);
    EXPECT_EQ(breaker_.state(), State::kClosed) << name_of(outcome);
  }
}

TEST_F(BreakerTest, AnswersOfALivingApiDoNotBreakTheRow) {
  for (int i = 0; i < 50; ++i) {
    result(kTransient, kStart + i * 10ms);
    if (breaker_.state() == State::kClosed)
      result(i % 2 == 0 ? kThrottled : OutcomeClass::kPermanent, kStart + i * 10ms);
  }
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, SwitchedOffItNeverTrips) {
  BreakerSpec spec;
  spec.enabled = false;
  Breaker off(spec, &dice_);
  for (int i = 0; i < 10'000; ++i) off.record(kTransient, kStart, kStart + i * 1ms, {});
  EXPECT_EQ(off.state(), State::kClosed);
  EXPECT_EQ(off.next(kStart), kStart);
}

TEST_F(BreakerTest, OpenItWaitsHalfASecondThenTwoProbesGo) {
  Instant tripped = trip(kStart);
  Instant until = breaker_.next(tripped);
  EXPECT_GE(until, tripped + 450ms);
  EXPECT_LE(until, tripped + 550ms);
  EXPECT_GT(breaker_.next(until - 1ns), until - 1ns);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_TRUE(probe(until));
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_TRUE(probe(until));
  EXPECT_FALSE(probe(until));
  EXPECT_EQ(breaker_.next(until), Instant::max());
}

TEST_F(BreakerTest, EverySuccessAllowsTwoMoreAndEightClose) {
  Instant now = half_open(trip(kStart));
  int sent = 0;
  for (int successes = 0; successes < 8; ++successes) {
    while (probe(now)) ++sent;
    EXPECT_EQ(sent, std::min(2 + 2 * successes, 10));
    EXPECT_EQ(breaker_.state(), State::kHalfOpen);
    result(kSuccess, now);
  }
  EXPECT_EQ(breaker_.state(), State::kClosed);
  EXPECT_EQ(breaker_.next(now), now);
}

TEST_F(BreakerTest, TwoFailuresAndMoreThanSuccessesReopen) {
  Instant now = half_open(trip(kStart));
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  result(kSuccess, now);
  result(kTransient, now);
  EXPECT_TRUE(probe(now));
  result(kTransient, now);
  EXPECT_EQ(breaker_.state(), State::kOpen);
}

TEST_F(BreakerTest, TenProbesThatAreEvenlyDividedClose) {
  Instant now = half_open(trip(kStart));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(probe(now));
    result(kSuccess, now);
    EXPECT_TRUE(probe(now));
    result(kTransient, now);
  }
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, OpenTimesDoubleUpToACapWithJitter) {
  Instant now = trip(kStart);
  Instant until = breaker_.next(now);
  std::vector<double> lengths;
  Duration expected = 500ms;
  for (int i = 0; i < 60; ++i) {
    Duration length = until - now;
    EXPECT_GE(length, expected * 9 / 10);
    EXPECT_LE(length, expected * 11 / 10);
    if (expected == 3s) lengths.push_back(seconds(length));
    expected = std::min<Duration>(2 * expected, 3s);
    now = until;
    until = fail_probes(now);
  }
  EXPECT_LT(*std::min_element(lengths.begin(), lengths.end()), 2.82);
  EXPECT_GT(*std::max_element(lengths.begin(), lengths.end()), 3.18);
  EXPECT_LT(breaker_.held_since(), kStart + 2s);  // all of it is one hold
}

TEST_F(BreakerTest, RetryAfterIsAFloorForTheOpenTime) {
  for (int i = 0; i < 100 && breaker_.state() == State::kClosed; ++i)
    result(kTransient, kStart + i * 10ms, 40s);
  EXPECT_EQ(breaker_.next(kStart + 1s), breaker_.held_since() + 40s);
  // And when probes are told to wait.
  Instant now = half_open(kStart + 1s);
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  result(kTransient, now);
  result(kTransient, now, 100s);
  EXPECT_EQ(breaker_.next(now), now + 100s);
}

TEST_F(BreakerTest, StaleResultsDoNotCloseOrReopenIt) {
  Instant tripped = trip(kStart);
  // While open: nothing counts.
  for (int i = 0; i < 100; ++i) breaker_.record(kSuccess, kStart, tripped + 1ms, {});
  for (int i = 0; i < 100; ++i) breaker_.record(kTransient, kStart, tripped + 1ms, 60s);
  EXPECT_EQ(breaker_.state(), State::kOpen);
  EXPECT_LE(breaker_.next(tripped), tripped + 550ms);
  // Half-open: only probes count, not what began before, even while it was open.
  Instant now = half_open(tripped);
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  for (OutcomeClass outcome : {kSuccess, kTransient}) {
    for (int i = 0; i < 100; ++i) breaker_.record(outcome, kStart, now + 1ms, 60s);
    for (int i = 0; i < 100; ++i) breaker_.record(outcome, now - 1ns, now + 1ms, 60s);
  }
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_EQ(breaker_.next(now), Instant::max());
  // Closed again: the end of the outage is no news.
  breaker_.record(kSuccess, now, now + 2ms, {});
  Instant closed = close(now + 2ms);
  for (int i = 0; i < 1000; ++i) breaker_.record(kTransient, closed - 1ns, closed + i * 1ms, {});
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, AProbeOfAnEarlierHalfOpenTimeIsStaleToo) {
  Instant now = half_open(trip(kStart));
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  result(kSuccess, now);
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  result(kTransient, now);
  result(kTransient, now);
  ASSERT_EQ(breaker_.state(), State::kOpen);
  Instant later = half_open(now);  // one probe of before is still out
  EXPECT_TRUE(probe(later));
  breaker_.record(kSuccess, now, later, {});
  breaker_.withdraw(now);
  EXPECT_TRUE(probe(later));
  EXPECT_FALSE(probe(later));
}

TEST_F(BreakerTest, WhatWasNotAnnouncedIsNoProbe) {
  Instant now = half_open(trip(kStart));
  for (int i = 0; i < 100; ++i) result(i % 2 == 0 ? kSuccess : kTransient, now + 1ms);
  EXPECT_EQ(breaker_.state(), State::kHalfOpen);
  EXPECT_TRUE(probe(now + 2ms));
  EXPECT_TRUE(probe(now + 2ms));
  EXPECT_FALSE(probe(now + 2ms));
}

TEST_F(BreakerTest, FailuresFromBeforeAreForgottenWhenItCloses) {
  // The second of results that counts reaches back over the first open time.
  for (int i = 0; breaker_.state() == State::kClosed; ++i) result(kTransient, kStart + i * 1ms);
  Instant now = half_open(kStart + 250ms);
  ASSERT_LT(now, kStart + 850ms);
  close(now);
  for (int i = 0; i < 40; ++i) result(kTransient, now + i * 1ms);
  EXPECT_EQ(breaker_.state(), State::kClosed);
}

TEST_F(BreakerTest, AWithdrawnProbeMakesRoomForAnother) {
  Instant now = half_open(trip(kStart));
  EXPECT_TRUE(probe(now));
  EXPECT_TRUE(probe(now));
  EXPECT_FALSE(probe(now));
  breaker_.withdraw(now);
  EXPECT_TRUE(probe(now));
  EXPECT_FALSE(probe(now));
}

TEST_F(BreakerTest, AThrottledOrRefusedProbeReachedALivingApi) {
  for (OutcomeClass outcome :
       {kThrottled, OutcomeClass::kPermanent, OutcomeClass::kNoMatch, OutcomeClass::kFatal}) {
    Breaker breaker({}, &dice_);
    Instant now = kStart;
    for (; breaker.state() == State::kClosed; now += 10ms) breaker.record(kTransient, now, now, {});
    now = breaker.next(now);
    for (int i = 0; i < 8; ++i) {
      ASSERT_EQ(breaker.next(now), now);
      breaker.sent(now);
      breaker.record(outcome, now, now, {});
    }
    EXPECT_EQ(breaker.state(), State::kClosed) << name_of(outcome);
  }
}

TEST_F(BreakerTest, ThePaceGrowsAgainAfterClosing) {
  // A blip, over after the first open time: half the pace.
  Instant closed = close(half_open(trip(kStart)));
  EXPECT_DOUBLE_EQ(breaker_.pace_share(closed), 0.5);
  EXPECT_DOUBLE_EQ(breaker_.pace_share(closed + 99ms), 0.5);
  EXPECT_DOUBLE_EQ(breaker_.pace_share(closed + 100ms), 0.625);
  EXPECT_EQ(breaker_.pace_share(closed + 400ms), 1);
  EXPECT_EQ(breaker_.pace_share(closed + 1h), 1);
  // An outage: a tenth.
  Instant now = half_open(trip(closed + 1h));
  now = half_open(fail_probes(now));
  closed = close(now);
  EXPECT_DOUBLE_EQ(breaker_.pace_share(closed), 0.1);
  EXPECT_LT(breaker_.pace_share(closed + 1s), 1);
  EXPECT_EQ(breaker_.pace_share(closed + 1100ms), 1);
  double last = 0;
  for (Duration at{}; at < 6s; at += 10ms) {
    EXPECT_GE(breaker_.pace_share(closed + at), last);
    last = breaker_.pace_share(closed + at);
  }
}

TEST_F(BreakerTest, TrippingAgainSoonAfterClosingOpensForLonger) {
  Instant closed = close(half_open(trip(kStart)));
  Instant tripped = trip(closed + 1ms);
  EXPECT_GE(breaker_.next(tripped) - tripped, 900ms);
  closed = close(half_open(tripped));
  // Long after, it begins anew.
  tripped = trip(closed + 11s);
  EXPECT_LE(breaker_.next(tripped) - tripped, 550ms);
}

}  // namespace
}  // namespace rowcall::policy
