// SPDX-License-Identifier: Apache-2.0
// One whole run in simulated time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/run.h"

#include "tests/sim/memory_tables.h"
#include "tests/sim/sim_server.h"

namespace rowcall::sim {

/// A job with a score column, without jitter from the system.
Job basic_job();

struct Scenario {
  Job job = basic_job();
  MemorySource::Options source;
  ServerOptions server;
  std::uint64_t seed = 1;
  WallTime wall{};                                               ///< Calendar time at the start.
  std::vector<std::pair<Duration, std::int64_t>> earlier_sends;  ///< Of a run before: how long ago, weight.
  Duration stop_after{};                                         ///< Raise the stop flag then; zero: never.
  Listener listener;                                             ///< Gets every event too; may be empty.
  int sink_fails_at = -1;
  Duration give_up_after = std::chrono::hours(10);  ///< Simulated: a run that has not ended by then hangs.
};

struct Outcome {
  bool hung = false;
  Report report;
  std::vector<std::string> rows;  ///< Published by the sink.
  std::vector<std::string> failures;
  bool finished = false;
  std::int64_t arrivals = 0;
  std::int64_t worst_second = 0;
  std::int64_t answered_twice = 0;
  int in_flight_most = 0;
  std::int64_t rows_held_most = 0;
  std::int64_t ticks = 0;
  std::vector<std::string> holds;
  std::vector<std::string> warnings;
  std::vector<std::pair<Duration, std::string>> moves;  ///< Of the adaptive control, and when.
  std::vector<Seen> seen;                               ///< Every call, as the server saw it.
  std::vector<Instant> retries_at;                      ///< When retries of transient failures are due.
  std::vector<Instant> retries_ok_at;                   ///< When a retry has succeeded.
  Instant begun{};
};

Outcome play(const Scenario& scenario);

}  // namespace rowcall::sim
