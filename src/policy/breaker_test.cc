// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>
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
    if (expected == 5s) lengths.push_back(seconds(length));
    expected = std::min<Duration>(2 * expected, 5s);
    now = until;
    until = fail_probes(now);
  }
  EXPECT_LT(*std::min_element(lengths.begin(), lengths.end()), 4.7);
  EXPECT_GT(*std::max_element(lengths.begin(), lengths.end()), 5.3);
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

/// An API that fails at times, called at a pace, with a breaker between.
struct Drive {
  double per_s = 5000;
  Duration latency = 20ms;          ///< Of an answer,
  Duration failure_latency = 20ms;  ///< and of a failure.
  Duration latency_more{};          ///< On top of both, at random.
  Duration length = 60s;
  std::function<OutcomeClass(Instant begun, Dice*)> api;

  // What came of it.
  std::int64_t failures = 0;
  std::int64_t successes = 0;
  int trips = 0;
  int open_times = 0;
  int worst_probes = 0;  ///< In one half-open time.
  Instant last_closed{};

  void run(std::uint64_t seed) {
    Dice dice(seed);
    Breaker breaker({}, &dice);
    using Result = std::pair<Instant, std::pair<Instant, OutcomeClass>>;
    std::priority_queue<Result, std::vector<Result>, std::greater<>> out;
    Instant due = kStart;
    int probes = 0;
    State before = State::kClosed;
    auto watch = [&](Instant now) {
      if (breaker.state() == before) return;
      if (breaker.state() == State::kOpen) {
        ++open_times;
        trips += before == State::kClosed ? 1 : 0;
        probes = 0;
      }
      if (breaker.state() == State::kClosed) last_closed = now;
      before = breaker.state();
    };
    for (Instant now = kStart; now < kStart + length; now += 100us) {
      for (; !out.empty() && out.top().first <= now; out.pop()) {
        auto [begun, outcome] = out.top().second;
        (outcome == kTransient ? failures : successes) += 1;
        breaker.record(outcome, begun, now, {});
        watch(now);
      }
      while (due <= now && breaker.next(now) <= now) {
        watch(now);
        breaker.sent(now);
        if (breaker.state() == State::kHalfOpen) worst_probes = std::max(worst_probes, ++probes);
        OutcomeClass outcome = api(now, &dice);
        Duration took = outcome == kTransient ? failure_latency : latency;
        out.push({now + took + from_seconds(seconds(latency_more) * dice.share()), {now, outcome}});
        due = std::max(due, now - 1ms) + from_seconds(1 / (per_s * breaker.pace_share(now)));
      }
      ASSERT_FALSE(out.empty() && breaker.next(now) == Instant::max()) << "nothing can ever happen";
    }
  }
};

std::function<OutcomeClass(Instant, Dice*)> outage(Duration from, Duration length) {
  return [=](Instant at, Dice*) {
    return at >= kStart + from && at < kStart + from + length ? kTransient : kSuccess;
  };
}

TEST(BreakerDrive, AnOutageWastesLittleAndIsSoonOver) {
  for (Duration length : {Duration(1s), Duration(20s), Duration(120s)}) {
    Drive drive;
    drive.length = length + 20s;
    drive.api = outage(5s, length);
    drive.run(1);
    SCOPED_TRACE(std::to_string(length / 1s) + " s");
    EXPECT_EQ(drive.trips, 1);
    // What comes before it trips, what is out then, and the probes.
    EXPECT_LE(drive.failures, 5000 * 0.3 + 10 * drive.open_times);
    EXPECT_LE(drive.worst_probes, 10);
    EXPECT_GT(drive.last_closed, kStart + 5s + length);
    EXPECT_LE(drive.last_closed, kStart + 5s + length + 5600ms);
  }
}

TEST(BreakerDrive, ABlipDoesNotTrip) {
  std::uint64_t seed = 10;
  for (double per_s : {50., 300., 1000., 5000.}) {
    for (auto [latency, failure_latency] :
         {std::pair(20ms, 20ms), std::pair(100ms, 1ms), std::pair(5ms, 90ms)}) {
      for (Duration more : {0ms, 30ms, 200ms}) {
        Drive drive;
        drive.per_s = per_s;
        drive.latency = latency;
        drive.failure_latency = failure_latency;
        drive.latency_more = more;
        drive.length = 11s;
        drive.api = [](Instant at, Dice*) { return (at - kStart) % 1s >= 800ms ? kTransient : kSuccess; };
        drive.run(++seed);
        EXPECT_EQ(drive.trips, 0) << per_s << "/s, more " << seconds(more);
        EXPECT_GT(drive.failures, 0);
      }
    }
  }
}

TEST(BreakerDrive, IndependentFailuresDoNotTrip) {
  for (double share : {0.3, 0.7}) {
    Drive drive;
    drive.length = 40s;
    drive.latency_more = 30ms;
    drive.api = [=](Instant, Dice* dice) { return dice->share() < share ? kTransient : kSuccess; };
    drive.run(2);
    EXPECT_EQ(drive.trips, 0) << share;
  }
}

TEST(BreakerDrive, NothingButThrottlingDoesNotTrip) {
  Drive drive;
  drive.api = [](Instant, Dice*) { return kThrottled; };
  drive.run(3);
  EXPECT_EQ(drive.trips, 0);
}

TEST(BreakerDrive, AnApiThatBearsProbesButNoLoadIsTriedLessAndLess) {
  Drive drive;
  drive.length = 60s;
  int in_this_tenth = 0;
  std::int64_t tenth = 0;
  drive.api = [&](Instant at, Dice*) {
    if (std::exchange(tenth, at.time_since_epoch() / 100ms) != tenth) in_this_tenth = 0;
    return ++in_this_tenth > 12 ? kTransient : kSuccess;
  };
  drive.run(4);
  EXPECT_LE(drive.trips, 16);  // once in five seconds, not twice a second
}

TEST(BreakerDrive, TheHalfOpenStateNeverHangs) {
  // Anything may happen to a probe, in any order, and there may be few rows left.
  Dice dice(99);
  int half_open_times = 0;
  for (int round = 0; round < 3000; ++round) {
    Breaker breaker({}, &dice);
    Instant now = kStart;
    for (; breaker.state() == State::kClosed; now += 10ms) breaker.record(kTransient, now, now, {});
    std::vector<Instant> out;  // when each began
    for (int stale = static_cast<int>(dice.next() % 20); stale > 0; --stale) out.push_back(kStart);
    int rows = 1 + static_cast<int>(dice.next() % 40);
    Instant half_open_since{};
    int probes = 0;  // since then, without withdrawn ones
    double bad = dice.share();
    while (rows > 0 || !out.empty()) {
      State before = breaker.state();
      Instant next = breaker.next(now);
      if (out.empty()) {
        ASSERT_NE(next, Instant::max()) << "round " << round;
        now = std::max(now, next);
        next = breaker.next(now);
      }
      if (before == State::kOpen && breaker.state() == State::kHalfOpen) {
        ++half_open_times;
        half_open_since = now;
        probes = 0;
      }
      bool half_open = breaker.state() == State::kHalfOpen;
      if (rows > 0 && next <= now && dice.share() < 0.6) {
        probes += half_open ? 1 : 0;
        ASSERT_LE(probes, 10) << "round " << round;
        breaker.sent(now);
        out.push_back(now);
        --rows;
        continue;
      }
      if (out.empty()) continue;
      std::size_t which = dice.next() % out.size();
      Instant begun = std::exchange(out[which], out.back());
      out.pop_back();
      now += from_seconds(0.03 * dice.share());
      double what = dice.share();
      if (what < 0.1) {
        breaker.withdraw(begun);
        probes -= half_open && begun >= half_open_since ? 1 : 0;
        rows += dice.share() < 0.5 ? 1 : 0;  // it is tried again, or not
      } else {
        OutcomeClass outcome = what < 0.1 + 0.8 * bad ? kTransient : what < 0.95 ? kSuccess : kThrottled;
        breaker.record(outcome, begun, now, {});
        rows += outcome == kTransient && dice.share() < 0.5 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(half_open_times, 10'000);
}

}  // namespace
}  // namespace rowcall::policy
