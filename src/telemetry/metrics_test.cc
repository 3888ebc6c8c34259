// SPDX-License-Identifier: Apache-2.0
// Seconds and metrics from hand-made events. promtool and a real Prometheus judge the text in tests/e2e.
#include "telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "telemetry/second_meter.h"

namespace rowcall::telemetry {
namespace {

using ::testing::HasSubstr;

class SecondsTest : public ::testing::Test {
 protected:
  SecondsTest() {
    job_.limits.rate = {{1000, 1s}};
    SourceInfo source;
    source.rows = 100'000;
    RunStarted started{job_, source, kStart, columns_};
    meter_.on(started);
    metrics_.on(started);
  }
  void go(int ticks, int attempts_a_tick, Duration latency) {
    for (int i = 0; i < ticks; ++i) {
      now_ += 100ms;
      for (int k = 0; k < attempts_a_tick; ++k) {
        Reply reply;
        reply.status = 200;
        reply.on_wire = true;
        reply.sent_at = now_ - latency;
        reply.answering_at = now_ - 1ms;
        reply.done_at = now_;
        AttemptEnded ended{counts_.rows, 1, 1, OutcomeClass::kSuccess, reply, ""};
        meter_.on(ended);
        metrics_.on(ended);
        ++counts_.rows;
        ++counts_.attempts;
        ++counts_[Ending::kOk];
        ++counts_[OutcomeClass::kSuccess];
        for (AnswerColumn& column : columns_) ++column.values;
        columns_[1].nulls += k % 10 == 0;
      }
      Tick tick{now_,  kStart, counts_, 100'000, 12,    5,  1,  20, 300,     4000,
                false, {},     "",      false,   400.5, 64, {}, 3,  columns_};
      if (auto made = meter_.on(tick, [this] { return WallTime{1'700'000'000s} + (now_ - kStart); })) {
        latencies_.merge(meter_.latencies());
        meter_.clear_latencies();
        metrics_.on(made->record);
        made_.push_back(*made);
      }
    }
  }

  static constexpr Instant kStart{1h};
  std::vector<AnswerColumn> columns_ = {{"score"}, {"label"}};
  Job job_;
  Instant now_ = kStart;
  Counts counts_;
  SecondMeter meter_;
  LatencySketch latencies_;
  Api api_;
  Metrics metrics_{"0.1.0", 0, &latencies_, &api_};
  std::vector<SecondMeter::Made> made_;
};

TEST_F(SecondsTest, ASecondHasItsOwnCountsAndLatencies) {
  go(10, 50, 20ms);
  go(10, 10, 80ms);
  ASSERT_EQ(made_.size(), 2u);
  EXPECT_EQ(made_[0].record.here.attempts, 500);
  EXPECT_EQ(made_[1].record.here.attempts, 100);
  EXPECT_EQ(made_[1].record.so_far.attempts, 600);
  EXPECT_NEAR(seconds(made_[0].record.p50), 0.020, 0.0003);
  EXPECT_NEAR(seconds(made_[1].record.p50), 0.080, 0.001);
  ASSERT_TRUE(made_[1].second.has_value());
  EXPECT_EQ(made_[1].second->attempts, 100);
  EXPECT_TRUE(made_[1].second->steady);
}

TEST_F(SecondsTest, SlowCallsAreLookedAtSeveralSecondsTogether) {
  go(50, 0, 20ms);
  for (const SecondMeter::Made& made : made_) EXPECT_FALSE(made.second.has_value());
  go(50, 0, 20ms);
  EXPECT_TRUE(made_.back().second.has_value());
  EXPECT_GE(made_.back().second->length, 9s);
}

TEST_F(SecondsTest, ALineReadsBackAsItWas) {
  go(30, 100, 20ms);
  std::string lines = to_json_line(made_[1].record) + to_json_line(made_[2].record) + R"({"at_ms":17,"cut)";
  std::vector<SecondRecord> back = seconds_from_json(lines);
  ASSERT_EQ(back.size(), 2u);
  EXPECT_EQ(back[1].at, made_[2].record.at);
  EXPECT_EQ(back[1].here.attempts, 1000);
  EXPECT_EQ(back[1].so_far[Ending::kOk], 3000);
  EXPECT_EQ(back[1].in_flight, 12);
  EXPECT_NEAR(seconds(back[1].p99), seconds(made_[2].record.p99), 1e-6);
  ASSERT_TRUE(back[1].left.has_value());
  EXPECT_NEAR(seconds(back[1].left->likely), seconds(made_[2].record.left->likely), 0.001);
}

TEST_F(SecondsTest, PrometheusTextHasTypesHelpAndEscapedLabels) {
  go(10, 100, 20ms);
  metrics_.on(RowsFailed{7, 2, "status_\"422\"\n", "no"});
  std::string text = metrics_.prometheus_text();
  EXPECT_THAT(text, HasSubstr("# TYPE rowcall_attempts_total counter\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_attempts_total{outcome=\"success\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_responses_total{status=\"200\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_failed_rows_total{class=\"status_\\\"422\\\"\\n\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_attempt_duration_seconds_bucket{le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_attempt_duration_seconds_bucket{le=\"0.025\"} 1000\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_attempt_duration_seconds_count 1000\n"));
  EXPECT_THAT(text, HasSubstr("rowcall_in_flight 12\n"));
}

TEST_F(SecondsTest, PhasesNullsAndTheApiAreTold) {
  meter_.on(ConnectionOpened{2ms, 5ms, 30ms, "127.0.0.1 port 1", 90.5, ""});
  meter_.on(ConnectionOpened{0ms, 7ms, 40ms, "127.0.0.1 port 1", 90.5, ""});
  meter_.on(LedgerSynced{8ms});
  api_.moves = 2;
  api_.certificate_end = WallTime{1'800'000'123s};
  api_.checks = 9;
  api_.checks_ill = 1;
  go(10, 100, 20ms);
  std::string text = metrics_.prometheus_text();
  for (const char* line :
       {"rowcall_attempt_wait_seconds_sum 19\n", "rowcall_attempt_wait_seconds_count 1000\n",
        "rowcall_attempt_read_seconds_sum 1\n", "rowcall_connect_seconds_sum{phase=\"resolve\"} 0.002\n",
        "rowcall_connect_seconds_count{phase=\"resolve\"} 1\n",
        "rowcall_connect_seconds_count{phase=\"connect\"} 2\n",
        "rowcall_connect_seconds_sum{phase=\"tls\"} 0.07\n", "rowcall_ledger_sync_seconds_count 1\n",
        "rowcall_batches_ahead 3\n", "rowcall_in_flight_max 64\n", "rowcall_pace_calls_per_second 400.5\n",
        "rowcall_answered_rows_total 1000\n", "rowcall_null_values_total{column=\"score\"} 0\n",
        "rowcall_null_values_total{column=\"label\"} 100\n", "rowcall_address_changes_total 2\n",
        "rowcall_certificate_end_time_seconds 1800000123\n", "rowcall_health_checks_total{well=\"yes\"} 8\n",
        "rowcall_health_checks_total{well=\"no\"} 1\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  std::vector<SecondRecord> back = seconds_from_json(to_json_line(made_[0].record));
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].spent[Phase::kConnect].times, 2);
  EXPECT_EQ(back[0].spent[Phase::kConnect].mean(), 6ms);
  EXPECT_EQ(back[0].spent[Phase::kPartWrite].times, 0);
  EXPECT_EQ(back[0].answered_rows, 1000);
  ASSERT_EQ(back[0].nulls.size(), 2u);
  EXPECT_EQ(back[0].nulls[1].name, "label");
  EXPECT_EQ(back[0].nulls[1].nulls, 100);
  EXPECT_EQ(back[0].batches_ahead, 3);
  EXPECT_EQ(back[0].in_flight_max, 64);
  ASSERT_TRUE(made_[0].second.has_value());
  ASSERT_EQ(made_[0].second->columns.size(), 2u);
  EXPECT_EQ(made_[0].second->columns[1].values, 1000);
  EXPECT_EQ(made_[0].second->columns[1].nulls, 100);
}

TEST_F(SecondsTest, AHealthCheckIsNoLatencyOfACall) {
  Reply reply;
  reply.status = 200;
  reply.on_wire = true;
  reply.done_at = reply.sent_at + 3s;
  meter_.on(AttemptEnded{-1, 0, 1, OutcomeClass::kSuccess, reply, ""});
  EXPECT_EQ(meter_.latencies().count(), 0);
}

TEST_F(SecondsTest, CloudwatchLineNamesItsMetrics) {
  go(10, 100, 20ms);
  std::string line = metrics_.cloudwatch_line();
  simdjson::dom::parser parser;
  simdjson::dom::element object = parser.parse(line).value();
  simdjson::dom::array listed = object["_aws"]["CloudWatchMetrics"].at(0)["Metrics"].get_array().value();
  for (simdjson::dom::element metric : listed) {
    std::string name(metric["Name"].get_string().value());
    EXPECT_EQ(object[name].error(), simdjson::SUCCESS) << name;
  }
  EXPECT_EQ(object["Job"].get_string().value(), "job");
}

}  // namespace
}  // namespace rowcall::telemetry
