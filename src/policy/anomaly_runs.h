// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: the telemetry of a run of two hours with things happening to it, from a seed.
//
// Noise is as seen in recorded runs: latency is correlated from second to second and drifts, single seconds
// are odd for no reason, counts are Poisson.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policy/anomaly.h"

namespace rowcall::policy {

/// What happens to a run.
enum class Mishap : std::uint8_t {
  kLatency20,     ///< Latency + 20 % for 60 s.
  kLatency50,     ///< Latency + 50 % for 30 s.
  kTail,          ///< The slowest calls take twice as long, for 60 s.
  kThroughput5,   ///< Throughput - 5 % for 60 s.
  kThroughput30,  ///< Throughput - 30 % for 30 s.
  kErrors,        ///< Errors from 0.1 to 0.5 %, for 60 s.
  kThrottled,     ///< Throttled from nothing to 0.5 %, for 60 s.
  kTimeouts,      ///< Timeouts from nothing to 0.2 %, for 60 s.
  kNulls,         ///< Nulls of a column from 5 to 7 %, for 60 s.
  kDrift,         ///< Latency grows by 30 % over 300 s.
};
inline constexpr int kMishaps = 10;
const char* name_of(Mishap mishap);

struct Injected {
  Mishap mishap;
  int from;  ///< Second.
  int until;
};

struct RecordedRun {
  std::vector<Second> seconds;  ///< With one response column each.
  std::vector<Second::Column> nulls;
  std::vector<Injected> mishaps;
};

/// Two hours, a mishap about every eight minutes. The run is complete in itself: `seconds` point into
/// `nulls`.
RecordedRun recorded_run(std::uint64_t seed);

}  // namespace rowcall::policy
