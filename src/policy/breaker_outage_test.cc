// SPDX-License-Identifier: Apache-2.0
// The breaker between a caller and an API that is down, flaps, fails at random or throttles.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "policy/breaker.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using State = Breaker::State;

constexpr Instant kStart{1h};
constexpr auto kSuccess = OutcomeClass::kSuccess;
constexpr auto kTransient = OutcomeClass::kTransient;
constexpr auto kThrottled = OutcomeClass::kThrottled;

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

TEST(BreakerOutage, AnOutageWastesLittleAndIsSoonOver) {
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
    EXPECT_LE(drive.last_closed, kStart + 5s + length + 3600ms);
  }
}

TEST(BreakerOutage, ABlipDoesNotTrip) {
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

TEST(BreakerOutage, IndependentFailuresDoNotTrip) {
  for (double share : {0.3, 0.7}) {
    Drive drive;
    drive.length = 40s;
    drive.latency_more = 30ms;
    drive.api = [=](Instant, Dice* dice) { return dice->share() < share ? kTransient : kSuccess; };
    drive.run(2);
    EXPECT_EQ(drive.trips, 0) << share;
  }
}

TEST(BreakerOutage, NothingButThrottlingDoesNotTrip) {
  Drive drive;
  drive.api = [](Instant, Dice*) { return kThrottled; };
  drive.run(3);
  EXPECT_EQ(drive.trips, 0);
}

TEST(BreakerOutage, AnApiThatBearsProbesButNoLoadIsTriedLessAndLess) {
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

TEST(BreakerOutage, TheHalfOpenStateNeverHangs) {
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
