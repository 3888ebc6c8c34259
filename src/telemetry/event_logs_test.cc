// SPDX-License-Identifier: Apache-2.0
// The two listeners that write lines: what they say, and that a storm stays small.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "telemetry/api_client_log.h"
#include "telemetry/processor_log.h"
#include "telemetry/screen.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EventLogsTest : public ::testing::Test {
 protected:
  void open(const char* level = "info") {
    LogsOptions options;
    options.spec.level = level;
    logs_ = *Logs::open(folder_.path(), options, &redactor_, &console_);
    processor_ = std::make_unique<ProcessorLog>(logs_.get(), "0.1.0");
    api_client_ = std::make_unique<ApiClientLog>(logs_.get(), &latencies_, 5s);
  }
  // Without time, level and logger.
  std::vector<std::string> told(const char* name) {
    logs_->flush();
    std::vector<std::string> out = folder_.lines(name);
    for (std::string& line : out) line.erase(0, line.find(": ") + 2);
    return out;
  }
  void tick(Duration after) {
    now_ = kStart + after;
    Tick event{now_, kStart, counts_, 100, 12, 3, 1, 20, 0, 0, false, {}, "", false};
    processor_->on(event);
    api_client_->on(event);
  }
  Reply reply(int status, Duration latency) {
    Reply out;
    out.status = status;
    out.sent_at = now_;
    out.done_at = now_ + latency;
    out.on_wire = true;
    return out;
  }

  static constexpr Instant kStart{1h};
  TestFolder folder_;
  Screen screen_{200, 24};
  Console console_{screen_.fd(), false};
  Redactor redactor_;
  LatencySketch latencies_;
  std::unique_ptr<Logs> logs_;
  std::unique_ptr<ProcessorLog> processor_;
  std::unique_ptr<ApiClientLog> api_client_;
  Counts counts_;
  Instant now_ = kStart;
};

TEST_F(EventLogsTest, TheRunFromStartToEnd) {
  open("debug");
  Job job;
  job.name = "scores";
  job.source.paths = {"in/a.csv", "in/b.csv"};
  job.request.url = "http://localhost:1/score/{{id}}";
  job.sink.path = "out/";
  SourceInfo source;
  source.rows = 1000;
  processor_->on(RunStarted{job, source, kStart});
  processor_->on(BatchRead{1000, 2500us});
  PartInfo part{"out/part-00000.parquet", 1000, 4096};
  processor_->on(PartPublished{part, 12ms});
  processor_->on(HoldChanged{true, "50 failures in a row", kStart + 500ms});
  processor_->on(HoldChanged{false, "a probe was answered", {}});
  processor_->on(Warning{"the source has no exact row count"});
  Report report;
  report.counts.rows = 1000;
  report.counts[Ending::kOk] = 999;
  report.counts[Ending::kFailed] = 1;
  report.counts.attempts = 1003;
  report.duration = 12s;
  processor_->on(RunEnded{report});
  EXPECT_THAT(
      told("processor.log"),
      ElementsAre(
          "run started job=scores version=0.1.0 source=\"in/a.csv, in/b.csv\" files=0 rows_expected=1000 "
          "method=POST url=http://localhost:1/score/{{id}} sink=out/",
          "limits rate=5000/s strict=measured in_flight_max=0 rows_held_max=50000 rows_per_call=1 "
          "max_attempts=8 order=input",
          "batch read rows=1000 ms=2.5",
          "part published path=out/part-00000.parquet rows=1000 bytes=4096 ms=12",
          "held: nothing is sent for a while why=\"50 failures in a row\" next_probe_s=0.5",
          "sending again why=\"a probe was answered\"", "the source has no exact row count",
          "rows rows=1000 ok=999 no_match=0 failed=1 unreadable=0 skipped=0",
          "calls calls=0 attempts=1003 retries=0 bytes_out=0 bytes_in=0",
          "run ended end=complete s=12 error=\"\""));
  EXPECT_THAT(screen_.lines(), ElementsAre("warning: the source has no exact row count"));
}

TEST_F(EventLogsTest, UnreadableRowsAreToldAHundredTimesThenCounted) {
  open();
  for (int i = 0; i < 5000; ++i) {
    UnreadableRow row{i, i + 2, "3 cells where 4 were expected", "a,b,c"};
    processor_->on(RowUnreadable{row, "in/a.csv"});
  }
  processor_->on(RunEnded{Report{}});
  std::vector<std::string> lines = told("processor.log");
  ASSERT_THAT(lines, SizeIs(100 + 2 + 3));
  EXPECT_EQ(lines[0],
            "row could not be read row=0 file=in/a.csv line=2 why=\"3 cells where 4 were expected\"");
  EXPECT_EQ(lines[100], "further unreadable rows are only counted here");
  EXPECT_EQ(lines[101], "more rows could not be read rows=4900 in_all=5000");
  EXPECT_THAT(screen_.lines(), SizeIs(4));  // three of them, and that there are more
}

TEST_F(EventLogsTest, FailedRowsAreToldByClass) {
  open();
  for (int i = 0; i < 100'000; ++i) {
    processor_->on(RowsFailed{i, 10, i % 2 ? "status_422" : "timeout", "no such place"});
  }
  tick(100ms);
  tick(200ms);
  processor_->on(RowsFailed{7, 10, "timeout", "late"});
  processor_->on(RunEnded{Report{}});
  std::vector<std::string> lines = told("processor.log");
  ASSERT_THAT(lines, SizeIs(40 + 2 + 1 + 3));
  EXPECT_EQ(lines[0], "rows failed row=0 rows=10 class=timeout why=\"no such place\"");
  EXPECT_EQ(lines[40], "more rows failed class=timeout calls=49980 rows=499800");
  EXPECT_EQ(lines[41], "more rows failed class=status_422 calls=49980 rows=499800");
  EXPECT_EQ(lines[42], "more rows failed class=timeout calls=1 rows=10");
  EXPECT_THAT(screen_.lines(), SizeIs(4));
}

TEST_F(EventLogsTest, ErrorClassesWithoutEndAreGathered) {
  open();
  for (int i = 0; i < 10'000; ++i) processor_->on(RowsFailed{i, 1, "class" + std::to_string(i), "x"});
  processor_->on(RunEnded{Report{}});
  EXPECT_THAT(told("processor.log"), SizeIs(32 + 20 + 1 + 3));
}

// A million failures in 200 seconds.
TEST_F(EventLogsTest, AStormOfFailuresIsSomeHundredLines) {
  open();
  Reply unavailable = reply(503, 20ms);
  Reply too_many = reply(429, 1ms);
  std::int64_t row = 0;
  for (int ticks = 1; ticks <= 2000; ++ticks) {
    for (int i = 0; i < 500; ++i) {
      bool throttled = ++row % 5 == 0;
      api_client_->on(AttemptEnded{row, 1, 2, throttled ? OutcomeClass::kThrottled : OutcomeClass::kTransient,
                                   throttled ? too_many : unavailable, "not now"});
    }
    tick(ticks * 100ms);
  }
  api_client_->on(RunEnded{Report{}});
  std::vector<std::string> lines = told("api_client.log");
  EXPECT_LT(lines.size(), 20u + 20 + 200 + 200 + 20 + 10);
  EXPECT_GT(lines.size(), 20u + 20 + 200 + 200);
  EXPECT_EQ(lines[0],
            "transient row=1 rows=1 attempt=2 outcome=transient status=503 error=none ms=20 on_wire=true "
            "reused=false "
            "retry_after=\"\" why=\"not now\"");
  // Every attempt is in one of the lines.
  std::int64_t in_all = 0;
  for (const std::string& line : lines) {
    if (line.starts_with("more ")) in_all += std::stoll(line.substr(line.find("attempts=") + 9));
    if (line.starts_with("transient ") || line.starts_with("throttled ")) ++in_all;
  }
  EXPECT_EQ(in_all, 1'000'000);
  EXPECT_THAT(screen_.lines(), IsEmpty());
}

TEST_F(EventLogsTest, GoodCallsWriteNothingAndSlowOnesALine) {
  open();
  api_client_->on(AttemptEnded{1, 1, 1, OutcomeClass::kSuccess, reply(200, 4999ms), ""});
  api_client_->on(AttemptEnded{2, 1, 1, OutcomeClass::kNoMatch, reply(404, 20ms), ""});
  api_client_->on(AttemptEnded{3, 1, 1, OutcomeClass::kSuccess, reply(200, 5s), ""});
  EXPECT_THAT(told("api_client.log"), ElementsAre(AllOf(HasSubstr("slow row=3"), HasSubstr("ms=5000 "))));
}

TEST_F(EventLogsTest, AtTraceEveryCallHasALine) {
  open("trace");
  api_client_->on(AttemptEnded{1, 1, 1, OutcomeClass::kSuccess, reply(200, 20ms), ""});
  api_client_->on(RetryPlanned{2, 1, OutcomeClass::kTransient, 250ms});
  EXPECT_THAT(
      told("api_client.log"),
      ElementsAre(HasSubstr("attempt row=1"), "retry planned row=2 attempt=1 outcome=transient wait_ms=250"));
}

TEST_F(EventLogsTest, ThePaceIsToldEveryTenSeconds) {
  open();
  Job job;
  api_client_->on(RunStarted{job, SourceInfo{}, kStart});
  latencies_.add(20ms);
  for (int i = 1; i <= 250; ++i) {
    counts_.attempts += 450;
    tick(i * 100ms);
  }
  std::vector<std::string> lines = told("api_client.log");
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0],
            "pace calls_per_s=4500 in_flight=12 waiting=3 sleeping=1 connections=20 held=false "
            "attempts=45000 p50_ms=20 "
            "p99_ms=20");
}

TEST(LineSampler, FirstOnesSinglyThenOneCountASecond) {
  LineSampler sampler(2);
  EXPECT_TRUE(sampler.admit());
  EXPECT_TRUE(sampler.admit());
  EXPECT_EQ(sampler.due(Instant(1h)), 0);
  EXPECT_FALSE(sampler.admit());
  EXPECT_FALSE(sampler.admit());
  EXPECT_EQ(sampler.due(Instant(1h)), 2);
  EXPECT_FALSE(sampler.admit());
  EXPECT_EQ(sampler.due(Instant(1h + 999ms)), 0);
  EXPECT_EQ(sampler.due(Instant(1h + 1s)), 1);
  EXPECT_EQ(sampler.due(Instant(2h)), 0);
  EXPECT_FALSE(sampler.admit());
  EXPECT_EQ(sampler.rest(), 1);
  EXPECT_EQ(sampler.rest(), 0);
  EXPECT_EQ(sampler.total(), 6);
}

}  // namespace
}  // namespace rowcall::telemetry
