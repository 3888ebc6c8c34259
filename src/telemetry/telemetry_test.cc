// SPDX-License-Identifier: Apache-2.0
// A whole run told by hand: what is in the run directory afterwards.
#include "telemetry/telemetry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "telemetry/allocation_count.h"
#include "telemetry/logs.h"
#include "telemetry/rate_verdict.h"
#include "telemetry/resources.h"
#include "telemetry/screen.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const WallTime kWall{1'772'355'900s};

class TelemetryTest : public ::testing::Test {
 protected:
  void open() {
    job_.name = "scores";
    job_.sink.path = "out/";
    job_.limits.rate = {{1000, 1s}};
    TelemetryOptions options;
    options.dir = folder_ / "run";
    options.version = "0.1.0";
    options.console.fd = screen_.fd();
    options.console.display = display_;
    options.console.quiet = quiet_;
    options.secrets = {"hunter2-token"};
    options.wall_clock = [this] { return kWall + (now_ - kStart); };
    auto opened = Telemetry::open(job_, std::move(options));
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    telemetry_ = *std::move(opened);
    tell_ = telemetry_->listener();
  }
  void start() {
    SourceInfo source;
    source.rows = rows_;
    source.rows_exact = true;
    tell_(RunStarted{job_, source, now_, columns_});
  }
  // Answers at 1000 a second, each 20 ms after it was sent.
  void go(Duration time) {
    for (Duration t{}; t < time; t += 1ms) {
      now_ += 1ms;
      Reply reply;
      reply.status = 200;
      reply.on_wire = true;
      reply.sent_at = now_ - 20ms;
      reply.done_at = now_;
      tell_(AttemptEnded{report_.counts.rows, 1, 1, OutcomeClass::kSuccess, reply, ""});
      for (AnswerColumn& column : columns_) {
        ++column.values;
        column.nulls += report_.counts.rows % 20 < nulls_of_20_;
      }
      ++report_.counts.rows;
      ++report_.counts[Ending::kOk];
      ++report_.counts[OutcomeClass::kSuccess];
      ++report_.counts.calls;
      ++report_.counts.attempts;
      if ((t + 1ms) % 100ms == 0ms) tick();
    }
  }
  void tick() {
    tell_(Tick{now_,
               kStart,
               report_.counts,
               rows_,
               20,
               0,
               0,
               20,
               0,
               0,
               false,
               {},
               "",
               false,
               0,
               64,
               {},
               0,
               columns_});
  }
  std::string end(RunEnd how) {
    report_.end = how;
    report_.duration = now_ - kStart;
    report_.sending = report_.duration;
    tell_(RunEnded{report_});
    auto closing = telemetry_->finish(report_);
    EXPECT_TRUE(closing.has_value()) << (closing ? "" : closing.error().text());
    return closing.value_or("");
  }

  static constexpr Instant kStart{1h};
  TestFolder folder_;
  Screen screen_{100, 24};
  Display display_ = Display::kLive;
  bool quiet_ = false;
  Job job_;
  Report report_;
  std::vector<AnswerColumn> columns_;
  int nulls_of_20_ = 0;  // rows of 20 that have a null in every column
  std::int64_t rows_ = 10'000;
  Instant now_ = kStart;
  std::unique_ptr<Telemetry> telemetry_;
  Listener tell_;
};

TEST_F(TelemetryTest, ARunLeavesCallLogLogsAndSummary) {
  open();
  start();
  go(2s);
  EXPECT_THAT(screen_.lines(), Contains(HasSubstr("1,000 of 1,000 calls/s")));
  std::string closing = end(RunEnd::kComplete);
  EXPECT_THAT(screen_.lines(), IsEmpty());
  EXPECT_THAT(closing,
              AllOf(HasSubstr("scores: complete in 2.0 s\n"), HasSubstr("ok          2,000      100 %"),
                    HasSubstr("p50 20 ms"), Not(HasSubstr("next"))));
  auto verdict = verify_rate(folder_ / "run/calls.log");
  ASSERT_TRUE(verdict.has_value()) << verdict.error().text();
  EXPECT_EQ(verdict->sends, 2000);
  EXPECT_EQ(verdict->limits[0].worst, 1000);
  EXPECT_EQ(verdict->first, kWall - 19ms);
  EXPECT_THAT(folder_.content("run/logs/processor.log"),
              AllOf(HasSubstr("run started job=scores"), HasSubstr("run ended end=complete")));
  EXPECT_THAT(folder_.content("run/logs/api_client.log"),
              HasSubstr("calls ended attempts=2000 success=2000"));
  simdjson::dom::parser parser;
  std::string summary = folder_.content("run/summary.json");
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(summary).get(json), simdjson::SUCCESS) << summary;
  EXPECT_EQ(std::int64_t(json["ok"]), 2000);
  EXPECT_EQ(std::string_view(json["started_at"]), "2026-03-01T09:05:00.000Z");
  EXPECT_EQ(std::string_view(json["ended_at"]), "2026-03-01T09:05:02.000Z");
  EXPECT_NEAR(double(json["latency_ms"]["p99"]), 20, 0.2);
  EXPECT_GT(std::int64_t(json["rss_max_bytes"]), 1'000'000);
}

// The engine tells of every call; what is not written must cost next to nothing.
TEST_F(TelemetryTest, AnAttemptAllocatesNothing) {
  open();
  start();
  go(3s);
  Reply reply;
  reply.status = 200;
  reply.on_wire = true;
  reply.sent_at = now_;
  reply.done_at = now_ + 20ms;
  Event attempt = AttemptEnded{7, 1, 1, OutcomeClass::kSuccess, reply, ""};
  Event throttled = AttemptEnded{8, 1, 1, OutcomeClass::kThrottled, reply, "slow down"};
  for (int i = 0; i < 30; ++i) tell_(throttled);
  std::int64_t before = allocations_so_far();
  for (int i = 0; i < 10'000; ++i) {
    tell_(attempt);
    tell_(throttled);
  }
  EXPECT_EQ(allocations_so_far(), before);
  EXPECT_GT((std::string(100, 'x'), allocations_so_far()), before);  // the count does count
}

TEST_F(TelemetryTest, AStoppedRunGoesOnInTheSameDirectory) {
  open();
  start();
  go(1s);
  std::string closing = end(RunEnd::kStopped);
  EXPECT_THAT(closing,
              HasSubstr("next          run the same command again; what is done is not called again"));
  telemetry_.reset();
  now_ += 1h;
  report_ = {};
  open();
  start();
  go(1s);
  end(RunEnd::kComplete);
  auto verdict = verify_rate(folder_ / "run/calls.log");
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->sends, 2000);
  EXPECT_EQ(verdict->sessions, 2);
  EXPECT_EQ(verdict->last - verdict->first, 1h + 1999ms);
  EXPECT_FALSE(verdict->over());
}

TEST_F(TelemetryTest, NoSecretReachesAnyFileOrTheScreen) {
  display_ = Display::kLines;
  job_.log.level = "trace";
  job_.request.url = "http://localhost/?key=hunter2-token";
  open();
  start();
  Reply reply;
  reply.status = 500;
  reply.on_wire = true;
  reply.sent_at = reply.done_at = now_;
  tell_(AttemptEnded{0, 1, 1, OutcomeClass::kTransient, reply, "echo: hunter2-token"});
  tell_(RowsFailed{0, 1, "hunter2-token", "hunter2-token"});
  UnreadableRow row{3, 4, "hunter2-token", ""};
  tell_(RowUnreadable{row, "hunter2-token.csv"});
  tell_(HoldChanged{true, "hunter2-token", now_});
  tell_(Warning{"hunter2-token"});
  PartInfo part{"hunter2-token", 1, 1};
  tell_(PartPublished{part, 1ms});
  report_.error.found = "hunter2-token";
  std::string closing = end(RunEnd::kFailed);
  EXPECT_THAT(closing, AllOf(HasSubstr("[secret]"), Not(HasSubstr("hunter2"))));
  for (const char* name : {"run/summary.json", "run/logs/processor.log", "run/logs/api_client.log"}) {
    EXPECT_THAT(folder_.content(name), AllOf(HasSubstr("[secret]"), Not(HasSubstr("hunter2")))) << name;
  }
  EXPECT_THAT(screen_.bytes(), AllOf(HasSubstr("[secret]"), Not(HasSubstr("hunter2"))));
}

TEST_F(TelemetryTest, QuietShowsOnlyErrors) {
  quiet_ = true;
  open();
  start();
  go(1s);
  tell_(Warning{"the disk is nearly full"});
  EXPECT_EQ(screen_.bytes(), "");
  telemetry_->logs().write(LogFile::kProcessor, LogLevel::kError, "the disk is full");
  EXPECT_THAT(screen_.lines(), ElementsAre("error: the disk is full"));
  EXPECT_THAT(folder_.content("run/logs/processor.log"),
              HasSubstr("warning  processor: the disk is nearly full"));
}

TEST_F(TelemetryTest, FurtherListenersHearEverything) {
  open();
  std::vector<std::size_t> heard;
  telemetry_->add([&](const Event& event) { heard.push_back(event.index()); });
  start();
  tick();
  tell_(Warning{"w"});
  Event warning = Warning{"w"};
  Event ticked = Tick{now_, kStart, report_.counts, 1, 0, 0, 0, 0, 0, 0, false, {}, "", false};
  EXPECT_THAT(heard, ElementsAre(0u, ticked.index(), warning.index()));
}

TEST_F(TelemetryTest, WithoutACallLogThereIsNone) {
  job_.run.call_log = false;
  open();
  start();
  go(100ms);
  end(RunEnd::kComplete);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/calls.log"));
}

TEST_F(TelemetryTest, WithoutTelemetryThereIsTheSummaryAlone) {
  job_.run.telemetry = false;
  open();
  start();
  go(1s);
  end(RunEnd::kComplete);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run"))
    files.push_back(entry.path().filename());
  EXPECT_THAT(files, ElementsAre("summary.json"));
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(folder_.content("run/summary.json"))["attempts"].get_int64().value(), 1000);
  EXPECT_THAT(screen_.bytes(), Not(IsEmpty()));  // progress is shown
}

TEST_F(TelemetryTest, AnAnswerThatChangesItsShapeIsAnAlarm) {
  columns_ = {{"score"}, {"label"}};
  nulls_of_20_ = 1;
  quiet_ = true;  // nobody reads the screen while this goes on
  open();
  start();
  go(130s);
  EXPECT_THAT(folder_.content("run/events.ndjson"), Not(HasSubstr("\"alarm\"")));
  nulls_of_20_ = 10;
  go(10s);
  end(RunEnd::kComplete);
  EXPECT_THAT(folder_.content("run/events.ndjson"), HasSubstr("nulls in label"));
}

TEST_F(TelemetryTest, WhatChangesAtTheApiIsToldInTheStory) {
  open();
  start();
  tell_(ConnectionOpened{1ms, 2ms, 3ms, "10.0.0.2 port 443", 5.0, "from 10.0.0.1 to 10.0.0.2"});
  tell_(HealthChecked{false, 503, 4ms, "HTTP 503"});
  go(1s);
  end(RunEnd::kComplete);
  std::string events = folder_.content("run/events.ndjson");
  EXPECT_THAT(events,
              AllOf(HasSubstr("from 10.0.0.1 to 10.0.0.2"), HasSubstr("5.0 days"), HasSubstr("HTTP 503")));
}

TEST_F(TelemetryTest, ASecondRunInTheSameDirectoryIsRefused) {
  open();
  TelemetryOptions options;
  options.dir = folder_ / "run";
  options.console.quiet = true;
  auto second = Telemetry::open(job_, options);
  ASSERT_FALSE(second.has_value());
  EXPECT_THAT(second.error().text(), HasSubstr("another run is writing to it"));
}

TEST_F(TelemetryTest, TheRetryCommandSurvivesAShell) {
  TelemetryOptions options;
  options.dir = folder_ / "it's a run";
  options.console.quiet = true;
  auto telemetry = Telemetry::open(job_, options);
  ASSERT_TRUE(telemetry.has_value());
  report_.counts[Ending::kFailed] = 2;
  auto closing = (*telemetry)->finish(report_);
  ASSERT_TRUE(closing.has_value());
  EXPECT_THAT(*closing, AllOf(HasSubstr("rowcall retry '"), HasSubstr("it'\\''s a run'   calls")));
}

TEST(Resources, GrowWithUse) {
  Duration before = cpu_used();
  std::int64_t memory = rss_max_bytes();
  ASSERT_GT(memory, 0);
  std::vector<char> block(static_cast<std::size_t>(memory) + (64u << 20), 'x');
  volatile char sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) sum = static_cast<char>(sum + block[i]);
  EXPECT_GT(cpu_used(), before);
  EXPECT_GE(rss_max_bytes(), memory + (60 << 20));
}

}  // namespace
}  // namespace rowcall::telemetry
