// SPDX-License-Identifier: Apache-2.0
// A cluster in a box: workers with clocks of their own, a coordinator, and a network between them that loses,
// delays, repeats and reorders what is sent. The same seed gives the same run.
//
// What is audited is not what anybody believes, but when calls really left and when they really arrived, on
// a clock that nobody in the cluster can see.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "rowcall/time.h"

#include "policy/dice.h"
#include "policy/lease_coordinator.h"
#include "policy/lease_worker.h"
#include "policy/limiter.h"

namespace rowcall::sim {

/// A rule of the protocol, taken away from outside: by forged messages or wrong terms. The code under test
/// has no switch for it.
enum class Broken {
  kNothing,
  kChargeBeforeGrant,   ///< A grant says more than was charged.
  kShrinkAcknowledged,  ///< A shrink counts as soon as it was sent.
  kReturnedCool,        ///< A permit is given back while it cools.
  kLostCool,            ///< A lost worker's permits do not cool.
  kLeaseWaitedFor,      ///< A lost worker's permits come back before its lease is over.
  kLeaseEnds,           ///< A worker sends on when its lease has run out.
  kSilentAfterRestart,  ///< A restarted coordinator gives at once.
  kOldGrantsIgnored,    ///< Grants count in the order in which they come.
  kOldReportsIgnored,   ///< Reports count in the order in which they come.
};

struct ClusterOptions {
  std::uint64_t seed = 1;
  RateLimit limit{200, std::chrono::seconds(1)};
  bool redis = false;  ///< A Redis lends, with its script; `restarts` are failovers then.
  int workers = 6;
  int slots = 0;  ///< So many workers at once: another begins `gap` after one has ended. 0: all at once.
  Duration gap{};
  std::int64_t calls = 3000;     ///< In all...
  double skew = 1.2;             ///< ...shared among the workers as 1 / rank ^ skew.
  double worker_rate_max = 1e9;  ///< Calls per second that one worker can make.
  Duration give_up_after = std::chrono::seconds(200);

  double lost = 0;  ///< Share of messages.
  double repeated = 0;
  double very_late = 0;     ///< Delayed by up to two seconds instead of 1 to 30 ms.
  double clock_rates = 0;   ///< Clocks run wrong by up to this share.
  int troubles = 2;         ///< Crashes and partitions, of those there are.
  bool crashes = false;     ///< A worker dies, and another takes up its work.
  bool partitions = false;  ///< A worker is cut off from the coordinator for seconds.
  bool restarts = false;    ///< The coordinator dies; another begins after up to two seconds.
  bool pauses = false;      ///< A worker stands still between its look at the clock and the write.
  Broken broken = Broken::kNothing;
};

struct ClusterOutcome {
  std::string breach;           ///< The first time the books were wrong, or "".
  std::int64_t worst_sent = 0;  ///< Most calls that left in any window of the period.
  std::int64_t worst_arrived = 0;
  std::int64_t sent = 0;
  bool finished = false;
  Duration took{};
  std::int64_t messages = 0;       ///< Both ways, lost ones too...
  double messages_most_per_s = 0;  ///< ...and the most in one second.
  double utilisation = 0;          ///< Calls over what the limit allowed until the last one.
};

ClusterOutcome play_cluster(const ClusterOptions& options);

}  // namespace rowcall::sim
