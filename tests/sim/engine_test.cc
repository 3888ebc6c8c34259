// SPDX-License-Identifier: Apache-2.0
// Whole runs, simulated: every row ends once, in order, never over the limit, whatever the API does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/sim_run.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

void expect_sums(const Outcome& outcome) {
  const Counts& counts = outcome.report.counts;
  EXPECT_EQ(counts.ended(), counts.rows);
  EXPECT_EQ(static_cast<std::int64_t>(outcome.rows.size()), counts[Ending::kOk] + counts[Ending::kNoMatch]);
  EXPECT_EQ(static_cast<std::int64_t>(outcome.failures.size()),
            counts[Ending::kFailed] + counts[Ending::kUnreadable]);
  for (const WorstWindow& worst : outcome.report.worst) EXPECT_LE(worst.calls, worst.limit);
}

// Rows carry ascending ids: order is kept when they come out ascending.
void expect_order(const Outcome& outcome) {
  std::int64_t before = -1;
  for (const std::string& row : outcome.rows) {
    std::int64_t id = std::stoll(row.substr(row.find(':') + 1));
    ASSERT_GT(id, before) << row;
    before = id;
  }
}

TEST(Engine, EveryRowIsAnsweredInOrder) {
  Scenario scenario;
  scenario.source.rows = 5000;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << outcome.report.error.text();
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.rows.size(), 5000u);
  EXPECT_EQ(outcome.rows[7], R"({"id":7,"name":"row 7","score":23})");
  EXPECT_EQ(outcome.arrivals, 5000);
  EXPECT_LE(outcome.worst_second, 1000);
  EXPECT_GT(outcome.worst_second, 950);
  EXPECT_LT(seconds(outcome.report.duration), 5.4);
  expect_sums(outcome);
  expect_order(outcome);
}

TEST(Engine, HealthChecksTakePermitsOfTheLimit) {
  Scenario scenario;
  scenario.job.limits.rate = {{100, 1s}};
  scenario.job.request.health_every = 500ms;
  scenario.source.rows = 1000;
  int asked = 0, told = 0;
  scenario.listener = [&](const Event& event) {
    if (const auto* attempt = std::get_if<AttemptEnded>(&event))
      asked += attempt->row < 0 && attempt->rows == 0;
    if (const auto* check = std::get_if<HealthChecked>(&event)) told += check->well;
  };
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << outcome.report.error.text();
  EXPECT_GE(told, 18);
  EXPECT_LE(told, 23);
  EXPECT_EQ(outcome.arrivals, 1000 + asked);
  EXPECT_EQ(outcome.report.counts.attempts, outcome.arrivals);
  EXPECT_LE(outcome.worst_second, 100);
  EXPECT_EQ(outcome.rows.size(), 1000u);
  expect_sums(outcome);
  expect_order(outcome);
}

TEST(Engine, NullsOfTheAnswersAreCounted) {
  Scenario scenario;
  scenario.source.rows = 500;
  scenario.job.response.columns.push_back({"missing", "/nowhere", "string", false});
  std::vector<AnswerColumn> last;
  std::vector<std::string> names;
  scenario.listener = [&](const Event& event) {
    if (const auto* started = std::get_if<RunStarted>(&event)) {
      for (const AnswerColumn& column : started->columns) names.emplace_back(column.name);
    }
    if (const auto* tick = std::get_if<Tick>(&event)) last.assign(tick->columns.begin(), tick->columns.end());
  };
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(names, (std::vector<std::string>{"score", "missing"}));
  ASSERT_EQ(last.size(), 2u);
  EXPECT_EQ(last[0].values, 500);
  EXPECT_EQ(last[0].nulls, 0);
  EXPECT_EQ(last[1].values, 500);
  EXPECT_EQ(last[1].nulls, 500);
}

TEST(Engine, AnEmptyTableIsATable) {
  Scenario scenario;
  scenario.source.rows = 0;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete);
  EXPECT_TRUE(outcome.finished);
  EXPECT_EQ(outcome.arrivals, 0);
}

TEST(Engine, EveryKindOfTroubleAtOnce) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.source.rows = 3000;
    scenario.source.unreadable = [seed](std::int64_t row) {
      return (row * 7919 + static_cast<std::int64_t>(seed)) % 50 == 0;
    };
    scenario.server.fail_503 = 0.05;
    scenario.server.fail_429 = 0.05;
    scenario.server.retry_after = "1";
    scenario.server.fail_closed = 0.02;
    scenario.server.fail_timeout = 0.005;
    scenario.server.fail_400 = 0.01;
    scenario.job.sink.part_rows = 700;
    scenario.job.run.order = seed % 2 == 0 ? Order::kInput : Order::kAny;
    Outcome outcome = play(scenario);
    ASSERT_FALSE(outcome.hung) << seed;
    EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << outcome.report.error.text();
    EXPECT_EQ(outcome.report.counts.rows, 3000);
    EXPECT_GT(outcome.report.counts[Ending::kFailed], 0);
    EXPECT_EQ(outcome.report.counts[Ending::kUnreadable], 60);
    EXPECT_EQ(outcome.answered_twice, 0);
    EXPECT_LE(outcome.worst_second, 1000);
    expect_sums(outcome);
    if (scenario.job.run.order == Order::kInput) expect_order(outcome);
  }
}

TEST(Engine, RowsInOneCallShareIt) {
  Scenario scenario;
  scenario.source.rows = 1003;
  scenario.job.request.rows_per_call = 10;
  scenario.job.response.items = "/echo";
  scenario.job.response.columns = {{"again", "/id", "int64", true}};
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  // 100 rows a batch; the last one has 3.
  EXPECT_EQ(outcome.arrivals, 101);
  ASSERT_EQ(outcome.rows.size(), 1003u);
  EXPECT_EQ(outcome.rows[15], R"({"id":15,"name":"row 15","again":15})");
  expect_sums(outcome);
}

TEST(Engine, AnOutageHoldsTheRunAndFailsNoRow) {
  Scenario scenario;
  scenario.source.rows = 20'000;
  scenario.server.outages = {{5s, 25s}};
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete) << outcome.report.error.text();
  EXPECT_EQ(outcome.report.counts[Ending::kFailed], 0);
  EXPECT_EQ(outcome.rows.size(), 20'000u);
  // Calls that met the outage: those in flight, and some probes.
  EXPECT_LT(outcome.arrivals - 20'000, 300);
  ASSERT_FALSE(outcome.holds.empty());
  EXPECT_THAT(outcome.holds.front(), HasSubstr("in a row"));
  EXPECT_EQ(outcome.holds.back(), "released");
  // 20 s of work, 20 s of outage, at most 5 s until it is noticed that it is over, and a gentle start.
  EXPECT_LT(seconds(outcome.report.duration), 48);
  expect_sums(outcome);
  expect_order(outcome);
}

TEST(Engine, AnApiThatOnlyThrottlesIsWaitedFor) {
  Scenario scenario;
  scenario.source.rows = 2000;
  scenario.server.always = 429;
  scenario.server.retry_after = "2";
  scenario.job.limits.max_calls = 2000;
  scenario.give_up_after = 48h;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.counts[Ending::kFailed], 0);
  EXPECT_EQ(outcome.report.counts[Ending::kSkipped], outcome.report.counts.rows);
  // Everyone waits two seconds, again and again: it takes far longer than the limit would need.
  EXPECT_GT(seconds(outcome.report.duration), 20);
}

TEST(Engine, ThrottlingBelowTheLimitLosesNothing) {
  Scenario scenario;
  scenario.source.rows = 10'000;
  scenario.server.limit = 600;
  scenario.server.retry_after = "0.2";
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kComplete);
  EXPECT_EQ(outcome.rows.size(), 10'000u);
  expect_sums(outcome);
  expect_order(outcome);
}

TEST(Engine, AStopKeepsWhatIsDoneAndTheNextRunGoesOn) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.stop_after = 2s;
  scenario.server.fail_503 = 0.1;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kStopped);
  EXPECT_EQ(outcome.report.error.code, ErrorCode::kStopped);
  EXPECT_FALSE(outcome.finished);
  EXPECT_GT(outcome.rows.size(), 1000u);
  EXPECT_LT(outcome.rows.size(), 2100u);
  EXPECT_EQ(outcome.report.counts.rows, static_cast<std::int64_t>(outcome.rows.size()) +
                                            outcome.report.counts[Ending::kSkipped] +
                                            outcome.report.counts[Ending::kFailed]);
  expect_sums(outcome);
  expect_order(outcome);
}

TEST(Engine, AWrongKeyStopsTheRunWithinAFewCalls) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.server.always = 401;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kStopped);
  EXPECT_EQ(outcome.report.error.code, ErrorCode::kApi);
  EXPECT_THAT(outcome.report.error.text(), HasSubstr("401 Unauthorized"));
  EXPECT_LT(outcome.arrivals, 50);
  EXPECT_EQ(outcome.report.counts[Ending::kFailed], 0) << "the rows are not to blame";
  EXPECT_EQ(outcome.report.counts[Ending::kSkipped], outcome.report.counts.rows);
}

TEST(Engine, TooManyFailedRowsStopTheRun) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.server.fail_400 = 0.2;
  scenario.job.limits.max_error_share = 0.1;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kStopped);
  EXPECT_THAT(outcome.report.error.text(), HasSubstr("max_errors"));
  EXPECT_LT(outcome.report.counts.rows, 1000);
  expect_sums(outcome);
}

TEST(Engine, MaxCallsIsExact) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.job.limits.max_calls = 321;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.arrivals, 321);
  EXPECT_EQ(outcome.report.counts.attempts, 321);
  EXPECT_EQ(outcome.report.end, RunEnd::kStopped);
  expect_sums(outcome);
}

TEST(Engine, ABrokenSourceEndsTheRunAfterTheRowsBefore) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.source.fails_at = 1234;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kFailed);
  EXPECT_EQ(outcome.report.error.code, ErrorCode::kInput);
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.rows.size(), 1234u);
  expect_sums(outcome);
}

TEST(Engine, ABrokenSinkEndsTheRun) {
  for (int operation : {0, 3, 10, 50, 51}) {
    Scenario scenario;
    scenario.source.rows = 5000;
    scenario.sink_fails_at = operation;
    Outcome outcome = play(scenario);
    ASSERT_FALSE(outcome.hung) << operation;
    if (outcome.report.end == RunEnd::kComplete) continue;  // it had fewer operations than that
    EXPECT_EQ(outcome.report.end, RunEnd::kFailed);
    EXPECT_EQ(outcome.report.error.code, ErrorCode::kStorage);
    EXPECT_FALSE(outcome.finished);
    EXPECT_TRUE(outcome.rows.empty()) << "the only part was never published";
  }
}

TEST(Engine, LimitsOnRowsHeldAndCallsInFlightHold) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.source.batch_rows = 50;
  scenario.server.latency = 2s;
  scenario.server.lines_max = 40;
  scenario.job.limits.rows_held_max = 300;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_LE(outcome.in_flight_most, 40);
  EXPECT_LE(outcome.rows_held_most, 349) << "a batch is admitted whole";
  EXPECT_EQ(outcome.rows.size(), 5000u);
}

TEST(Engine, SyncModeMakesOneCallAtATimePerWorker) {
  Scenario scenario;
  scenario.source.rows = 500;
  scenario.job.run.mode = Mode::kSync;
  scenario.job.run.workers = 5;
  scenario.server.fail_503 = 0.1;
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_LE(outcome.in_flight_most, 5);
  EXPECT_EQ(outcome.rows.size(), 500u);
}

TEST(Engine, TheSameSeedGivesTheSameRun) {
  Scenario scenario;
  scenario.source.rows = 2000;
  scenario.server.fail_503 = 0.1;
  Outcome first = play(scenario);
  Outcome second = play(scenario);
  EXPECT_EQ(first.report.duration, second.report.duration);
  EXPECT_EQ(first.arrivals, second.arrivals);
  EXPECT_EQ(first.rows, second.rows);
}

TEST(Engine, AnApiThatIsNeverReachedIsGivenUpSoon) {
  Scenario scenario;
  scenario.source.rows = 5000;
  scenario.server.outages = {{-1h, 100h}};
  Outcome outcome = play(scenario);
  ASSERT_FALSE(outcome.hung);
  EXPECT_EQ(outcome.report.end, RunEnd::kStopped);
  EXPECT_EQ(outcome.report.counts[Ending::kFailed], 0);
  EXPECT_LT(seconds(outcome.report.duration), 90);
}

}  // namespace
}  // namespace rowcall::sim
