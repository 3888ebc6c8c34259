// SPDX-License-Identifier: Apache-2.0
// A run directory read back: a whole run, a killed one, a resumed one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "telemetry/line_file.h"
#include "telemetry/report_page.h"
#include "telemetry/test_folder.h"

namespace rowcall::telemetry {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const WallTime kBegan{1'772'355'900s};

class ReportTest : public ::testing::Test {
 protected:
  void begin(WallTime at = kBegan) {
    story_file_ = LineFile::open(folder_ / "events.ndjson").value();
    seconds_file_ = LineFile::open(folder_ / "metrics.ndjson").value();
    causes_ = std::make_unique<Causes>(&redactor_);
    story_ = std::make_unique<Story>(story_file_.get(), &redactor_, causes_.get());
    Job job;
    job.name = "scores <1>";
    job.sink.path = "out.parquet";
    job.limits.rate = {{1000, 1s}};
    SourceInfo source;
    source.rows = 5000;
    story_->begin(RunStarted{job, source, Instant{1h}}, at, "0.1.0", 0.01);
    now_ = at;
    counts_ = {};
  }
  void go(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      now_ += 1s;
      SecondRecord record;
      record.at = now_;
      record.length = 1s;
      record.here.attempts = 1000;
      record.here[Ending::kOk] = 1000;
      counts_.rows += 1000;
      counts_.attempts += 1000;
      counts_[Ending::kOk] += 1000;
      record.so_far = counts_;
      record.rows_expected = 5000;
      record.limit_per_s = 1000;
      record.p50 = 20ms;
      record.p99 = 70ms;
      record.rss_bytes = 50'000'000;
      seconds_file_->add(to_json_line(record));
    }
  }
  ReportData read() {
    auto data = read_run(folder_.path());
    EXPECT_TRUE(data.has_value()) << (data ? "" : data.error().text());
    return *std::move(data);
  }

  TestFolder folder_;
  Redactor redactor_{{"hunter2-token"}};
  std::unique_ptr<LineFile> story_file_;
  std::unique_ptr<LineFile> seconds_file_;
  std::unique_ptr<Causes> causes_;
  std::unique_ptr<Story> story_;
  WallTime now_{};
  Counts counts_;
};

TEST_F(ReportTest, AKilledRunHasAReport) {
  begin();
  go(3);
  causes_->on(RowsFailed{41, 1, "permanent", "HTTP 422: no place \"Atlantis\" for hunter2-token"});
  causes_->on(RowsFailed{77, 1, "permanent", "HTTP 422: no place \"Lemuria\" for hunter2-token"});
  story_->causes(now_);
  story_->hold({true, "50 failures in a row", {}}, now_);
  ReportData data = read();
  EXPECT_FALSE(data.summary.from_file);
  EXPECT_EQ(data.summary.end, "not finished");
  EXPECT_EQ(data.summary.counts.rows, 3000);
  ASSERT_EQ(data.story.causes.size(), 1u);  // two messages, one cause
  EXPECT_EQ(data.story.causes[0].rows, 2);
  EXPECT_EQ(data.story.causes[0].examples, (std::vector<std::int64_t>{41, 77}));
  std::string html = report_html(data);
  EXPECT_THAT(html, AllOf(HasSubstr("not finished"), HasSubstr("scores &lt;1&gt;"),
                          HasSubstr("run the same command again"), HasSubstr("Atlantis"),
                          HasSubstr("<td>42, 78</td>"), HasSubstr("30.00"), HasSubstr("to the end")));
  EXPECT_THAT(html, Not(HasSubstr("hunter2")));
  EXPECT_THAT(html, Not(HasSubstr("http://")));  // self-contained: nothing is fetched
  EXPECT_THAT(html, Not(HasSubstr("https://")));
}

TEST_F(ReportTest, ACompleteRunHasAsManyRowsAsItHad) {
  begin();
  go(3);
  ReportData data = read();
  data.summary.rows_expected = 5000;
  EXPECT_THAT(report_html(data), HasSubstr("<p>3,000 rows of 5,000 in "));
  data.summary.end = "complete";  // what was expected was an estimate
  EXPECT_THAT(report_html(data), HasSubstr("<p>3,000 rows in "));
}

TEST_F(ReportTest, ALineCutOffByAKillIsCutOffByTheNextSession) {
  begin();
  go(2);
  seconds_file_->add("{\"at_ms\":12");
  seconds_file_.reset();
  begin(kBegan + 1h);
  go(1);
  ReportData data = read();
  EXPECT_EQ(data.seconds.size(), 3u);
  EXPECT_EQ(data.story.sessions, 2);
  EXPECT_EQ(data.summary.counts.rows, 1000);  // of the last session
}

TEST_F(ReportTest, CausesOfSessionsAddUp) {
  begin();
  causes_->on(RowsFailed{1, 1, "permanent", "bad"});
  story_->causes(now_);
  causes_->on(RowsFailed{2, 1, "permanent", "bad"});
  story_->causes(now_);
  begin(kBegan + 1h);
  causes_->on(RowsFailed{3, 1, "permanent", "bad"});
  causes_->on(RowsFailed{4, 1, "transient", "slow"});
  Report report;
  story_->end(report, now_);
  ReportData data = read();
  ASSERT_EQ(data.story.causes.size(), 2u);
  EXPECT_EQ(data.story.causes[0].rows, 3);
  EXPECT_TRUE(data.story.ended);
}

TEST_F(ReportTest, AlarmsAreToldInWordsAndMarked) {
  begin();
  go(5);
  policy::Anomaly anomaly;
  anomaly.signal = policy::Signal::kLatency;
  anomaly.normal = 0.02;
  anomaly.now = 0.05;
  anomaly.sigmas = 8;
  anomaly.cause = "the API is slower";
  story_->alarm(anomaly, now_);
  ReportData data = read();
  std::string html = report_html(data);
  EXPECT_THAT(html, HasSubstr("latency 50 ms, normally 20 ms (shift, 8.0 sigma): the API is slower"));
  EXPECT_THAT(html, HasSubstr("class=\"mark\""));
  simdjson::dom::parser parser;
  std::string json = report_json(data);
  simdjson::dom::element object = parser.parse(json).value();
  EXPECT_EQ(object["alarms"].at(0)["signal"].get_string().value(), "latency");
  EXPECT_EQ(object["rate"]["known"].get_bool().value(), false);
}

TEST_F(ReportTest, TwoRunsAreCompared) {
  begin();
  go(2);
  ReportData a = read();
  go(2);
  ReportData b = read();
  EXPECT_THAT(compared(a, b), AllOf(HasSubstr("ok"), HasSubstr("+100.0 %"), HasSubstr("same")));
}

TEST_F(ReportTest, AFolderThatIsNoRunIsNamed) {
  auto data = read_run(folder_.path());
  ASSERT_FALSE(data.has_value());
  EXPECT_THAT(data.error().text(), HasSubstr("expected a run directory"));
}

}  // namespace
}  // namespace rowcall::telemetry
