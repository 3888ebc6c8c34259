// SPDX-License-Identifier: Apache-2.0
#include "telemetry/call_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "telemetry/call_log_reader.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr RateLimit kLimit{5000, 1s};
const WallTime kWall{1'772'355'900s};
const Instant kStart{1h};

CallLog::Session session_at(Duration after, std::uint32_t boot = 7) {
  return {kStart + after, kWall + after, boot};
}

std::unique_ptr<CallLog> open_log(const std::filesystem::path& path, CallLog::Trouble trouble = {}) {
  auto log = CallLog::open(path, std::move(trouble));
  EXPECT_TRUE(log.has_value()) << (log ? "" : log.error().text());
  return log ? *std::move(log) : nullptr;
}

Reply answered(Duration sent_after, Duration latency, int status = 200) {
  Reply reply;
  reply.status = status;
  reply.sent_at = kStart + sent_after;
  reply.done_at = reply.sent_at + latency;
  reply.on_wire = true;
  return reply;
}

void add(CallLog& log, std::int64_t row, const Reply& reply, OutcomeClass outcome = OutcomeClass::kSuccess,
         int attempt = 1) {
  log.add(AttemptEnded{row, 1, attempt, outcome, reply, ""});
}

std::vector<LoggedCall> all_calls(CallLogReader& reader) {
  std::vector<LoggedCall> calls;
  LoggedCall call;
  for (;;) {
    auto more = reader.next(call);
    EXPECT_TRUE(more.has_value()) << (more ? "" : more.error().text());
    if (!more || !*more) return calls;
    calls.push_back(call);
  }
}

std::vector<std::int64_t> rows_in(const std::filesystem::path& path) {
  auto reader = CallLogReader::open(path);
  EXPECT_TRUE(reader.has_value()) << (reader ? "" : reader.error().text());
  std::vector<std::int64_t> rows;
  if (!reader) return rows;
  for (const LoggedCall& call : all_calls(*reader)) rows.push_back(call.row);
  return rows;
}

TEST(CallLog, KeepsWhatAnAttemptWas) {
  TestFolder folder;
  {
    auto log = open_log(folder / "calls.log");
    log->begin(session_at(0s), std::vector{kLimit});
    add(*log, 12, answered(5ms, 20ms));
    Reply reset = answered(6ms, 1500us, 0);
    reset.error = TransportError::kClosed;
    add(*log, (1LL << 40) + 3, reset, OutcomeClass::kTransient, 300);
    Reply endless = answered(7ms, 100h, 599);
    add(*log, 13, endless, OutcomeClass::kPermanent, 2);
  }
  auto reader = CallLogReader::open(folder / "calls.log");
  ASSERT_TRUE(reader.has_value());
  std::vector<LoggedCall> calls = all_calls(*reader);
  ASSERT_EQ(calls.size(), 3u);
  std::int64_t origin = kWall.time_since_epoch().count();
  EXPECT_EQ(calls[0].sent_ns, origin + 5'000'000);
  EXPECT_EQ(calls[0].row, 12);
  EXPECT_EQ(calls[0].latency_us, 20'000u);
  EXPECT_EQ(calls[0].status, 200);
  EXPECT_EQ(calls[0].attempt, 1);
  EXPECT_EQ(calls[0].outcome, OutcomeClass::kSuccess);
  EXPECT_EQ(calls[0].error, TransportError::kNone);
  EXPECT_EQ(calls[1].row, (1LL << 40) + 3);
  EXPECT_EQ(calls[1].attempt, 255);
  EXPECT_EQ(calls[1].status, 0);
  EXPECT_EQ(calls[1].outcome, OutcomeClass::kTransient);
  EXPECT_EQ(calls[1].error, TransportError::kClosed);
  EXPECT_EQ(calls[2].latency_us, 0xFFFFFFFFu);
  ASSERT_EQ(reader->sessions().size(), 1u);
  EXPECT_THAT(reader->sessions()[0].limits, ElementsAre(kLimit));
  EXPECT_FALSE(reader->torn());
}

// The bytes are documented for readers in other languages, so they must not change unnoticed.
TEST(CallLog, BytesAreAsDocumented) {
  TestFolder folder;
  {
    auto log = open_log(folder / "calls.log");
    log->begin({Instant(1ns), WallTime(Duration(0x0102030405060708)), 0xAABBCCDD},
               std::vector{RateLimit{3, 1us}});
    Reply reply = answered(0s, 2ms, 429);
    reply.sent_at = Instant(258ns);
    reply.done_at = reply.sent_at + 2ms;
    add(*log, 5, reply, OutcomeClass::kThrottled, 2);
  }
  std::string expected("rowcall calls 1\n\x08\x07\x06\x05\x04\x03\x02\x01", 24);
  expected += std::string("\x08\x07\x06\x05\x04\x03\x02\x01\x01\0\0\0\0\0\0\0\xDD\xCC\xBB\xAA\0\0\0\x81", 24);
  expected += std::string("\3\0\0\0\0\0\0\0\xE8\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\x82", 24);
  expected += std::string("\x01\x01\0\0\0\0\0\0\5\0\0\0\0\0\0\0\xD0\x07\0\0\xAD\x01\x02\x02", 24);
  EXPECT_EQ(folder.content("calls.log"), expected);
}

TEST(CallLog, LeavesOutWhatWasNeverOnTheWire) {
  TestFolder folder;
  {
    auto log = open_log(folder / "calls.log");
    log->begin(session_at(0s), {});
    Reply refused = answered(0s, 1ms, 0);
    refused.on_wire = false;
    refused.error = TransportError::kConnect;
    add(*log, 1, refused, OutcomeClass::kTransient);
    add(*log, 2, answered(0s, 1ms));
  }
  EXPECT_THAT(rows_in(folder / "calls.log"), ElementsAre(2));
}

TEST(CallLog, WritesAtATickAndWhenTheBufferIsFull) {
  TestFolder folder;
  auto log = open_log(folder / "calls.log");
  log->begin(session_at(0s), {});
  auto size = [&] { return std::filesystem::file_size(folder / "calls.log"); };
  EXPECT_EQ(size(), 48u);
  for (int i = 0; i < 2730; ++i) add(*log, i, answered(0s, 1ms));
  EXPECT_EQ(size(), 48u);  // 65,520 bytes still fit
  add(*log, 2730, answered(0s, 1ms));
  EXPECT_EQ(size(), 48u + 2730 * 24);
  log->flush();
  EXPECT_EQ(size(), 48u + 2731 * 24);
}

TEST(CallLog, AResumedRunAppendsASessionAndCutsOffATornRecord) {
  TestFolder folder;
  auto path = folder / "calls.log";
  {
    auto log = open_log(path);
    log->begin(session_at(0s), std::vector{kLimit});
    add(*log, 1, answered(0s, 1ms));
    add(*log, 2, answered(1ms, 1ms));
  }
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
  EXPECT_TRUE(CallLogReader::open(path)->torn());
  EXPECT_THAT(rows_in(path), ElementsAre(1));
  {
    auto log = open_log(path);
    log->begin(session_at(10s), std::vector{RateLimit{100, 1s}});
    add(*log, 3, answered(11s, 1ms));
  }
  auto reader = CallLogReader::open(path);
  std::vector<LoggedCall> calls = all_calls(*reader);
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_EQ(calls[1].row, 3);
  EXPECT_EQ(calls[1].session, 1);
  EXPECT_EQ(calls[1].sent_ns - calls[0].sent_ns, 11'000'000'000);
  EXPECT_THAT(reader->sessions()[1].limits, ElementsAre(RateLimit{100, 1s}));
}

TEST(CallLog, ACrashInsideTheHeaderIsNoObstacle) {
  TestFolder folder;
  auto path = folder / "calls.log";
  {
    auto log = open_log(path);
    log->begin(session_at(0s), {});
  }
  std::filesystem::resize_file(path, 9);
  {
    auto log = open_log(path);
    log->begin(session_at(0s), {});
    add(*log, 4, answered(0s, 1ms));
  }
  EXPECT_THAT(rows_in(path), ElementsAre(4));
}

// In one boot the monotonic clock decides, so setting the wall clock does not move the calls.
TEST(CallLog, SessionsOfOneBootArePlacedByTheMonotonicClock) {
  for (bool same_boot : {true, false}) {
    TestFolder folder;
    auto path = folder / "calls.log";
    {
      auto log = open_log(path);
      log->begin(session_at(0s), {});
      add(*log, 1, answered(0s, 1ms));
    }
    {
      auto log = open_log(path);
      CallLog::Session later = session_at(5s);
      later.wall -= 1h;  // somebody set the clock back
      later.boot = same_boot ? 7 : 8;
      log->begin(later, {});
      add(*log, 2, answered(5s, 1ms));
    }
    auto reader = CallLogReader::open(path);
    std::vector<LoggedCall> calls = all_calls(*reader);
    ASSERT_EQ(calls.size(), 2u);
    Duration apart(calls[1].sent_ns - calls[0].sent_ns);
    EXPECT_EQ(apart, same_boot ? Duration(5s) : Duration(5s - 1h));
  }
}

// Lets files grow to `bytes` only, as a full disk would.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limited = before_;
    limited.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limited);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, SIG_DFL);
  }

 private:
  rlimit before_{};
};

TEST(CallLog, AFullDiskIsToldOnceAndTheGapIsWritten) {
  TestFolder folder;
  auto path = folder / "calls.log";
  std::vector<std::string> told;
  auto log = open_log(path, [&](const Error& error) { told.push_back(error.text()); });
  log->begin(session_at(0s), {});
  {
    FileSizeLimit full(1000);  // 41 records, and a part of one
    for (int i = 0; i < 3000; ++i) add(*log, i, answered(0s, 1ms));
    log->flush();
    log->flush();
    EXPECT_EQ(std::filesystem::file_size(path), 41u * 24);
  }
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(told[0], HasSubstr("calls.log"));
  std::int64_t lost = log->lost();
  EXPECT_EQ(lost, 3000 - 39 - 2730);
  log->flush();
  add(*log, 5000, answered(0s, 1ms));
  log.reset();
  std::vector<std::int64_t> rows = rows_in(path);
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(3001 - lost));
  EXPECT_EQ(rows[2768], 2768);
  EXPECT_EQ(rows.back(), 5000);
  auto reader = CallLogReader::open(path);
  all_calls(*reader);
  EXPECT_EQ(reader->lost(), lost);
  EXPECT_EQ(told.size(), 1u);
}

TEST(CallLog, ADiskThatStaysFullLeavesAGapAtTheEnd) {
  TestFolder folder;
  auto path = folder / "calls.log";
  auto log = open_log(path);
  log->begin(session_at(0s), {});
  FileSizeLimit full(1000);  // 41 records: the header, the session, 39 calls
  for (int i = 0; i < 100; ++i) add(*log, i, answered(0s, 1ms));
  log->end();
  EXPECT_EQ(log->lost(), 100 - 38);
  log.reset();
  EXPECT_EQ(std::filesystem::file_size(path), 41u * 24);
  auto reader = CallLogReader::open(path);
  EXPECT_EQ(all_calls(*reader).size(), 38u);
  EXPECT_EQ(reader->lost(), 100 - 38);
}

TEST(CallLog, RefusesAFileThatIsNotOne) {
  TestFolder folder;
  ASSERT_TRUE(write_file(folder / "calls.log", "id,name\n1,a\n").has_value());
  auto log = CallLog::open(folder / "calls.log", {});
  ASSERT_FALSE(log.has_value());
  EXPECT_THAT(log.error().text(), HasSubstr("not a call log"));
  EXPECT_EQ(folder.content("calls.log"), "id,name\n1,a\n");
  auto reader = CallLogReader::open(folder / "calls.log");
  ASSERT_FALSE(reader.has_value());
  EXPECT_THAT(reader.error().text(), HasSubstr("expected \"rowcall calls 1\""));
}

TEST(CallLog, RefusesALogThatIsBeingWritten) {
  TestFolder folder;
  auto first = open_log(folder / "calls.log");
  auto second = CallLog::open(folder / "calls.log", {});
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text(), HasSubstr("another run"));
}

TEST(CallLogReader, NamesTheByteOfDamage) {
  TestFolder folder;
  auto path = folder / "calls.log";
  {
    auto log = open_log(path);
    log->begin(session_at(0s), {});
    add(*log, 1, answered(0s, 1ms));
    add(*log, 2, answered(0s, 1ms));
  }
  std::string bytes = folder.content("calls.log");
  bytes[3 * 24 + 23] = '\x07';
  ASSERT_TRUE(write_file(path, bytes).has_value());
  auto reader = CallLogReader::open(path);
  LoggedCall call;
  EXPECT_TRUE(reader->next(call).value());
  auto broken = reader->next(call);
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().text(), HasSubstr("byte 72"));
}

}  // namespace
}  // namespace rowcall::telemetry
