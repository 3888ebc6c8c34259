// SPDX-License-Identifier: Apache-2.0
#include "telemetry/earlier_sends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <vector>

#include "base/disk.h"
#include "telemetry/call_log.h"
#include "telemetry/call_log_format.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;

const WallTime kNoon{std::chrono::sys_days(std::chrono::year(2026) / 3 / 1) + 12h};
const Instant kNow{1'000'000s};

struct Told {
  Duration ago;
  std::int64_t weight;
  bool operator==(const Told&) const = default;
};

// A session that began `ago` and sent those calls, with their weights, from its begin on.
void write_session(const std::filesystem::path& path, Duration ago, std::vector<Told> calls,
                   std::uint32_t boot = boot_mark()) {
  auto log = CallLog::open(path, {});
  ASSERT_TRUE(log.has_value());
  Instant began = boot == boot_mark() ? kNow - ago : Instant{5s};
  (*log)->begin({began, kNoon - ago, boot}, {});
  for (const Told& call : calls) {
    Reply reply;
    reply.status = 200;
    reply.on_wire = true;
    reply.sent_at = began + (ago - call.ago);
    reply.done_at = reply.sent_at + 20ms;
    (*log)->add(AttemptEnded{0, 1, 1, OutcomeClass::kSuccess, reply, "", call.weight});
  }
}

std::vector<Told> told(const std::filesystem::path& path, std::vector<RateLimit> limits) {
  std::vector<Told> out;
  auto result = tell_earlier_sends(path, limits, {kNow, kNoon}, [&](Instant at, std::int64_t weight) {
    out.push_back({kNow - at, weight});
  });
  EXPECT_TRUE(result.has_value());
  return out;
}

TEST(EarlierSends, ThoseThatALimitStillCounts) {
  TestFolder folder;
  auto path = folder.path() / "calls.log";
  std::vector<Told> calls{{20h, 1}, {11h, 3}, {11h - 1s, 3}, {10h, 1}, {1s, 7}};
  write_session(path, 21h, calls);
  std::vector<Told> today(calls.begin() + 1, calls.end());
  EXPECT_EQ(told(path, {{100, 24h, Renewal{}}}), today);
  EXPECT_EQ(told(path, {{100, 24h}}), calls);
  EXPECT_EQ(told(path, {{100, 1s}}), (std::vector<Told>{{1s, 7}}));
  EXPECT_EQ(told(path, {}), std::vector<Told>{});
}

TEST(EarlierSends, SessionsOfThisBootAndOfAnEarlierOne) {
  TestFolder folder;
  auto path = folder.path() / "calls.log";
  write_session(path, 5h, {{4h, 2}}, boot_mark() + 1);
  write_session(path, 3h, {{2h, 1}});
  EXPECT_EQ(told(path, {{100, 24h, Renewal{}}}), (std::vector<Told>{{4h, 2}, {2h, 1}}));
}

// Nobody knows when they were sent, so they count as long as they might.
TEST(EarlierSends, ThoseThatAFullDiskKeptOutOfTheLogCountAsSentNow) {
  TestFolder folder;
  auto path = folder.path() / "calls.log";
  write_session(path, 3h, {{2h, 5}});
  std::array<unsigned char, kCallRecordBytes> gap{};
  encode({2, 0, 0, 0, 0, control_flags(CallControl::kGap)}, gap.data());
  std::ofstream(path, std::ios::app | std::ios::binary)
      .write(reinterpret_cast<const char*>(gap.data()), gap.size());
  EXPECT_EQ(told(path, {{100, 24h}}), (std::vector<Told>{{2h, 5}, {0s, 5}, {0s, 5}}));
}

TEST(EarlierSends, WhatIsKnownOfARunWhoseDirectoryWasLost) {
  TestFolder folder;
  auto path = folder.path() / "lost_run.txt";
  EXPECT_FALSE(read_lost_run(path, {kNow, kNoon})->has_value());
  LostRun written{{kNow - 1h, kNoon - 1h}, {{kNoon - 13h, 4}, {kNoon - 2h, 3}, {kNoon, 1}, {WallTime{}, 2}}};
  ASSERT_TRUE(write_lost_run(path, written));
  auto lost = read_lost_run(path, {kNow, kNoon});
  ASSERT_TRUE(lost && *lost);
  EXPECT_EQ(kNow - (*lost)->ended.at, 1h);
  auto told = [&](const RateLimit& limit) {
    std::vector<Told> out;
    tell_lost_sends(**lost, {&limit, 1}, {kNow, kNoon}, 5,
                    [&](Instant at, std::int64_t weight) { out.push_back({kNow - at, weight}); });
    return out;
  };
  // What a clock that is ahead has noted, and what has no time, was sent before the run was taken over.
  std::vector<Told> today{{2h, 5}, {2h, 5}, {2h, 5}, {1h, 5}, {1h, 5}, {1h, 5}};
  EXPECT_EQ(told({100, 24h, Renewal{}}), today);
  EXPECT_EQ(told({100, 24h}).size(), 10U);
  EXPECT_EQ(told({100, 1s}), std::vector<Told>{});
}

// The wall clock was set back by an hour since.
TEST(EarlierSends, ALostRunIsAsLongAgoAsTheMonotonicClockSays) {
  TestFolder folder;
  auto path = folder.path() / "lost_run.txt";
  ASSERT_TRUE(write_lost_run(path, {{kNow - 2s, kNoon + 1h}, {}}));
  EXPECT_EQ((*read_lost_run(path, {kNow, kNoon}))->ended.at, kNow - 2s);
}

TEST(EarlierSends, AFileThatIsNoneOfALostRunIsNamed) {
  TestFolder folder;
  auto path = folder.path() / "lost_run.txt";
  ASSERT_TRUE(write_file(path, "1 2 3\n4 five\n"));
  auto lost = read_lost_run(path, {kNow, kNoon});
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().text(),
              testing::AllOf(testing::HasSubstr("lost_run.txt"), testing::HasSubstr("4 five")));
}

TEST(EarlierSends, WhatKilledSessionsMayHaveSentWithoutLoggingIt) {
  TestFolder folder;
  auto path = folder.path() / "unlogged_sends.txt";
  auto told = [&](const RateLimit& limit) {
    std::vector<Told> out;
    EXPECT_TRUE(tell_unlogged_sends(path, {&limit, 1}, {kNow, kNoon}, [&](Instant at, std::int64_t weight) {
      out.push_back({kNow - at, weight});
    }));
    return out;
  };
  EXPECT_EQ(told({100, 24h}), std::vector<Told>{}) << "no file";
  ASSERT_TRUE(add_unlogged_sends(path, {{kNow - 3h, kNoon - 3h}, 2, 4}));
  ASSERT_TRUE(add_unlogged_sends(path, {{kNow - 2s, kNoon + 1h}, 1, 1}));  // the clock was set back since
  EXPECT_EQ(told({100, 24h}), (std::vector<Told>{{3h, 4}, {3h, 4}, {2s, 1}}));
  EXPECT_EQ(told({100, 1s}), (std::vector<Told>{{2s, 1}}));
  ASSERT_TRUE(write_file(path, "1 2 3 4\n"));
  auto damaged = tell_unlogged_sends(path, {}, {kNow, kNoon}, [](Instant, std::int64_t) {});
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().text(),
              testing::AllOf(testing::HasSubstr("unlogged_sends.txt"), testing::HasSubstr("1 2 3 4")));
}

TEST(EarlierSends, NoLogNoSends) {
  TestFolder folder;
  EXPECT_EQ(told(folder.path() / "calls.log", {{100, 24h}}), std::vector<Told>{});
}

}  // namespace
}  // namespace rowcall::telemetry
