// SPDX-License-Identifier: Apache-2.0
#include "mockapi/answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "mockapi/digest.h"

namespace rowcall::mockapi {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string answer_to(std::string_view body, Effect effect = Effect::kAnswer) {
  CallRows rows;
  find_rows(body, rows);
  std::string out;
  append_answer(out, rows, effect);
  return out;
}

simdjson::dom::element parsed(simdjson::dom::parser& parser, const std::string& text) {
  simdjson::dom::element element;
  EXPECT_EQ(parser.parse(text).get(element), simdjson::SUCCESS) << text;
  return element;
}

TEST(Answers, AnItemHasAllItsMembers) {
  simdjson::dom::parser parser;
  const std::string body = R"({"id":"r-1","x":2})";
  auto item = parsed(parser, answer_to(body));
  EXPECT_EQ(std::string_view(item["id"]), "r-1");
  EXPECT_EQ(double(item["score"]), share_of(digest(body))) << "all digits of the double";
  EXPECT_EQ(std::int64_t(item["n"]), static_cast<std::int64_t>(stirred(digest(body) + 2)));
  EXPECT_TRUE(item["label"].is_string());
  EXPECT_TRUE(item["tags"].is_array());
  EXPECT_TRUE(item["detail"]["depth"].is_int64());
  EXPECT_TRUE(item["detail"]["exact"].is_bool());
}

TEST(Answers, TheIdComesBackAsItWasSent) {
  EXPECT_THAT(answer_to(R"({"id":12345678901234567890.50})"),
              StartsWith(R"({"id":12345678901234567890.50,"score":)"));
  EXPECT_THAT(answer_to(R"({"id":"\u00e9\n"})"), StartsWith(R"({"id":"\u00e9\n","score":)"));
  EXPECT_THAT(answer_to(R"({"x":1})"), StartsWith(R"({"id":null,"score":)"));
  EXPECT_THAT(answer_to("not JSON"), StartsWith(R"({"id":null,"score":)"));
}

TEST(Answers, AreAboutAsLongAsSaid) {
  std::size_t bytes = 0;
  for (int i = 0; i < 1000; ++i) bytes += answer_to(R"({"id":)" + std::to_string(100000 + i) + "}").size();
  EXPECT_NEAR(static_cast<double>(bytes) / 1000, 140, 15);
}

TEST(Answers, AnArrayIsAnsweredInOrderWithTheSameItems) {
  const std::string a = R"({"id":1,"x":"a"})";
  const std::string b = R"({"id":2,"x":"b"})";
  EXPECT_EQ(answer_to("[" + a + " , " + b + "]"), "[" + answer_to(a) + "," + answer_to(b) + "]");
  EXPECT_EQ(answer_to("[]"), "[]");
}

TEST(Answers, SpoiledOnPurpose) {
  simdjson::dom::parser parser;
  EXPECT_NE(parser.parse(answer_to(R"({"id":1})", Effect::kBadJson)).error(), simdjson::SUCCESS);
  EXPECT_NE(parser.parse(answer_to("[]", Effect::kBadJson)).error(), simdjson::SUCCESS);
  EXPECT_TRUE(parsed(parser, answer_to(R"({"id":1})", Effect::kWrongType))["score"].is_string());
  EXPECT_EQ(parsed(parser, answer_to("[1,2,3,4,5]", Effect::kShort)).get_array().size(), 3u);
  EXPECT_EQ(answer_to("[1]", Effect::kShort), "[]");
}

TEST(Answers, RefusalsSayWhy) {
  Decision decision{Effect::kStatus, Reason::kOverLimit, 429, -1, {}, RateLimit{5000, 1s}};
  std::string out;
  append_refusal(out, decision);
  EXPECT_EQ(out, R"({"error":"rate_limited","reason":"more than 5,000/s"})");
  for (Reason reason : {Reason::kUnauthorized, Reason::kOverCapacity, Reason::kUnreadable, Reason::kRefused,
                        Reason::kInjected}) {
    decision.reason = reason;
    out.clear();
    append_refusal(out, decision);
    simdjson::dom::parser parser;
    EXPECT_TRUE(parsed(parser, out)["error"].is_string());
  }
}

std::string response(const Head& head) {
  std::string out;
  append_response(out, head, "{}");
  return out;
}

TEST(Answers, TheHttpAroundThem) {
  Head head;
  head.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  EXPECT_EQ(response(head),
            "HTTP/1.1 200 OK\r\nServer: rowcall-mock-api\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
  head.without_body = true;
  EXPECT_THAT(response(head), EndsWith("Content-Length: 2\r\n\r\n"));
  head = Head{429, false, false, false, "1.5", {}};
  EXPECT_THAT(response(head), StartsWith("HTTP/1.1 429 Too Many Requests\r\n"));
  EXPECT_THAT(response(head), HasSubstr("\r\nRetry-After: 1.5\r\n"));
  EXPECT_THAT(response(head), HasSubstr("\r\nConnection: close\r\n"));
  head = Head{204, true, true, false, {}, {}};
  EXPECT_THAT(response(head), HasSubstr("\r\nConnection: keep-alive\r\n"));
  EXPECT_THAT(response(head), Not(HasSubstr("Content-Length")));
}

TEST(Answers, HttpDates) {
  EXPECT_EQ(http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

}  // namespace
}  // namespace rowcall::mockapi
