// SPDX-License-Identifier: Apache-2.0
// Shall a call be made again? Every status and every way a call can break, with every method and every
// promise about repeating: whole runs of one row, against a table that is written down here once more.
#include <gtest/gtest.h>

#include <string>

#include "tests/sim/sim_run.h"

namespace rowcall::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMethods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
constexpr Idempotency kPromises[] = {Idempotency::kKeys, Idempotency::kSafe, Idempotency::kNever};

bool idempotent(const std::string& method) {
  return method != "POST" && method != "PATCH";
}

struct Expected {
  Ending ending = Ending::kFailed;
  int attempts = 1;
  std::string error_class;
};

/// `attempts` are the most there may be.
Expected expected(int status, const std::string& method, Idempotency promise, int attempts) {
  bool may_repeat = idempotent(method) || promise != Idempotency::kNever;
  if (status >= 200 && status < 300) return {Ending::kOk, 1, ""};
  switch (status) {
    // It says itself that the work was not done.
    case 408:
    case 425: return {Ending::kFailed, attempts, "transient"};
    // Something broke on the way: perhaps the work was done, perhaps not.
    case 500:
    case 502:
    case 503:
    case 504:
      if (may_repeat) return {Ending::kFailed, attempts, "transient"};
      return {Ending::kFailed, 1, "unknown_fate"};
    case 401:
    case 402:
    case 403: return {Ending::kFailed, 1, "fatal"};
    // Refused as they stand.
    case 501:
    case 505: return {Ending::kFailed, 1, "permanent"};
    default: return {Ending::kFailed, 1, status >= 500 && !may_repeat ? "unknown_fate" : "permanent"};
  }
}

Scenario one_row(const std::string& method, Idempotency promise, int attempts) {
  Scenario scenario;
  scenario.source.rows = 1;
  scenario.job.request.method = method;
  scenario.job.request.idempotency = promise;
  if (idempotent(method)) scenario.job.request.url += "/{{id}}";
  scenario.job.retry.max_attempts = attempts;
  scenario.job.response.columns = {{"score", "/score", "int64", false}};
  return scenario;
}

void expect(const Outcome& outcome, const Expected& wanted, const std::string& where) {
  ASSERT_FALSE(outcome.hung) << where;
  EXPECT_EQ(outcome.report.counts[wanted.ending], 1) << where << outcome.report.error.text();
  EXPECT_EQ(outcome.report.counts.attempts, wanted.attempts) << where;
  if (wanted.ending != Ending::kFailed) return;
  ASSERT_EQ(outcome.failures.size(), 1u) << where;
  EXPECT_NE(outcome.failures[0].find("\"error_class\":\"" + wanted.error_class), std::string::npos)
      << where << outcome.failures[0];
}

TEST(RepeatTable, EveryStatusMethodAndPromise) {
  for (const char* method : kMethods) {
    for (Idempotency promise : kPromises) {
      for (int status = 200; status < 600; ++status) {
        if (status == 429) continue;  // is tried for ever: below
        Scenario scenario = one_row(method, promise, 3);
        scenario.server.always = status;
        std::string where = std::string(method) + " " + std::to_string(status) + ", promise " +
                            std::to_string(static_cast<int>(promise)) + ": ";
        expect(play(scenario), expected(status, method, promise, 3), where);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

// Whoever is told to come back later has not been served: that may be repeated, whatever was promised, and
// costs no attempt.
TEST(RepeatTable, ARefusalIsRepeatedUntilItIsOver) {
  for (const char* method : kMethods) {
    for (Idempotency promise : kPromises) {
      for (bool by_503 : {false, true}) {
        Scenario scenario = one_row(method, promise, 1);
        scenario.server.always = by_503 ? 503 : 429;
        scenario.server.retry_after = "1";
        scenario.server.steps = {{3s, [](ServerOptions& s) { s.always = 0; }}};
        Outcome outcome = play(scenario);
        std::string where = std::string(method) + (by_503 ? " 503 " : " 429 ");
        ASSERT_FALSE(outcome.hung) << where;
        EXPECT_EQ(outcome.report.counts[Ending::kOk], 1) << where;
        EXPECT_GT(outcome.report.counts.attempts, 1) << where;
      }
    }
  }
}

TEST(RepeatTable, EveryWayACallCanBreak) {
  for (const char* method : kMethods) {
    for (Idempotency promise : kPromises) {
      for (bool timeout : {false, true}) {
        Scenario scenario = one_row(method, promise, 3);
        (timeout ? scenario.server.fail_timeout : scenario.server.fail_closed) = 1;
        bool may_repeat = idempotent(method) || promise != Idempotency::kNever;
        Expected wanted = may_repeat ? Expected{Ending::kFailed, 3, "transient"}
                                     : Expected{Ending::kFailed, 1, "unknown_fate"};
        expect(play(scenario), wanted, std::string(method) + (timeout ? " timeout: " : " lost: "));
      }
    }
  }
}

}  // namespace
}  // namespace rowcall::sim
