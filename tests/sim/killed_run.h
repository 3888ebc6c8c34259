// SPDX-License-Identifier: Apache-2.0
// A run that is killed, stopped, stalled, let down by its disk and its object store, and robbed of its run
// directory, again and again, until it is complete.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/sim_disk.h"

namespace rowcall::sim {

struct KilledRun {
  std::string violation;  ///< The first promise that was broken; empty: none.
  int sessions = 0;       ///< Processes it took.
  int kills = 0;
  int failed_disks = 0;  ///< Sessions that ended with an error of the disk.
  int stops = 0;
  int stalls = 0;            ///< Pieces of reading, writing and syncing that took long.
  int lost_directories = 0;  ///< Gone on with by the notes at the sink.
  DiskCounts disk;
  std::int64_t repeated = 0;  ///< Calls that were carried out more than once by the API.
  std::int64_t allowed = 0;   ///< As many might have been: in flight, or not yet synced.
};

/// Everything follows from the seed: table, job, API, network, and when what goes wrong. `breakage` breaks
/// the engine on purpose.
KilledRun play_killed(std::uint64_t seed, Breakage breakage = Breakage::kNone);

}  // namespace rowcall::sim
