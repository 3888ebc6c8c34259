// SPDX-License-Identifier: Apache-2.0
#include "telemetry/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const NextSteps kSteps{"rowcall retry runs/scores", "run the same command again"};

Summary complete() {
  Summary s;
  s.name = "scores";
  s.version = "0.1.0";
  s.run_dir = "runs/scores";
  s.sink = "out/";
  s.limits = {{5000, 1s}, {20'000'000, 24h}};
  s.rows_expected = 1'000'000;
  s.started_at = WallTime{1'772'355'900s};
  s.ended_at = s.started_at + 204'500ms;
  s.cpu = 12'340ms;
  s.rss_max_bytes = 61'200'000;
  s.latency_p50 = 20ms;
  s.latency_p90 = 31'250us;
  s.latency_p99 = 84ms;
  s.latency_max = 1240ms;
  Report& r = s.report;
  r.counts.rows = 1'000'000;
  r.counts[Ending::kOk] = 998'907;
  r.counts[Ending::kNoMatch] = 1'003;
  r.counts[Ending::kFailed] = 88;
  r.counts[Ending::kUnreadable] = 2;
  r.counts.calls = 999'998;
  r.counts.attempts = 1'000'088;
  r.counts.retries = 90;
  r.counts[OutcomeClass::kSuccess] = 998'907;
  r.counts[OutcomeClass::kNoMatch] = 1'003;
  r.counts[OutcomeClass::kThrottled] = 14;
  r.counts[OutcomeClass::kTransient] = 76;
  r.counts[OutcomeClass::kPermanent] = 88;
  r.counts.bytes_out = 210'000'000;
  r.counts.bytes_in = 340'000'000;
  r.duration = 204'500ms;
  r.sending = 204s;
  r.worst = {{5000, 5000, 1s}, {1'000'088, 20'000'000, 24h}};
  r.parts = {{"out/part-00000.parquet", 500'000, 40'000'000},
             {"out/part-00001.parquet", 499'910, 41'200'000}};
  r.failures = {"runs/scores/failures.parquet", 90, 8192};
  s.next_step = next_step_after(r, kSteps);
  return s;
}

TEST(ClosingText, CompleteWithFailedRows) {
  EXPECT_EQ(closing_text(complete()), R"(scores: complete in 3 min 25 s

  rows          1,000,000
    ok            998,907    99.89 %
    no match        1,003     0.10 %
    failed             88   < 0.01 %
    unreadable          2   < 0.01 %
  calls         999,998, 90 retries, 14 throttled, 76 transient errors
  rate          4,902 calls per second, 98.0 % of the limit
  limit         5,000 per second: kept, 5,000 in the worst window
  limit         20,000,000 per day: kept, 1,000,088 in the worst window
  latency       p50 20 ms, p90 31 ms, p99 84 ms, max 1.24 s
  cost          12 s of CPU (12 us a row), 61.2 MB of memory at most
  output        out/ (2 parts, 999,910 rows, 81.2 MB)
  failures      runs/scores/failures.parquet (90 rows)
  run           runs/scores

  next          rowcall retry runs/scores   calls the failed rows again
)");
}

TEST(ClosingText, CompleteWithoutTroubleHasNothingToDo) {
  Summary s;
  s.name = "few";
  s.run_dir = "runs/few";
  s.sink = "-";
  s.cpu = 4ms;
  s.report.counts.rows = 1;
  s.report.counts[Ending::kOk] = 1;
  s.report.counts.calls = 1;
  s.report.counts.attempts = 2;
  s.report.counts.retries = 1;
  s.report.counts[OutcomeClass::kTransient] = 1;
  s.report.duration = 812ms;
  s.report.parts = {{"-", 1, 41}};
  s.next_step = next_step_after(s.report, kSteps);
  EXPECT_EQ(closing_text(s), R"(few: complete in 0.8 s

  rows          1
    ok          1      100 %
  calls         1, 1 retry, 1 transient error
  cost          0.0 s of CPU (4,000 us a row)
  output        standard output (1 part, 1 row, 41 B)
  run           runs/few
)");
}

TEST(ClosingText, StoppedSaysWhyAndHowToGoOn) {
  Summary s = complete();
  s.report.end = RunEnd::kStopped;
  s.report.error = {ErrorCode::kStopped, "", "stopped with Ctrl-C", "", ""};
  s.report.counts.rows = 480'000;
  s.report.counts[Ending::kOk] = 477'000;
  s.report.counts[Ending::kSkipped] = 1'907;
  s.next_step = next_step_after(s.report, kSteps);
  std::string text = closing_text(s);
  EXPECT_THAT(text, HasSubstr("scores: stopped after 3 min 25 s, 478,093 of 1,000,000 rows done\n\n"
                              "  why           stopped with Ctrl-C\n\n"
                              "  rows          480,000\n"));
  EXPECT_THAT(text, HasSubstr("    skipped       1,907     0.39 %\n"));
  EXPECT_THAT(
      text, HasSubstr("\n\n  next          run the same command again; what is done is not called again\n"));
}

TEST(ClosingText, FailedShowsTheErrorAndItsMending) {
  Summary s = complete();
  s.report.end = RunEnd::kFailed;
  s.report.error = {ErrorCode::kApi, "https://api.example.com/score", "401 on 5 calls in a row",
                    "an accepted key", "Check auth.token."};
  EXPECT_THAT(closing_text(s),
              HasSubstr("  error         https://api.example.com/score: 401 on 5 calls in a row; expected "
                        "an accepted key. Check auth.token.\n"));
}

TEST(ClosingText, ABrokenLimitAndMissingRowsAreNotHidden) {
  Summary s = complete();
  s.report.worst[0].calls = 5001;
  s.report.counts[Ending::kOk] -= 3;
  s.notes = {"calls.log is not complete"};
  EXPECT_THAT(closing_text(s),
              AllOf(HasSubstr("  limit         5,000 per second: BROKEN, 5,001 in the worst window\n"),
                    HasSubstr("    mismatch    the endings add up to 999,997; please report this as a bug\n"),
                    HasSubstr("  note          calls.log is not complete\n")));
}

TEST(ClosingText, TextFromElsewhereStaysOnItsLine) {
  Summary s = complete();
  s.name = "a\x1b[31m\nb";
  s.report.error.found = "line\nbreak";
  EXPECT_THAT(closing_text(s), AllOf(HasSubstr("a\\x1b[31m\\nb: complete"), HasSubstr("line\\nbreak"),
                                     Not(HasSubstr("\x1b"))));
}

TEST(SummaryJson, IsAsDocumented) {
  EXPECT_EQ(summary_json(complete()), R"({
  "name": "scores",
  "end": "complete",
  "version": "0.1.0",
  "started_at": "2026-03-01T09:05:00.000Z",
  "ended_at": "2026-03-01T09:08:24.500Z",
  "rows_expected": 1000000,
  "rows": 1000000,
  "ok": 998907,
  "no_match": 1003,
  "failed": 88,
  "unreadable": 2,
  "skipped": 0,
  "calls": 999998,
  "attempts": 1000088,
  "retries": 90,
  "outcomes": {
    "success": 998907,
    "no_match": 1003,
    "throttled": 14,
    "transient": 76,
    "permanent": 88,
    "fatal": 0
  },
  "bytes_out": 210000000,
  "bytes_in": 340000000,
  "duration_s": 204.5,
  "sending_s": 204,
  "cpu_s": 12.34,
  "rss_max_bytes": 61200000,
  "rate_limit": [
    "5000/s",
    "20000000/day"
  ],
  "worst_window": [
    {
      "calls": 5000,
      "limit": 5000,
      "period_s": 1
    },
    {
      "calls": 1000088,
      "limit": 20000000,
      "period_s": 86400
    }
  ],
  "rate_mean": 4902.387,
  "share_of_limit": 0.98,
  "latency_ms": {
    "p50": 20,
    "p90": 31.25,
    "p99": 84,
    "max": 1240
  },
  "sink": "out/",
  "parts": [
    {
      "path": "out/part-00000.parquet",
      "rows": 500000,
      "bytes": 40000000
    },
    {
      "path": "out/part-00001.parquet",
      "rows": 499910,
      "bytes": 41200000
    }
  ],
  "failures": {
    "path": "runs/scores/failures.parquet",
    "rows": 90,
    "bytes": 8192
  },
  "error": "",
  "error_code": "",
  "notes": [],
  "next_step": "rowcall retry runs/scores   calls the failed rows again"
}
)");
}

// Text with everything in it that could break the indenting or the JSON itself.
TEST(SummaryJson, IsValidWhateverTheTextsHold) {
  Summary s = complete();
  s.name = "a \"quoted\\\" {name}, [with] : everything,\n\x01 \\";
  s.report.error = {ErrorCode::kApi, "p", "f{", "e]", "m,"};
  s.report.parts.clear();
  s.report.failures = {};
  s.notes = {"", "\\\"", "{}"};
  std::string text = summary_json(s);
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS) << text;
  EXPECT_EQ(std::string_view(json["name"]), s.name);
  EXPECT_EQ(std::string_view(json["error"]), "p: f{; expected e]. m,");
  EXPECT_EQ(std::string_view(json["error_code"]), "api");
  EXPECT_TRUE(json["failures"].is_null());
  EXPECT_THAT(text, HasSubstr("\"parts\": [],\n"));
  simdjson::dom::array notes = json["notes"];
  ASSERT_EQ(notes.size(), 3u);
  EXPECT_EQ(std::string_view(notes.at(1)), "\\\"");
  std::int64_t sum = 0;
  for (const char* ending : {"ok", "no_match", "failed", "unreadable", "skipped"})
    sum += std::int64_t(json[ending]);
  EXPECT_EQ(sum, std::int64_t(json["rows"]));
}

TEST(Summary, NextStepDependsOnTheEnd) {
  Report report;
  EXPECT_EQ(next_step_after(report, kSteps), "");
  report.counts[Ending::kUnreadable] = 5;  // calling them again does not make them readable
  EXPECT_EQ(next_step_after(report, kSteps), "");
  report.counts[Ending::kFailed] = 1;
  EXPECT_EQ(next_step_after(report, kSteps), "rowcall retry runs/scores   calls the failed row again");
  report.end = RunEnd::kFailed;
  EXPECT_EQ(next_step_after(report, kSteps), "run the same command again; what is done is not called again");
}

TEST(Summary, NoSecretIsLeftInAnyText) {
  const std::string secret = "hunter2-token";
  Summary s = complete();
  s.name = s.run_dir = s.sink = s.next_step = secret;
  s.report.error = {ErrorCode::kApi, secret, secret, secret, secret};
  s.report.parts[0].path = s.report.failures.path = secret;
  s.notes = {secret};
  mask(s, Redactor({secret}));
  EXPECT_THAT(summary_json(s), AllOf(HasSubstr("[secret]"), Not(HasSubstr(secret))));
  EXPECT_THAT(closing_text(s), AllOf(HasSubstr("[secret]"), Not(HasSubstr(secret))));
}

}  // namespace
}  // namespace rowcall::telemetry
