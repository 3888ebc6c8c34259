// SPDX-License-Identifier: Apache-2.0
#include "telemetry/rate_verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "policy/window_audit.h"
#include "telemetry/call_log.h"
#include "telemetry/sorted_sends.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using ::testing::HasSubstr;

const WallTime kWall{1'772'355'900s};
const Instant kStart{1h};

struct Sent {
  Duration at;  // after the start of the session
  Duration latency = 20ms;
};

// Writes a session as the engine would: in the order in which the calls end.
void write_session(const std::filesystem::path& path, std::vector<Sent> calls, std::vector<RateLimit> limits,
                   Duration begins = 0s) {
  std::ranges::stable_sort(calls, {}, [](const Sent& s) { return s.at + s.latency; });
  auto log = CallLog::open(path, {});
  ASSERT_TRUE(log.has_value());
  (*log)->begin({kStart + begins, kWall + begins, 7}, limits);
  std::int64_t row = 0;
  for (const Sent& call : calls) {
    Reply reply;
    reply.status = 200;
    reply.on_wire = true;
    reply.sent_at = kStart + begins + call.at;
    reply.done_at = reply.sent_at + call.latency;
    (*log)->add(AttemptEnded{row++, 1, 1, OutcomeClass::kSuccess, reply, ""});
  }
}

RateVerdict verdict_of(const std::filesystem::path& path, std::vector<RateLimit> limits = {}) {
  auto verdict = verify_rate(path, limits);
  EXPECT_TRUE(verdict.has_value()) << (verdict ? "" : verdict.error().text());
  return verdict.value_or(RateVerdict{});
}

// One call every 10 ms: 100 in any second, as the window is half-open.
std::vector<Sent> every_10_ms(int calls) {
  std::vector<Sent> out;
  for (int i = 0; i < calls; ++i) out.push_back({i * 10ms});
  return out;
}

TEST(VerifyRate, CountsHalfOpenWindows) {
  TestFolder folder;
  auto path = folder / "calls.log";
  write_session(path, every_10_ms(1001), {{100, 1s}});
  RateVerdict verdict = verdict_of(path);
  EXPECT_EQ(verdict.sends, 1001);
  EXPECT_EQ(verdict.first, kWall);
  EXPECT_EQ(verdict.last, kWall + 10s);
  EXPECT_DOUBLE_EQ(verdict.rate_mean, 100);
  ASSERT_EQ(verdict.limits.size(), 1u);
  EXPECT_EQ(verdict.limits[0].worst, 100);
  EXPECT_NEAR(verdict.limits[0].share, 1.0, 1e-9);
  EXPECT_EQ(verdict.one_second.worst, 100);
  EXPECT_EQ(verdict.tenth_of_second.worst, 10);
  EXPECT_FALSE(verdict.over());
}

TEST(VerifyRate, FindsOneCallTooMany) {
  TestFolder folder;
  auto path = folder / "calls.log";
  std::vector<Sent> calls = every_10_ms(1001);
  calls.push_back({5005ms, 3s});  // ends long after others that were sent later
  write_session(path, calls, {{100, 1s}});
  RateVerdict verdict = verdict_of(path);
  EXPECT_TRUE(verdict.over());
  EXPECT_EQ(verdict.limits[0].worst, 101);
  EXPECT_EQ(verdict.limits[0].worst_end, kWall + 5005ms);  // the first such window
  EXPECT_THAT(verdict.text(), HasSubstr("over by 1, in the window up to 2026-03-01T09:05:05.005Z"));
  EXPECT_THAT(verdict.text(), HasSubstr("Over the limit"));
}

// The same log counted by other means: sorted in memory, and by the audit the engine uses.
TEST(VerifyRate, AgreesWithACountOfSortedSends) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937_64 random(seed);
    std::exponential_distribution<double> gap(1000), latency(5);
    std::vector<Sent> calls;
    double at = 0;
    for (int i = 0; i < 20'000; ++i) {
      at += gap(random);
      calls.push_back({from_seconds(at), from_seconds(latency(random))});
    }
    TestFolder folder;
    auto path = folder / "calls.log";
    RateLimit limits[] = {{1000, 1s}, {10, 10ms}, {7000, 7s}};
    write_session(path, calls, {std::begin(limits), std::end(limits)});
    RateVerdict verdict = verdict_of(path);
    ASSERT_EQ(verdict.limits.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      policy::WindowAudit audit(limits[i].period);
      for (const Sent& call : calls) audit.add(kStart + call.at);
      EXPECT_EQ(verdict.limits[i].worst, audit.worst()) << "seed " << seed << " limit " << i;
    }
    EXPECT_EQ(verdict.one_second.worst, verdict.limits[0].worst);
  }
}

TEST(VerifyRate, AWindowMayReachOverTwoSessions) {
  TestFolder folder;
  auto path = folder / "calls.log";
  write_session(path, {{0ms}, {900ms}, {950ms}}, {{3, 1s}});
  write_session(path, {{0ms}, {10ms}}, {{3, 1s}}, 1500ms);  // 900, 950, 1500, 1510: four in a second
  RateVerdict verdict = verdict_of(path);
  EXPECT_EQ(verdict.sessions, 2);
  EXPECT_EQ(verdict.limits[0].worst, 4);
  EXPECT_TRUE(verdict.over());
  EXPECT_EQ(verdict.sending, 960ms);  // the pause between the sessions is not sending
  EXPECT_DOUBLE_EQ(verdict.rate_mean, 3 / 0.96);
}

TEST(VerifyRate, EachSessionIsHeldToItsOwnLimits) {
  TestFolder folder;
  auto path = folder / "calls.log";
  write_session(path, every_10_ms(200), {{100, 1s}});
  write_session(path, {{0s}, {1s}}, {{1, 1s}, {100, 1min}}, 1h);
  RateVerdict verdict = verdict_of(path);
  ASSERT_EQ(verdict.limits.size(), 3u);
  EXPECT_FALSE(verdict.over());
  EXPECT_EQ(verdict.limits[1].worst, 1);
  EXPECT_EQ(verdict.limits[2].worst, 2);
  RateVerdict stricter = verdict_of(path, {{50, 1s}});
  ASSERT_EQ(stricter.limits.size(), 1u);
  EXPECT_EQ(stricter.limits[0].worst, 100);
  EXPECT_TRUE(stricter.over());
}

TEST(VerifyRate, WithoutCallsThereIsNothingToKeep) {
  TestFolder folder;
  auto path = folder / "calls.log";
  write_session(path, {}, {{100, 1s}});
  RateVerdict verdict = verdict_of(path);
  EXPECT_EQ(verdict.sends, 0);
  EXPECT_FALSE(verdict.over());
  EXPECT_EQ(verdict.text(), "No call was sent.\n");
}

TEST(VerifyRate, SaysWhatIsMissing) {
  TestFolder folder;
  auto path = folder / "calls.log";
  write_session(path, every_10_ms(20), {{100, 1s}});
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  RateVerdict verdict = verdict_of(path);
  EXPECT_EQ(verdict.sends, 19);
  EXPECT_TRUE(verdict.torn);
  EXPECT_THAT(verdict.text(), HasSubstr("The last record was cut off"));
}

TEST(SortedSends, StopsRatherThanHoldTooMuch) {
  TestFolder folder;
  auto path = folder / "calls.log";
  std::vector<Sent> calls = every_10_ms(100);
  calls.push_back({0s, 10s});
  write_session(path, calls, {});
  SortedSends enough(*CallLogReader::open(path), 990'000'000, 101);
  std::vector<bool> wanted{true};
  std::int64_t before = 0;
  int sends = 0;
  for (auto more = enough.next(wanted); more.value(); more = enough.next(wanted), ++sends) {
    EXPECT_LE(before, enough.sent_ns());
    before = enough.sent_ns();
  }
  EXPECT_EQ(sends, 101);
  SortedSends too_few(*CallLogReader::open(path), 990'000'000, 50);
  auto more = too_few.next(wanted);
  ASSERT_FALSE(more.has_value());
  EXPECT_THAT(more.error().text(), HasSubstr("calls.log: 51 calls sent before others"));
}

TEST(VerifyRate, TextForPeople) {
  RateVerdict verdict;
  verdict.sends = 1'000'090;
  verdict.sessions = 2;
  verdict.first = kWall;
  verdict.last = kWall + 204s;
  verdict.sending = 204s;
  verdict.rate_mean = 4902.4;
  verdict.limits = {{{5000, 1s}, 5000, kWall, 0.9804}, {{1'000'000, 24h}, 1'000'090, kWall + 204s, 1.0}};
  verdict.one_second.worst = 5000;
  verdict.tenth_of_second.worst = 527;
  verdict.lost = 12;
  EXPECT_EQ(verdict.text(),
            "1,000,090 calls sent from 2026-03-01T09:05:00.000Z to 2026-03-01T09:08:24.000Z\n"
            "in 2 sessions; sending took 3 min 24 s, 4,902 calls per second on average\n"
            "\n"
            "  limit               worst window      used  verdict\n"
            "  5,000 per second           5,000    98.0 %  kept\n"
            "  1,000,000 per day      1,000,090   100.0 %  over by 90, in the window up to "
            "2026-03-01T09:08:24.000Z\n"
            "\n"
            "  most calls in any second 5,000, in any 100 ms 527\n"
            "\n"
            "12 calls are missing: they could not be written when they were made.\n"
            "Over the limit: more calls were sent in a window than were allowed.\n");
  verdict.limits.pop_back();
  EXPECT_THAT(verdict.text(),
              HasSubstr("Kept, as far as the log goes, which is not proved for all calls: in no window"));
  EXPECT_FALSE(verdict.kept());
  verdict.lost = 0;
  EXPECT_TRUE(verdict.kept());
}

}  // namespace
}  // namespace rowcall::telemetry
