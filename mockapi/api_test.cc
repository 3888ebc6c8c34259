// SPDX-License-Identifier: Apache-2.0
#include "mockapi/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::mockapi {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

constexpr Instant kStart{std::chrono::hours(1)};
constexpr Moment kStarted{kStart, std::chrono::seconds(784111777)};  // Sun, 06 Nov 1994 08:49:37 GMT.

Call post(std::string body, std::string key = {}) {
  Call call;
  call.method = "POST";
  call.target = "/score";
  call.body = std::move(body);
  call.idempotency_key = std::move(key);
  call.json = true;
  return call;
}

Call get(std::string target) {
  Call call;
  call.method = "GET";
  call.target = std::move(target);
  return call;
}

class ApiTest : public testing::Test {
 protected:
  Api& api() {
    if (!api_) api_.emplace(options_, kStarted);
    return *api_;
  }
  Answer take(const Call& call, Duration after = {}) { return api().take(call, kStart + after, traffic_); }
  std::string sent(const Call& call, Duration after = {}) { return take(call, after).bytes; }
  Stats stats() { return api().stats(traffic_); }

  MockOptions options_;
  Traffic traffic_;
  std::optional<Api> api_;
};

TEST_F(ApiTest, AnswersARow) {
  options_.behaviour.latency = 20ms;
  Answer answer = take(post(R"({"id":7,"x":1})"), 3s);
  EXPECT_EQ(answer.way, Answer::Way::kSend);
  EXPECT_EQ(answer.due, kStart + 3s + 20ms);
  EXPECT_TRUE(answer.counted);
  EXPECT_FALSE(answer.close);
  EXPECT_THAT(answer.bytes, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer.bytes, HasSubstr("\r\nDate: Sun, 06 Nov 1994 08:49:40 GMT\r\n"));
  EXPECT_THAT(answer.bytes, HasSubstr("\r\n\r\n{\"id\":7,\"score\":"));
}

TEST_F(ApiTest, OneLimitRefusesWithRetryAfter) {
  options_.behaviour.limits = {{1, 1s}};
  options_.behaviour.retry_after = "2";
  options_.behaviour.latency = 20ms;
  EXPECT_THAT(sent(post("{}")), StartsWith("HTTP/1.1 200 "));
  Answer refused = take(post("{}"), 999ms);
  EXPECT_THAT(refused.bytes, StartsWith("HTTP/1.1 429 "));
  EXPECT_THAT(refused.bytes, HasSubstr("\r\nRetry-After: 2\r\n"));
  EXPECT_EQ(refused.due, kStart + 999ms);
  EXPECT_THAT(sent(post("{}"), 1s), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(stats().by_status, ElementsAre(Pair("200", 2), Pair("429", 1)));
  EXPECT_EQ(stats().findings.limits.at(0).over, 2) << "the refused arrival counts like any other";
}

TEST_F(ApiTest, WithoutRetryAfterNoneIsSent) {
  options_.behaviour.faults = {{FaultKind::kStatus, 429, 1}};
  EXPECT_THAT(sent(post("{}")), Not(HasSubstr("Retry-After")));
}

TEST_F(ApiTest, AuditsWithoutRefusing) {
  options_.audit = {{2, 1s}};
  for (int i = 0; i < 5; ++i) EXPECT_THAT(sent(post("{}")), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(stats().findings.limits.at(0).over, 3);
  EXPECT_FALSE(stats().findings.limits.at(0).refuses);
}

TEST_F(ApiTest, RowsAreKnownByTheirBody) {
  sent(post(R"({"id":1})"));
  sent(post(R"({"id":1})"));
  sent(post(R"({"id":2})"));
  Call other_place = post(R"({"id":1})");
  other_place.target = "/process";
  sent(other_place);
  EXPECT_EQ(stats().rows.unique, 3);
  EXPECT_EQ(stats().rows.arrived_twice, 1);
  EXPECT_EQ(stats().rows.answered_twice, 1);
  EXPECT_EQ(stats().calls_with_key, 0);
}

TEST_F(ApiTest, RowsAreKnownByTheirKeyFirst) {
  sent(post(R"({"id":1})", "a"));
  sent(post(R"({"id":1})", "b"));
  EXPECT_EQ(stats().rows.unique, 2);
  EXPECT_EQ(stats().rows.arrived_twice, 0);
  sent(post(R"({"id":1})", "a"));
  EXPECT_EQ(stats().rows.arrived_twice, 1);
  EXPECT_EQ(stats().key_violations, 0);
  sent(post(R"({"id":2})", "a"));
  EXPECT_EQ(stats().key_violations, 1);
  EXPECT_EQ(stats().calls_with_key, 4);
}

TEST_F(ApiTest, EachItemOfAnArrayIsARow) {
  std::string bytes = sent(post(R"([{"id":1},{"id":2},{"id":3}])", "k"));
  EXPECT_THAT(bytes, HasSubstr("\r\n\r\n[{\"id\":1,"));
  EXPECT_EQ(stats().rows.unique, 3);
  EXPECT_EQ(stats().rows.answered, 3);
  sent(post(R"([{"id":1},{"id":2},{"id":3}])", "k"));
  EXPECT_EQ(stats().rows.unique, 3);
  EXPECT_EQ(stats().rows.answered_twice, 3);
  EXPECT_EQ(stats().findings.arrivals, 2);
  EXPECT_THAT(sent(post("[]")), EndsWith("\r\n\r\n[]"));
  EXPECT_EQ(stats().rows.unique, 4);
}

TEST_F(ApiTest, GetUsesPathAndQuery) {
  EXPECT_NE(sent(get("/score?id=1")), sent(get("/score?id=2")));
  EXPECT_EQ(sent(get("/score?id=1")), sent(get("/score?id=1")));
  EXPECT_EQ(stats().rows.unique, 2);
  Call json_get = get("/score?id=3");
  json_get.json = true;
  EXPECT_THAT(sent(json_get), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ApiTest, RefusesForGoodWhatAsksForIt) {
  EXPECT_THAT(sent(post(R"({"id":1,"refuse":true})")), StartsWith("HTTP/1.1 422 "));
  EXPECT_THAT(sent(post(R"([{"id":1},{"id":2,"refuse":true}])")), StartsWith("HTTP/1.1 422 "));
  EXPECT_THAT(sent(post(R"({"id":1,"refuse":false})")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ApiTest, ABodyMustBeWhatItsTypeSays) {
  EXPECT_THAT(sent(post("{\"id\":")), StartsWith("HTTP/1.1 400 "));
  Call form = post("{\"id\":");
  form.json = false;
  EXPECT_THAT(sent(form), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ApiTest, AsksForTheToken) {
  options_.token = "s3cret";
  Call call = post("{}");
  EXPECT_THAT(sent(call), StartsWith("HTTP/1.1 401 "));
  call.authorization = "Bearer other";
  EXPECT_THAT(sent(call), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(sent(call), Not(HasSubstr("s3cret")));
  call.authorization = "Bearer s3cret";
  EXPECT_THAT(sent(call), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(sent(get("/health")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ApiTest, InjectedErrorsAreCountedByKind) {
  options_.behaviour.faults = {{FaultKind::kStatus, 503, 0.2},
                               {FaultKind::kReset, 0, 0.2},
                               {FaultKind::kTimeout, 0, 0.2},
                               {FaultKind::kBadJson, 0, 0.2}};
  std::map<Answer::Way, int> ways;
  for (int i = 0; i < 1000; ++i) ++ways[take(post(std::to_string(i))).way];
  Stats found = stats();
  EXPECT_EQ(found.errors_injected.size(), 4u);
  EXPECT_EQ(found.errors_injected["reset"], found.by_status["reset"]);
  EXPECT_EQ(found.errors_injected["reset"], ways[Answer::Way::kReset]);
  EXPECT_EQ(found.errors_injected["timeout"], ways[Answer::Way::kHang]);
  EXPECT_EQ(found.by_status["200"], found.errors_injected["badjson"] + found.rows.answered);
  std::int64_t sum = 0;
  for (const auto& [name, calls] : found.by_status) sum += calls;
  EXPECT_EQ(sum, 1000);
}

TEST_F(ApiTest, ARetriedRowComesThrough) {
  options_.behaviour.faults = {{FaultKind::kStatus, 503, 0.5}};
  int tries = 0;
  for (int row = 0; row < 200; ++row) {
    do {
      ASSERT_LT(++tries, 1000);
    } while (!sent(post(std::to_string(row))).starts_with("HTTP/1.1 200"));
  }
  EXPECT_NEAR(tries, 400, 80);
  EXPECT_EQ(stats().rows.answered, 200);
  EXPECT_EQ(stats().rows.answered_twice, 0);
}

TEST_F(ApiTest, AnOutageResetsAndSaysSo) {
  options_.behaviour.outages = {{1s, 1s}};
  EXPECT_THAT(sent(get("/health"), 1500ms), StartsWith("HTTP/1.1 200 ")) << "nothing has arrived";
  take(post("{}"), 2s);
  EXPECT_EQ(take(post("{}"), 3s).way, Answer::Way::kReset);
  EXPECT_THAT(sent(get("/health"), 3s), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(sent(get("/health"), 4s), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(take(post("{}"), 4s).way, Answer::Way::kSend);
  EXPECT_THAT(stats().by_status, ElementsAre(Pair("200", 2), Pair("outage", 1)));
}

TEST_F(ApiTest, TheOperatorsCallsCountAsNothing) {
  EXPECT_FALSE(take(get("/health")).counted);
  EXPECT_THAT(sent(get("/stats?pretty")), HasSubstr("\"arrivals\": 0"));
  EXPECT_THAT(sent(get("/reset")), StartsWith("HTTP/1.1 405 "));
  Call wrong = post("");
  wrong.target = "/stats";
  EXPECT_THAT(sent(wrong), StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(stats().findings.arrivals, 0);
  sent(get("/healthy"));
  EXPECT_EQ(stats().findings.arrivals, 1);
}

TEST_F(ApiTest, ResetForgetsEverything) {
  options_.behaviour.limits = {{1, 1h}};
  sent(post("{}", "k"));
  EXPECT_THAT(sent(post("[]", "k")), StartsWith("HTTP/1.1 429 "));
  Call reset = post("");
  reset.target = "/reset";
  EXPECT_THAT(sent(reset), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(stats_json(stats()), stats_json(Api(options_, kStarted).stats({})));
  EXPECT_THAT(sent(post("{}")), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ApiTest, BehaviourCanChange) {
  sent(post("{}"));
  Behaviour behaviour;
  behaviour.limits = {{1, 1s}};
  api().change(behaviour);
  EXPECT_THAT(sent(post("{}"), 2s), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(sent(post("{}"), 2s), StartsWith("HTTP/1.1 429 "));
  EXPECT_EQ(stats().findings.limits.size(), 1u);
}

TEST_F(ApiTest, HttpOneZeroAndHead) {
  Call call = post("{}");
  call.keep_alive = false;
  call.http_1_0 = true;
  Answer answer = take(call);
  EXPECT_TRUE(answer.close);
  EXPECT_THAT(answer.bytes, HasSubstr("\r\nConnection: close\r\n"));
  call.keep_alive = true;
  EXPECT_THAT(sent(call), HasSubstr("\r\nConnection: keep-alive\r\n"));
  Call head = get("/score");
  head.method = "HEAD";
  EXPECT_THAT(sent(head), EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace rowcall::mockapi
