// SPDX-License-Identifier: Apache-2.0
#include "mockapi/stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

namespace rowcall::mockapi {
namespace {

using testing::HasSubstr;
using testing::Not;

Stats sample() {
  Stats stats;
  stats.findings.arrivals = 12'345;
  stats.findings.first = Instant(10s);
  stats.findings.last = Instant(12s + 500ms);
  stats.findings.worst_1s = 5'004;
  stats.findings.worst_100ms = 511;
  stats.findings.limits = {{{5000, 1s}, true, 5'004, 1250ms, 7, 0.9876},
                           {{100'000, 24h}, false, 12'345, 2500ms, 0, 0.12345}};
  stats.first_arrival_unix_s = 1.75e9;
  stats.last_arrival_unix_s = 1.75e9 + 2.5;
  stats.by_status = {{"200", 12'000}, {"429", 300}, {"reset", 45}};
  stats.errors_injected = {{"reset", 45}};
  stats.rows = {12'000, 345, 12'000, 2, 0};
  stats.calls_with_key = 12'345;
  stats.key_violations = 1;
  stats.traffic = {3, 256, 64, 70, 0};
  return stats;
}

TEST(Stats, AsJson) {
  simdjson::dom::parser parser;
  const std::string text = stats_json(sample());
  simdjson::dom::element json;
  ASSERT_EQ(parser.parse(text).get(json), simdjson::SUCCESS) << text;
  EXPECT_EQ(std::int64_t(json["arrivals"]), 12'345);
  EXPECT_EQ(std::int64_t(json["arrivals_by_status"]["429"]), 300);
  EXPECT_EQ(std::int64_t(json["worst_1s"]), 5'004);
  EXPECT_EQ(std::int64_t(json["worst_100ms"]), 511);
  EXPECT_EQ(std::string_view(json["limits"].at(0)["limit"]), "5,000/s");
  EXPECT_EQ(std::int64_t(json["limits"].at(0)["over"]), 7);
  EXPECT_TRUE(bool(json["limits"].at(0)["refuses"]));
  EXPECT_DOUBLE_EQ(double(json["limits"].at(1)["share_used"]), 0.1235);
  EXPECT_DOUBLE_EQ(double(json["limits"].at(1)["period_s"]), 86'400);
  EXPECT_DOUBLE_EQ(double(json["duration_s"]), 2.5);
  EXPECT_DOUBLE_EQ(double(json["mean_rate_per_s"]), 4938);
  EXPECT_DOUBLE_EQ(double(json["last_arrival_unix_s"]), 1'750'000'002.5);
  EXPECT_EQ(std::int64_t(json["rows_unique"]), 12'000);
  EXPECT_EQ(std::int64_t(json["rows_arrived_twice"]), 345);
  EXPECT_EQ(std::int64_t(json["rows_answered_twice"]), 2);
  EXPECT_EQ(std::int64_t(json["in_flight_max"]), 256);
  EXPECT_EQ(std::int64_t(json["connections_opened"]), 70);
  EXPECT_EQ(std::int64_t(json["errors_injected"]["reset"]), 45);
  EXPECT_EQ(std::int64_t(json["idempotency"]["violations"]), 1);
}

TEST(Stats, EmptyOnesAreJsonToo) {
  simdjson::dom::parser parser;
  EXPECT_EQ(parser.parse(stats_json({})).error(), simdjson::SUCCESS) << stats_json({});
}

TEST(Stats, TheVerdictSaysWhatMatters) {
  const std::string text = verdict(sample());
  EXPECT_THAT(text, HasSubstr("12,345 arrivals in 2.500 s, 4938.0 a second on average. Worst second"));
  EXPECT_THAT(text, HasSubstr("Worst second 5,004 of 5,000/s: OVER by 4, 7 arrivals too many"));
  EXPECT_THAT(text, HasSubstr("98.8 % of the limit used"));
  EXPECT_THAT(text, HasSubstr("Worst window 12,345 of 100,000/d: never over"));
  EXPECT_THAT(text, HasSubstr("200 x 12,000, 429 x 300, reset x 45"));
  EXPECT_THAT(text, HasSubstr("2 answered 200 more than once"));
  EXPECT_THAT(text, HasSubstr("1 of them with another body"));
  EXPECT_THAT(text, Not(HasSubstr("malformed")));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
  EXPECT_EQ(verdict({}), "No call arrived.");
  Stats no_limit = sample();
  no_limit.findings.limits.clear();
  EXPECT_THAT(verdict(no_limit), HasSubstr("on average. Worst second 5,004. Answers: "));
}

}  // namespace
}  // namespace rowcall::mockapi
