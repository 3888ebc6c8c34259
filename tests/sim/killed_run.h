// SPDX-License-Identifier: Apache-2.0
// A run that is killed, stopped and let down by its disk, again and again, until it is complete.
#pragma once

#include <cstdint>
#include <string>

namespace rowcall::sim {

struct KilledRun {
  std::string violation;  ///< The first promise that was broken; empty: none.
  int sessions = 0;       ///< Processes it took.
  int kills = 0;
  int failed_disks = 0;  ///< Sessions that ended with an error of the disk.
  int stops = 0;
  std::int64_t repeated = 0;  ///< Calls that were carried out more than once by the API.
  std::int64_t allowed = 0;   ///< As many might have been: in flight, or not yet synced.
};

/// Everything follows from the seed: table, job, API, network, and when what goes wrong. `marks_first` breaks
/// the order of writes on purpose.
KilledRun play_killed(std::uint64_t seed, bool marks_first = false);

}  // namespace rowcall::sim
