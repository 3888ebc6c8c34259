// SPDX-License-Identifier: Apache-2.0
// Holds for the whole cluster: what one worker learns about the API's health holds for all.
//
// - Retry-After for everyone: when one worker was told to wait, all wait as long.
// - An open breaker: when more than half of those who send have theirs open, the API is ill and not one
//   worker's network. All are held then but one, which probes; when its breaker closes, all go on.
//
// A decision: no clock, no sleep, no I/O. Belongs to the thread of the coordinator.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "rowcall/time.h"

namespace rowcall::policy {

class ClusterHold {
 public:
  /// A hold is told in pieces of this length, renewed with every message, so that a lost word ends it.
  static constexpr Duration kPiece = std::chrono::milliseconds(750);

  /// After a hold was ended by its prober, each worker's breaker closes by itself, without another hold.
  static constexpr Duration kGrace = std::chrono::seconds(10);

  /// What a worker says of itself: its breaker is not closed; it was told to wait that long from now.
  void report(std::uint64_t worker, bool broken, Duration asked_to_wait, Instant now);
  /// A worker is gone.
  void forget(std::uint64_t worker);

  /// How long this worker is to send nothing, from now on; zero when it may send.
  Duration hold(std::uint64_t worker, Instant now) const;
  /// True once after a hold has begun or ended: all should be told.
  bool take_changed() { return std::exchange(changed_, false); }
  bool held(Instant now) const { return prober_ != 0 || asked_until_ > now; }

 private:
  void choose();

  std::map<std::uint64_t, bool> broken_;  // by worker
  std::int64_t broken_count_ = 0;
  std::uint64_t prober_ = 0;    // 0: nobody is held for a breaker
  std::uint64_t freed_by_ = 0;  // the prober whose success has just ended a hold
  Instant heed_from_{};
  Instant asked_until_{};
  bool changed_ = false;
};

}  // namespace rowcall::policy
