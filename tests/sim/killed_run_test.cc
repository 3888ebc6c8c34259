// SPDX-License-Identifier: Apache-2.0
// Promises 1, 2, 3 and 5 under everything that can happen to a process: ten thousand runs that are killed,
// stopped, stalled, let down by their disk and their object store, and robbed of their run directory.
#include "tests/sim/killed_run.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/sim/seeds.h"

namespace rowcall::sim {
namespace {

// ROWCALL_SIM_SEEDS="FIRST COUNT" plays others.
TEST(KilledRun, NothingIsLostAndNothingPaidTwice) {
  std::uint64_t first = 1;
  std::uint64_t count = seeds(10'000);
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
    total.stalls += run.stalls;
    total.lost_directories += run.lost_directories;
    total.disk.short_writes += run.disk.short_writes;
    total.disk.torn_writes += run.disk.torn_writes;
    total.disk.failed_calls += run.disk.failed_calls;
    total.repeated += run.repeated;
    total.allowed += run.allowed;
  }
  RecordProperty("sessions", total.sessions);
  std::printf(
      "%llu runs, %d processes: %d killed, %d let down by disk or store, %d stopped, %d run directories "
      "lost; "
      "%d stalls, %d short writes, %d torn, %d failed calls of the store; %lld calls repeated, %lld might "
      "have been\n",
      static_cast<unsigned long long>(count), total.sessions, total.kills, total.failed_disks, total.stops,
      total.lost_directories, total.stalls, total.disk.short_writes, total.disk.torn_writes,
      total.disk.failed_calls, static_cast<long long>(total.repeated), static_cast<long long>(total.allowed));
  // The test is only worth something if all of this has happened.
  EXPECT_GT(total.kills, static_cast<int>(count) / 2);
  EXPECT_GT(total.failed_disks, static_cast<int>(count) / 20);
  EXPECT_GT(total.stops, static_cast<int>(count) / 10);
  EXPECT_GT(total.repeated, 0);
  EXPECT_GT(total.stalls, static_cast<int>(count));
  EXPECT_GT(total.lost_directories, static_cast<int>(count) / 10);
  EXPECT_GT(total.disk.short_writes, static_cast<int>(count));
  EXPECT_GT(total.disk.torn_writes, static_cast<int>(count) / 20);
  EXPECT_GT(total.disk.failed_calls, static_cast<int>(count) / 2);
}

// Whether one of 2,000 runs finds out that the engine is broken.
bool found_out(Breakage breakage) {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    if (!play_killed(seed, breakage).violation.empty()) return true;
  }
  return false;
}

TEST(KilledRun, AnEngineThatMarksBeforeItPublishesIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kMarksFirst));
}

TEST(KilledRun, AnEngineThatNotesBeforeItPublishesIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kNotesFirst));
}

TEST(KilledRun, ALedgerThatTrustsATornEndIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kTrustsTorn));
}

TEST(KilledRun, ARunThatForgetsWhatALostOneHasSentIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kForgetsSends));
}

TEST(KilledRun, ARunThatDoesNotMarkItsFirstCallIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kMarksLate));
}

TEST(KilledRun, ARunThatForgetsWhatWasNotLoggedIsFoundOut) {
  EXPECT_TRUE(found_out(Breakage::kForgetsUnlogged));
}

}  // namespace
}  // namespace rowcall::sim
