// SPDX-License-Identifier: Apache-2.0
// The promise "never over the limit", tried on more than a million simulated sends.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/parse.h"
#include "policy/limiter.h"
#include "policy/limiter_simulation.h"

namespace rowcall::policy {
namespace {

using namespace std::chrono_literals;
using simulation::most_in_any_window;
using simulation::run;
using simulation::Trace;
using simulation::World;

/// A sender that does everything a sender can do wrong, on the time scale of the limit.
World bad_world(std::int64_t calls, Duration period, std::uint64_t seed) {
  World world;
  world.seed = seed;
  world.sends = calls >= 5000 ? 40'000 : 7'000;
  world.stop_max = std::min<Duration>(period, 300ms);
  world.stop_share = calls >= 5000 ? 0.00002 : 0.0005;
  world.unsent_share = 0.02;
  world.lag_share = 0.02;
  world.lag_max = std::min<Duration>(period / 2, 100ms);
  world.spread = 50ms;
  world.late_share = 0.02;
  world.late_max = std::min<Duration>(3 * period, 2min);
  world.lost_share = 0.02;
  return world;
}

LimitSpec spec_of(std::int64_t calls, Duration period, Strictness strict) {
  LimitSpec spec;
  spec.rate = {{calls, period}};
  spec.strict = strict;
  spec.guard_max = 50ms;
  return spec;
}

/// With the allowance for drift: the sender keeps even a period this much longer.
Duration horizon(Duration period) {
  return period + from_seconds(seconds(period) * StrictLimit::kDrift);
}

TEST(LimiterProperty, NeverMoreThanNInAMillionSends) {
  std::int64_t sends = 0;
  std::uint64_t seed = 0;
  for (std::int64_t calls : {1, 2, 7, 100, 5000}) {
    for (Duration period : {Duration(100ms), Duration(1s), Duration(1min), Duration(1h)}) {
      for (Strictness strict : {Strictness::kMeasured, Strictness::kProof}) {
        for (bool always_work : {true, false}) {
          World world = bad_world(calls, period, ++seed);
          world.counts_anywhere = strict == Strictness::kProof;
          world.counts_after_loss = 50ms;
          if (!always_work) world.idle_max = 2 * period;
          Limiter limiter(spec_of(calls, period, strict));
          Trace trace = run(&limiter, world);
          SCOPED_TRACE(std::to_string(calls) + " per " + duration_text(period) + ", seed " +
                       std::to_string(seed));
          EXPECT_LE(most_in_any_window(trace.sent, horizon(period)), calls) << "at the sender";
          EXPECT_LE(most_in_any_window(trace.counted, period), calls) << "at the server";
          sends += static_cast<std::int64_t>(trace.sent.size());
        }
      }
    }
  }
  EXPECT_GE(sends, 1'000'000);
}

/// The generic cell rate algorithm, as most libraries have it: `burst` calls at once, then one each N/P.
class Gcra {
 public:
  Gcra(std::int64_t calls, Duration period, std::int64_t burst)
      : interval_(period / calls), tolerance_((burst - 1) * interval_) {}
  Instant next(Instant now) const { return std::max(now, arrival_ - tolerance_); }
  Permit take(Instant now) {
    arrival_ = std::max(arrival_, now) + interval_;
    return {};
  }
  void sent(const Permit&, Instant) {}
  void answered(const Permit&, Instant, Instant) {}
  void unanswered(const Permit&, Instant) {}
  void unsent(const Permit&) { arrival_ -= interval_; }

 private:
  Duration interval_;
  Duration tolerance_;
  Instant arrival_{};
};

/// A bucket of N tokens, full at first, filled at N/P.
class TokenBucket {
 public:
  TokenBucket(std::int64_t calls, Duration period)
      : full_(static_cast<double>(calls)), per_s_(full_ / seconds(period)), tokens_(full_) {}
  Instant next(Instant now) {
    fill(now);
    return tokens_ >= 1 ? now : now + from_seconds((1 - tokens_) / per_s_) + 1ns;
  }
  Permit take(Instant now) {
    fill(now);
    tokens_ -= 1;
    return {};
  }
  void sent(const Permit&, Instant) {}
  void answered(const Permit&, Instant, Instant) {}
  void unanswered(const Permit&, Instant) {}
  void unsent(const Permit&) { tokens_ = std::min(full_, tokens_ + 1); }

 private:
  void fill(Instant now) {
    tokens_ = std::min(full_, tokens_ + per_s_ * seconds(now - filled_at_));
    filled_at_ = now;
  }
  double full_;
  double per_s_;
  double tokens_;
  Instant filled_at_{};
};

TEST(LimiterProperty, OtherLimitersFailTheSameTest) {
  std::uint64_t seed = 1000;
  for (std::int64_t calls : {1, 2, 7, 100, 5000}) {
    for (Duration period : {Duration(1s), Duration(1min)}) {
      for (bool always_work : {true, false}) {
        World world = bad_world(calls, period, ++seed);
        if (!always_work) world.idle_max = 2 * period;
        SCOPED_TRACE(std::to_string(calls) + " per " + duration_text(period) + ", seed " +
                     std::to_string(seed));
        Gcra gcra(calls, period, 100);
        EXPECT_GT(most_in_any_window(run(&gcra, world).sent, period), calls);
        TokenBucket bucket(calls, period);
        EXPECT_GT(most_in_any_window(run(&bucket, world).sent, period), calls);
      }
    }
  }
}

TEST(LimiterProperty, ProofHoldsWhateverTheNetworkDoes) {
  // Delays of many periods, far beyond any guard, and a server that counts whenever it likes.
  std::uint64_t seed = 2000;
  for (std::int64_t calls : {1, 7, 100}) {
    World world = bad_world(calls, 1s, ++seed);
    world.spread = 3s;
    world.late_share = 0.2;
    world.late_max = 10s;
    world.counts_anywhere = true;
    world.counts_after_loss = 50ms;
    Limiter proof(spec_of(calls, 1s, Strictness::kProof));
    EXPECT_LE(most_in_any_window(run(&proof, world).counted, 1s), calls);
    // So the path is one that the other mode cannot stand.
    Limiter measured(spec_of(calls, 1s, Strictness::kMeasured));
    EXPECT_GT(most_in_any_window(run(&measured, world).counted, 1s), calls);
  }
}

TEST(LimiterProperty, ASpreadBeyondTheGuardLeaksNoMoreThanItsBound) {
  // Only calls that were delayed by more than the guard G let their permit be used twice in one window at
  // the server, and those second uses left within J - G of each other: the pace limits their number.
  std::uint64_t seed = 3000;
  for (std::int64_t calls : {100, 1000, 5000}) {
    for (Duration spread : {Duration(50ms), Duration(200ms), Duration(400ms)}) {
      World world;
      world.seed = ++seed;
      world.sends = 20 * calls;
      world.spread = spread;
      LimitSpec spec = spec_of(calls, 1s, Strictness::kMeasured);
      spec.guard_max = 20ms;
      Limiter limiter(spec);
      Trace trace = run(&limiter, world);
      double leak = seconds(spread - spec.guard_max + Limiter::kCatchUp) * static_cast<double>(calls) * 1.05;
      SCOPED_TRACE(std::to_string(calls) + " per 1s, spread " + duration_text(spread));
      EXPECT_LE(most_in_any_window(trace.sent, 1s), calls);
      EXPECT_GT(most_in_any_window(trace.counted, 1s), calls);
      EXPECT_LE(most_in_any_window(trace.counted, 1s), calls + static_cast<std::int64_t>(leak) + 1);
    }
  }
}

/// What a saturated sender with 1 ms ticks sends in 20 s, as a share of the limit.
double utilisation(Strictness strict, World world) {
  world.sends = 1'000'000;
  world.length = 20s;
  world.tick = 1ms;
  Limiter limiter(spec_of(5000, 1s, strict));
  Trace trace = run(&limiter, world);
  EXPECT_LE(most_in_any_window(trace.sent, horizon(1s)), 5000);
  EXPECT_LE(most_in_any_window(trace.counted, 1s), 5000);
  return static_cast<double>(trace.sent.size()) / (5000 * 20);
}

TEST(LimiterProperty, ASaturatedSenderUsesTheLimit) {
  World quiet;
  quiet.one_way = 200us;
  quiet.service_more = 200us;
  EXPECT_GE(utilisation(Strictness::kMeasured, quiet), 0.995);
  EXPECT_GE(utilisation(Strictness::kProof, quiet), 0.995);

  // 5 ms away, and half of the calls take 20 ms more at the server. A busy server cannot be told from a
  // slow network, so the guard pays for it.
  World busy;
  busy.service_more = 20ms;
  EXPECT_GE(utilisation(Strictness::kMeasured, busy), 0.98);
  EXPECT_GE(utilisation(Strictness::kProof, busy), 0.97);

  World stalls = busy;
  stalls.spread = 20ms;
  EXPECT_GE(utilisation(Strictness::kMeasured, stalls), 0.97);
}

}  // namespace
}  // namespace rowcall::policy
