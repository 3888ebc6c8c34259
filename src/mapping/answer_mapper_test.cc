// SPDX-License-Identifier: Apache-2.0
#include "mapping/answer_mapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "table/row_reader.h"

namespace rowcall::mapping {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AnswerMapperTest : public testing::Test {
 protected:
  AnswerMapper mapper() {
    auto made = AnswerMapper::make(job_, {"id"});
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
  std::string error() {
    auto made = AnswerMapper::make(job_, {"id"});
    return made ? "none" : made.error().text();
  }
  // Columns of the rows as JSON, or the error in front of what was filled in.
  std::vector<std::string> extract(std::string body, int rows = 1, std::vector<std::string> keys = {}) {
    AnswerMapper m = mapper();
    table::AnswerColumns columns(&m.columns(), rows);
    Mapped mapped = m.extract(body, {0, rows}, keys, columns);
    if (!mapped.call_error.empty()) return {"call: " + mapped.call_error};
    OwnedArray array = columns.finish();
    ArrowSchema empty{};
    OwnedSchema schema = table::extended(empty, m.columns());
    auto reader = table::RowReader::make(*schema.get());
    EXPECT_TRUE(reader->look_at(*array.get()));
    std::vector<std::string> out;
    for (int row = 0; row < rows; ++row) {
      std::string text = mapped.row_errors[static_cast<std::size_t>(row)];
      if (text.empty()) {
        for (int c = 0; c < reader->columns(); ++c) {
          if (c != 0) text += ' ';
          reader->append_json(text, c, row);
        }
      }
      out.push_back(text);
    }
    return out;
  }
  void want(std::string type, bool required = false, std::string pointer = "/v") {
    job_.response.columns = {{"v", std::move(pointer), std::move(type), required}};
  }

  Job job_;
};

TEST_F(AnswerMapperTest, TypedValues) {
  struct Case {
    const char* type;
    const char* body;
    const char* expected;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"string", R"({"v":"a \"b\" \u00fc"})", "\"a \\\"b\\\" ü\""},
           {"int64", R"({"v":9223372036854775807})", "9223372036854775807"},
           {"uint64", R"({"v":18446744073709551615})", "18446744073709551615"},
           {"int8", R"({"v":-128})", "-128"},
           {"double", R"({"v":1e-3})", "0.001"},
           {"double", R"({"v":5})", "5"},
           {"bool", R"({"v":true})", "true"},
           {"date", R"({"v":"2000-02-29"})", "\"2000-02-29\""},
           {"timestamp", R"({"v":"2000-02-29T01:00:00+01:00"})", "\"2000-02-29T00:00:00Z\""},
           {"decimal(38,2)", R"({"v":123456789012345678901234567890123456.78})",
            "123456789012345678901234567890123456.78"},
           {"decimal(10,2)", R"({"v":"12.5"})", "12.50"},
           {"json", R"({"v": {"a": [1, 2.50]} })", R"({"a": [1, 2.50]})"},
           {"json", R"({"v":123456789012345678901234567890})", "123456789012345678901234567890"},
           {"string", R"({"v":null})", "null"},
           {"string", R"({})", "null"},
       }) {
    want(c.type);
    EXPECT_THAT(extract(c.body), ElementsAre(c.expected)) << c.type << " " << c.body;
  }
}

TEST_F(AnswerMapperTest, WrongTypesFailTheRowAndSayWhatWasThere) {
  struct Case {
    const char* type;
    const char* body;
    const char* expected;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"int64", R"({"v":1.5})", "/v: 1.5; expected int64"},
           {"int64", R"({"v":"1"})", "/v: \"1\"; expected int64"},
           {"int8", R"({"v":128})", "/v: 128; expected int8"},
           {"uint8", R"({"v":-1})", "/v: -1; expected uint8"},
           {"string", R"({"v":1})", "/v: 1; expected string"},
           {"bool", R"({"v":1})", "/v: 1; expected bool"},
           {"double", R"({"v":true})", "/v: true; expected double"},
           {"double", R"({"v":[1]})", "/v: an array; expected double"},
           {"string", R"({"v":{}})", "/v: an object; expected string"},
           {"date", R"({"v":"2000-02-30"})", "/v: \"2000-02-30\"; expected date"},
           {"decimal(4,2)", R"({"v":123.45})", "/v: 123.45; expected decimal(4,2)"},
       }) {
    want(c.type);
    EXPECT_THAT(extract(c.body), ElementsAre(c.expected)) << c.type;
  }
}

TEST_F(AnswerMapperTest, RequiredMeansRequired) {
  want("string", true);
  EXPECT_THAT(extract("{}"), ElementsAre("/v: nothing there; a value is required"));
  EXPECT_THAT(extract(R"({"v":null})"), ElementsAre("/v: null; a value is required"));
}

TEST_F(AnswerMapperTest, PointersGoDeep) {
  want("int64", true, "/a/1/b~1c/~0d");
  EXPECT_THAT(extract(R"({"a":[0,{"b/c":{"~d":7}}]})"), ElementsAre("7"));
}

TEST_F(AnswerMapperTest, ABrokenBodyFailsTheCall) {
  want("int64");
  for (const char* body : {"", "  ", "<html>", R"({"v":1)", R"({"v":1} x)", R"({"v":1,"w":})",
                           "{\"v\":1,\"w\":\"\xff\"}", R"({"v":1,"w":01})", "[1"}) {
    auto found = extract(body);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_THAT(found[0], HasSubstr("call: the answer is not JSON")) << body;
  }
}

TEST_F(AnswerMapperTest, ANumberTooLargeForTheParserIsStillJson) {
  want("int64");
  EXPECT_THAT(extract(R"({"big":123456789012345678901234567890,"v":3})"), ElementsAre("3"));
}

TEST_F(AnswerMapperTest, ItemsByPosition) {
  job_.request.rows_per_call = 3;
  job_.response.items = "/r";
  want("int64", true);
  EXPECT_THAT(extract(R"({"r":[{"v":1},{"v":2},{"v":3}]})", 3), ElementsAre("1", "2", "3"));
  EXPECT_THAT(extract(R"({"r":[{"v":1},{"v":2}]})", 3),
              ElementsAre("call: 2 items for 3 rows; expected one for each"));
  EXPECT_THAT(extract(R"({"r":[{"v":1},{},{"v":3}]})", 3),
              ElementsAre("1", "item 2: /v: nothing there; a value is required", "3"));
  EXPECT_THAT(extract(R"({"r":{"v":1}})", 3)[0], HasSubstr("call: /r: no array of items"));
  EXPECT_THAT(extract(R"({"x":1})", 3)[0], HasSubstr("call: /r: no array of items"));
}

TEST_F(AnswerMapperTest, ItemsThatAreTheValue) {
  job_.request.rows_per_call = 2;
  want("double", true, "");
  EXPECT_THAT(extract("[0.5, 1.5]", 2), ElementsAre("0.5", "1.5"));
  EXPECT_THAT(extract(R"([0.5, "x"])", 2), ElementsAre("0.5", "item 2: \"x\"; expected double"));
  EXPECT_THAT(extract("[0.5, {}]", 2), ElementsAre("0.5", "item 2: an object; expected double"));
}

TEST_F(AnswerMapperTest, ItemsByKeyNeverLandOnAnotherRow) {
  job_.request.rows_per_call = 3;
  job_.response.match = MatchBy::kKey;
  job_.response.match_pointer = "/id";
  want("string");
  std::vector<std::string> keys = {"7", "8", "9"};
  EXPECT_THAT(extract(R"([{"id":9,"v":"c"},{"id":"7","v":"a"},{"id":8,"v":"b"}])", 3, keys),
              ElementsAre("\"a\"", "\"b\"", "\"c\""));
  EXPECT_THAT(extract(R"([{"id":9,"v":"c"},{"id":7,"v":"a"}])", 3, keys),
              ElementsAre("\"a\"", "no item for key \"8\"", "\"c\""));
  EXPECT_THAT(extract(R"([{"id":9,"v":"c"},{"id":1,"v":"a"}])", 3, keys),
              ElementsAre("call: an item for key \"1\", which is not in the call"));
  EXPECT_THAT(extract(R"([{"id":9,"v":"c"},{"id":9,"v":"a"}])", 3, keys),
              ElementsAre("call: two items for key \"9\""));
  EXPECT_THAT(extract(R"([{"v":"c"}])", 3, keys), ElementsAre("call: an item without /id"));
}

TEST_F(AnswerMapperTest, RowsOfTheSameKeyShareTheItem) {
  job_.request.rows_per_call = 2;
  job_.response.match = MatchBy::kKey;
  job_.response.match_pointer = "/id";
  want("string");
  EXPECT_THAT(extract(R"([{"id":7,"v":"a"}])", 2, {"7", "7"}), ElementsAre("\"a\"", "\"a\""));
}

TEST_F(AnswerMapperTest, WithoutWishesTheBodyIsKept) {
  EXPECT_THAT(extract("not { json"), ElementsAre("\"not { json\""));
  EXPECT_THAT(extract("\xff"), ElementsAre("call: the answer is not UTF-8"));
}

TEST_F(AnswerMapperTest, TheCallItselfCanBeTold) {
  job_.response.status = job_.response.attempts = job_.response.latency_ms = true;
  AnswerMapper m = mapper();
  ASSERT_EQ(m.columns().size(), 3u);
  EXPECT_EQ(m.columns()[0].name, "status");
  table::AnswerColumns columns(&m.columns(), 1);
  Reply reply;
  reply.status = 201;
  reply.done_at = reply.sent_at + std::chrono::microseconds(12'500);
  m.note_call(reply, 3, {0, 1}, columns);
  OwnedArray array = columns.finish();
  EXPECT_EQ(static_cast<const std::int32_t*>(array->children[0]->buffers[1])[0], 201);
  EXPECT_EQ(static_cast<const std::int32_t*>(array->children[1]->buffers[1])[0], 3);
  EXPECT_EQ(static_cast<const double*>(array->children[2]->buffers[1])[0], 12.5);
}

TEST_F(AnswerMapperTest, BodyRulesJudge) {
  job_.classify.body = {{"/error/code", "\"RATE\"", OutcomeClass::kThrottled},
                        {"/error", "", OutcomeClass::kPermanent}};
  AnswerMapper m = mapper();
  auto judge = [&](std::string body) {
    std::string message;
    auto outcome = m.judge(body, message);
    return outcome ? std::string(name_of(*outcome)) + ": " + message : "none";
  };
  EXPECT_EQ(judge(R"({"error":{"code":"RATE"}})"), "throttled: the answer has /error/code = \"RATE\"");
  EXPECT_EQ(judge(R"({"error":"bad"})"), "permanent: the answer has /error = \"bad\"");
  EXPECT_EQ(judge(R"({"v":1})"), "none");
  EXPECT_EQ(judge("no json"), "none");
}

TEST_F(AnswerMapperTest, WrongSettingsAreNamed) {
  want("texxt");
  EXPECT_THAT(error(), HasSubstr("response.columns.v: type \"texxt\""));
  want("string", false, "v");
  EXPECT_THAT(error(), HasSubstr("a JSON Pointer such as"));
  want("string", false, "/a~2");
  EXPECT_THAT(error(), HasSubstr("a JSON Pointer such as"));
  want("string", false, "");
  EXPECT_THAT(error(), HasSubstr("type json"));
  job_.response.columns = {{"id", "/id", "string", false}};
  EXPECT_THAT(error(), HasSubstr("the column \"id\" is there already"));
  job_.response.prefix = "api_";
  EXPECT_EQ(mapper().columns()[0].name, "api_id");
}

}  // namespace
}  // namespace rowcall::mapping
