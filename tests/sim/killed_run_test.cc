// SPDX-License-Identifier: Apache-2.0
// Promises 2, 3 and 5 under everything that can happen to a process: ten thousand runs that are killed,
// stopped and let down by their disk.
#include "tests/sim/killed_run.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace rowcall::sim {
namespace {

// ROWCALL_SIM_SEEDS="FIRST COUNT" plays others.
TEST(KilledRun, NothingIsLostAndNothingPaidTwice) {
  std::uint64_t first = 1;
  std::uint64_t count = 10'000;
  if (const char* wanted = std::getenv("ROWCALL_SIM_SEEDS")) {
    char* rest = nullptr;
    first = std::strtoull(wanted, &rest, 10);
    count = std::strtoull(rest, nullptr, 10);
  }
  KilledRun total;
  int broken = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    KilledRun run = play_killed(seed);
    EXPECT_EQ(run.violation, "") << "seed " << seed << ", after " << run.sessions << " sessions";
    if (!run.violation.empty() && ++broken == 10) FAIL() << "and so on";
    total.sessions += run.sessions;
    total.kills += run.kills;
    total.failed_disks += run.failed_disks;
    total.stops += run.stops;
    total.repeated += run.repeated;
    total.allowed += run.allowed;
  }
  RecordProperty("sessions", total.sessions);
  std::printf(
      "%llu runs, %d processes: %d killed, %d let down by the disk, %d stopped; %lld calls repeated, %lld "
      "might have been\n",
      static_cast<unsigned long long>(count), total.sessions, total.kills, total.failed_disks, total.stops,
      static_cast<long long>(total.repeated), static_cast<long long>(total.allowed));
  // The test is only worth something if all of this has happened.
  EXPECT_GT(total.kills, static_cast<int>(count) / 2);
  EXPECT_GT(total.failed_disks, static_cast<int>(count) / 20);
  EXPECT_GT(total.stops, static_cast<int>(count) / 10);
  EXPECT_GT(total.repeated, 0);
}

TEST(KilledRun, AnEngineThatMarksBeforeItPublishesIsFoundOut) {
  int found = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    if (!play_killed(seed, /*marks_first=*/true).violation.empty()) ++found;
  }
  EXPECT_GT(found, 0);
  RecordProperty("found", found);
}

}  // namespace
}  // namespace rowcall::sim
