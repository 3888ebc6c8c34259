// SPDX-License-Identifier: Apache-2.0
// The one entrance: carry out a job.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "rowcall/error.h"
#include "rowcall/event.h"
#include "rowcall/job.h"
#include "rowcall/journal.h"
#include "rowcall/report.h"
#include "rowcall/table.h"
#include "rowcall/time.h"

namespace rowcall {

/// Tells a run to stop. May be raised from any thread and from a signal handler.
class StopFlag {
 public:
  /// First call: let calls in flight finish. Second call: stop at once.
  void raise() { level_.fetch_add(1, std::memory_order_relaxed); }
  bool graceful() const { return level_.load(std::memory_order_relaxed) >= 1; }
  bool at_once() const { return level_.load(std::memory_order_relaxed) >= 2; }

 private:
  std::atomic<int> level_{0};
  static_assert(std::atomic<int>::is_always_lock_free);
};

/// Several runs, on whatever machines, share the limits of their jobs: a coordinator lends them out.
struct Cluster {
  /// "tcp://HOST:PORT" or "redis://HOST:PORT/DB"; empty: what the job's limits.coordinator says.
  std::string coordinator;
  std::string secret;  ///< What its workers must know; the password of a Redis.
};

/// What a host lends to a run. All of it must outlive the call of `run`.
struct Host {
  TableSource* source = nullptr;
  TableSink* sink = nullptr;       ///< Rows that were answered: input columns, then response columns.
  TableSink* failures = nullptr;   ///< Rows that were not, with the reason; opened only if there are any.
  Listener listener;               ///< May be empty.
  const StopFlag* stop = nullptr;  ///< May be null.
  Cluster cluster;                 ///< Whom this run shares its limits with, if with anybody.
  std::string run_id;              ///< Names the run in Idempotency-Keys; the same when it is resumed.
  /// Called on the writing thread after each part; an error ends the run. May be empty.
  std::function<Result<void>(const Commit&)> commit;
  /// Where single answers are kept until they are in a part. May be empty: they are called again after a
  /// crash.
  Journal journal;
  /// Tells of the sends of earlier runs that the limits may still count: when, and their weight. An error
  /// ends the run before its first call. May be empty.
  std::function<Result<void>(const std::function<void(Instant at, std::int64_t weight)>& each)> earlier_sends;
  /// Keeps for later runs that the last one, which was killed, may have sent so many calls of at most that
  /// weight before this one began, of which `earlier_sends` does not tell. Called before the first call; an
  /// error ends the run. Empty: only this run counts them.
  std::function<Result<void>(std::int64_t calls, std::int64_t weight)> keep_unlogged_sends;
  /// An earlier run has lost its record of what it sent until then: limits of a minute and less count as used
  /// up at that moment, whatever `earlier_sends` tells.
  std::optional<Instant> unknown_sends_until;
  /// Where to go on: what the last `commit` of an earlier run was given. The source must be there already.
  Commit resume;
};

/// Carries out `job` and returns when it is over.
///
/// The error case is kept for what is wrong before the first row is read (a setting, a template that
/// names a column the source has not, a secret that is not there). From then on a report comes back,
/// whose `end` tells how it went.
///
/// Threads: blocks the calling thread, which becomes the loop thread of the run; two more are started
/// for reading and writing. Several runs may go on side by side in one process.
Result<Report> run(const Job& job, const Host& host);

}  // namespace rowcall
