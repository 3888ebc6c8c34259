// SPDX-License-Identifier: Apache-2.0
// Simulated runs whose end is to be foretold: limits, servers that change, outages, all from a seed.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "policy/forecast.h"
#include "tests/sim/sim_run.h"

namespace rowcall::sim {

inline constexpr std::array<double, 6> kCheckpoints = {0.05, 0.10, 0.25, 0.50, 0.75, 0.90};

/// What was known at one checkpoint of a run, and how it ended.
struct Checkpoint {
  std::size_t which;  ///< Into kCheckpoints.
  policy::Forecast::Basis basis;
  policy::FinishForecast forecast;
  double mean_s;        ///< Time left by the mean pace since the start.
  double recent_s;      ///< Time left by the pace of the last 30 s; 0: none.
  double actual_s = 0;  ///< Time that was left in truth.
};

/// A run with zero to four changes of the server and zero to two outages.
Scenario changing_run(std::uint64_t seed);

/// Plays it and notes the checkpoints. A checkpoint without a forecast is left out.
std::vector<Checkpoint> checkpoints_of(std::uint64_t seed);

}  // namespace rowcall::sim
