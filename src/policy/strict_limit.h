// SPDX-License-Identifier: Apache-2.0
// One rate limit, kept strictly: at most N sends in any window of length P.
//
// There are N permits. A permit that was used at time s may be used again at s + H, where
// H = P + clock drift + guard; so any window of length P holds at most one send per permit: at most N.
// The guard covers what the network may do to the distance between two arrivals at the server: it is the
// measured delay of that very call over the fastest one (round trip minus smallest round trip), and at
// most `guard_max`. With kProof a permit comes back a period after the answer instead, and the guard is
// needed only for calls that have none. Proof and measurements: docs/decisions/0003-limiter.md.
//
// A decision: no clock, no sleep. Belongs to the loop thread of one run.
#pragma once

#include <cstdint>
#include <deque>
#include <queue>
#include <span>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::policy {

/// The smallest round trip of the last five to ten minutes: the part of a round trip that is not delay.
/// A shorter memory would rise with a standing queue, and guard too little.
class RoundTripFloor {
 public:
  /// The smallest of a few round trips proves nothing, nor that of thousands from one moment: all of them
  /// may have been delayed (a cold path, a start that was held up).
  static constexpr std::int64_t kTrustedFrom = 256;
  static constexpr std::int64_t kTenthsFrom = 10;
  static constexpr Duration kSpan = std::chrono::minutes(5);

  /// Remembers `span` to twice that long.
  explicit RoundTripFloor(Duration span = kSpan) : span_(span) {}
  void record(Duration round_trip, Instant now);
  /// Zero while what is remembered are fewer than `kTrustedFrom` round trips, or they come from fewer than
  /// `kTenthsFrom` tenths of a second: all of a round trip then counts as delay, which is always safe.
  Duration floor() const;

 private:
  struct Smallest {
    Duration round_trip = Duration::max();
    std::int64_t of = 0;
    std::int64_t tenths = 0;
  };
  Duration span_;
  Smallest current_;
  Smallest previous_;
  Instant turned_at_{};
  std::int64_t tenth_ = 0;  // of the last one recorded
};

/// One use of a permit, from `take` to `answered`. Zero is none. Never the same number twice, so that a
/// very late answer cannot be mistaken for that of a later call.
using PermitUse = std::uint64_t;

class StrictLimit {
 public:
  /// Clocks may drift apart by this share of a period: 500 ppm slewing and 100 ppm crystal error.
  static constexpr double kDrift = 6e-4;

  /// `floor` is shared by the limits of one endpoint and outlives them.
  StrictLimit(RateLimit limit, Strictness strictness, Duration guard_max, const RoundTripFloor* floor);

  /// When a permit is there: not later than `now` if one can be taken. While every permit waits for its
  /// write or (kProof) for its answer no time is known: then it is `now + guess`, and asking again after an
  /// answer is sooner. A call that weighs more takes as many permits as it weighs, all at once.
  Instant next(Instant now, std::int64_t weight = 1);
  /// Takes them. Only when `next(now, weight) <= now`.
  PermitUse take(Instant now, std::int64_t weight = 1);
  /// The request was written. `at` is read after the write: the latest moment it can have left.
  void sent(PermitUse use, Instant at);
  /// The answer is complete.
  void answered(PermitUse use, Instant at);
  /// It is known that no answer will come. How long the call was under way, nobody knows: the largest
  /// guard, and with kProof the largest guard from `at` on.
  void unanswered(PermitUse use, Instant at);
  /// Nothing left this machine: the permit is free at once.
  void unsent(PermitUse use);

  /// Accounts for a send of an earlier run, so that two runs together keep the limit.
  void remember(Instant sent_at, std::int64_t weight = 1);
  /// The number of permits that may be in use from now on. Fewer: as many as come back are kept back.
  void set_permits(std::int64_t permits) { permits_ = permits; }

  /// Permits that are usable, in use, cooling, or kept back but not cool yet: not fewer than a coordinator
  /// has to count on while it lends them here (lease_worker.h).
  std::int64_t held(Instant now);
  /// The most permits that were in use or cooling at a time since this was last asked.
  std::int64_t take_peak();
  /// A lease has run out: what is in use or cooling now is somebody else's to count. None is left.
  void abandon();
  /// How many permits can be used again within each `slice` of time from now on; what takes longer, or
  /// nobody knows how long, is in the last.
  void count_cooling(Instant now, Duration slice, std::span<std::int64_t> slices) const;

  std::int64_t permits() const { return permits_; }
  /// Permits that cannot be taken now: in use, or cooling.
  std::int64_t live() const { return live_; }
  /// P with the allowance for drift, without any guard.
  Duration horizon() const { return horizon_; }
  /// When to look again if nothing better is known: a thousandth of the period, but 1 to 100 ms.
  static Duration guess(Duration period);

 private:
  enum class State : std::uint8_t { kFree, kTaken, kFlying, kCooling, kAbandoned };
  struct Use {
    Instant sent{};
    Duration round_trip{};
    std::int64_t weight = 1;
    std::uint32_t generation = 0;
    State state = State::kFree;
  };
  struct Cooling {
    Instant release;
    PermitUse use;
    bool operator>(const Cooling& other) const { return release > other.release; }
  };

  PermitUse new_use(State state, std::int64_t weight);
  Use* find(PermitUse use);
  void free_use(PermitUse use);
  void cool(PermitUse use, Instant release);
  Duration guard(Duration round_trip) const;
  void release_due(Instant now);

  Duration horizon_;
  Duration guard_max_;
  Duration guess_;
  Strictness strictness_;
  const RoundTripFloor* floor_;
  std::int64_t permits_;
  std::int64_t live_ = 0;
  std::int64_t peak_ = 0;  // of live_, since it was asked for
  std::vector<Use> uses_;
  std::vector<std::uint32_t> free_uses_;
  // kMeasured: sends in order of time, with answered ones among them, but not in front. One whose answer is
  // still out comes back when even the largest guard is over.
  std::deque<std::pair<Instant, PermitUse>> flying_;
  std::priority_queue<Cooling, std::vector<Cooling>, std::greater<>> cooling_;
};

}  // namespace rowcall::policy
