// SPDX-License-Identifier: Apache-2.0
#include "mapping/request_mapper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "mapping/mapping_test_rows.h"

namespace rowcall::mapping {
namespace {

using testing::HasSubstr;
using testing::Not;

class RequestMapperTest : public testing::Test {
 protected:
  RequestMapperTest() {
    job_.request.url = "https://api.test/score";
    ::setenv("MAPPER_TEST_SECRET", "s3cr3t", 1);
  }
  ~RequestMapperTest() override { ::unsetenv("MAPPER_TEST_SECRET"); }

  RequestMapper mapper() {
    auto made = RequestMapper::make(job_, rows_.reader(), "run 1");
    EXPECT_TRUE(made) << made.error().text();
    return *std::move(made);
  }
  std::string error() {
    auto made = RequestMapper::make(job_, rows_.reader(), "run 1");
    return made ? "none" : made.error().text();
  }

  TestRows rows_;
  Job job_;
};

TEST_F(RequestMapperTest, TheDefaultBodyIsTheRow) {
  Request request = *mapper().render(rows_.reader(), 0, 1, 0);
  EXPECT_EQ(request.body, R"({"id":1,"name":"Zoë \"Z\" & Co","zip":"00501","note":null})");
  EXPECT_EQ(request.target, "/score");
}

TEST_F(RequestMapperTest, ColumnsPick) {
  job_.request.columns = {"zip", "id"};
  EXPECT_EQ(mapper().render(rows_.reader(), 1, 1, 1)->body, R"({"zip":"00501","id":2})");
  job_.request.columns = {"zpi"};
  EXPECT_THAT(error(), HasSubstr("request.columns: no column \"zpi\""));
}

TEST_F(RequestMapperTest, SeveralRowsAreAnArray) {
  job_.request.rows_per_call = 2;
  job_.request.columns = {"id"};
  EXPECT_EQ(mapper().render(rows_.reader(), 0, 2, 0)->body, R"([{"id":1},{"id":2}])");
  EXPECT_EQ(mapper().render(rows_.reader(), 2, 1, 2)->body, R"([{"id":3}])");
  job_.request.body = R"({"rows":{{*}},"v":1})";
  EXPECT_EQ(mapper().render(rows_.reader(), 0, 2, 0)->body, R"({"rows":[{"id":1},{"id":2}],"v":1})");
  job_.request.body = R"({"one":{{id}}})";
  EXPECT_THAT(error(), HasSubstr("array of all rows"));
}

TEST_F(RequestMapperTest, QueryEntriesAreEncodedAndAppended) {
  job_.request.method = "GET";
  job_.request.url = "https://api.test/find?v=1";
  job_.request.query = {{"q", "{{name}} 100%"}, {"a b", "x"}};
  EXPECT_EQ(mapper().render(rows_.reader(), 0, 1, 0)->target,
            "/find?v=1&q=Zo%C3%AB%20%22Z%22%20%26%20Co%20100%25&a%20b=x");
  EXPECT_EQ(mapper().render(rows_.reader(), 0, 1, 0)->body, "");
}

TEST_F(RequestMapperTest, TheKeyIsThatOfRunAndRow) {
  auto key = [&](const RequestMapper& m, std::int64_t number) {
    return m.render(rows_.reader(), 0, 1, number)->header_lines;
  };
  RequestMapper first = mapper();
  EXPECT_THAT(key(first, 0), testing::MatchesRegex("Idempotency-Key: [0-9a-f-]{36}\r\n"));
  EXPECT_EQ(key(first, 5), key(mapper(), 5)) << "the same after a resume";
  EXPECT_NE(key(first, 5), key(first, 6));
  EXPECT_NE(key(first, 5), key(*RequestMapper::make(job_, rows_.reader(), "run 2"), 5));
  job_.request.idempotency = Idempotency::kSafe;
  EXPECT_EQ(key(mapper(), 0), "");
  job_.request.idempotency = Idempotency::kKeys;
  job_.request.method = "PUT";
  EXPECT_EQ(key(mapper(), 0), "") << "PUT is idempotent as it is";
}

TEST_F(RequestMapperTest, WhatMayBeRepeated) {
  EXPECT_TRUE(mapper().repeatable());
  job_.request.idempotency = Idempotency::kNever;
  EXPECT_FALSE(mapper().repeatable());
  job_.request.method = "GET";
  EXPECT_TRUE(mapper().repeatable());
}

TEST_F(RequestMapperTest, SecretsAreSentAndNotShown) {
  struct Case {
    AuthType type;
    const char* sent;
  };
  for (const Case& c : {Case{AuthType::kBearer, "Authorization: Bearer s3cr3t\r\n"},
                        Case{AuthType::kBasic, "Authorization: Basic czNjcjN0OnMzY3IzdA==\r\n"},
                        Case{AuthType::kApiKeyHeader, "X-Api-Key: s3cr3t\r\n"}}) {
    job_.auth.type = c.type;
    job_.auth.token = job_.auth.username = job_.auth.password = job_.auth.key = {"env:MAPPER_TEST_SECRET"};
    RequestMapper m = mapper();
    EXPECT_THAT(m.endpoint().fixed_headers, HasSubstr(c.sent));
    std::string shown = m.shown(*m.render(rows_.reader(), 0, 1, 0));
    EXPECT_THAT(shown, HasSubstr("********"));
    EXPECT_THAT(shown, Not(HasSubstr("s3cr3t")));
    EXPECT_THAT(shown, Not(HasSubstr("czNjcjN0")));
  }
  job_.auth.type = AuthType::kApiKeyQuery;
  RequestMapper m = mapper();
  Request request = *m.render(rows_.reader(), 0, 1, 0);
  EXPECT_EQ(request.target, "/score?api_key=s3cr3t");
  EXPECT_THAT(m.shown(request), HasSubstr("/score?api_key=********\n"));
  EXPECT_THAT(m.secrets(), testing::Contains("s3cr3t"));
}

TEST_F(RequestMapperTest, AMissingSecretIsNamedNotShown) {
  job_.auth.type = AuthType::kBearer;
  job_.auth.token = {"env:MAPPER_TEST_NOT_SET"};
  EXPECT_EQ(error(),
            "auth.token: the environment variable MAPPER_TEST_NOT_SET is not set; expected a value. "
            "Export it, or put it into .env.");
}

TEST_F(RequestMapperTest, HeadersCannotBeSmuggledIn) {
  job_.request.headers = {{"X-Name", "{{name}}"}};
  EXPECT_THAT(mapper().render(rows_.reader(), 0, 1, 0)->header_lines,
              HasSubstr("X-Name: Zoë \"Z\" & Co\r\n"));
  for (const char* name : {"Host", "content-length", "Idempotency-Key", "Bad Name", ""}) {
    job_.request.headers = {{name, "x"}};
    EXPECT_THAT(error(), HasSubstr("request.headers.")) << name;
  }
  job_.request.headers = {{"X-A", "a\r\nX-B: b"}};
  EXPECT_THAT(error(), HasSubstr("line break"));
}

TEST_F(RequestMapperTest, AGivenHeaderReplacesTheDefault) {
  job_.request.headers = {{"content-type", "text/csv"}, {"User-Agent", "me/1"}};
  std::string headers = mapper().endpoint().fixed_headers;
  EXPECT_THAT(headers, HasSubstr("content-type: text/csv\r\n"));
  EXPECT_THAT(headers, Not(HasSubstr("Content-Type: application/json")));
  EXPECT_THAT(headers, HasSubstr("User-Agent: me/1\r\n"));
  EXPECT_THAT(headers, Not(HasSubstr("rowcall/")));
}

TEST_F(RequestMapperTest, MatchKeysAreTheRowsOwn) {
  job_.request.rows_per_call = 3;
  job_.response.match = MatchBy::kKey;
  job_.response.match_column = "id";
  EXPECT_THAT(mapper().match_keys(rows_.reader(), 0, 3), testing::ElementsAre("1", "2", "3"));
  job_.response.match_column = "di";
  EXPECT_THAT(error(), HasSubstr("response.match_column"));
}

}  // namespace
}  // namespace rowcall::mapping
