// SPDX-License-Identifier: Apache-2.0
#include "mockapi/call_rows.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>

namespace rowcall::mockapi {
namespace {

CallRows rows_of(std::string_view body) {
  CallRows found;
  find_rows(body, found);
  return found;
}

TEST(CallRows, OneObject) {
  CallRows found = rows_of(R"(  {"name": "a\"b", "id" : 00501e0, "x": {"id": 3}} )");
  EXPECT_EQ(found.kind, CallRows::Kind::kOther) << "no number begins with 00";
  constexpr std::string_view body = R"(  {"name": "a\"b", "id" : 12345678901234567890.10, "x": {"id": 3}} )";
  found = rows_of(body);
  EXPECT_EQ(found.kind, CallRows::Kind::kOne);
  ASSERT_EQ(found.rows.size(), 1u);
  EXPECT_EQ(found.rows[0].id, "12345678901234567890.10");
  EXPECT_EQ(found.rows[0].text, body.substr(2, body.size() - 3));
  EXPECT_FALSE(found.rows[0].refuse);
}

TEST(CallRows, AnArrayIsSeveralRows) {
  CallRows found = rows_of(R"([{"id":"a\nb"}, {"refuse":true,"id":2} ,5,"s",[{"id":9}],{},null])");
  EXPECT_EQ(found.kind, CallRows::Kind::kArray);
  ASSERT_EQ(found.rows.size(), 7u);
  EXPECT_EQ(found.rows[0].id, R"("a\nb")");
  EXPECT_EQ(found.rows[1].text, R"({"refuse":true,"id":2})");
  EXPECT_TRUE(found.rows[1].refuse);
  EXPECT_EQ(found.rows[2].text, "5");
  EXPECT_EQ(found.rows[4].text, R"([{"id":9}])");
  EXPECT_EQ(found.rows[4].id, "");
  EXPECT_EQ(found.rows[6].text, "null");
  EXPECT_EQ(rows_of("[ ]").kind, CallRows::Kind::kArray);
  EXPECT_EQ(rows_of("[]").rows.size(), 0u);
}

TEST(CallRows, AnIdThatIsNoScalarIsNone) {
  EXPECT_EQ(rows_of(R"({"id":[1]})").rows[0].id, "");
  EXPECT_EQ(rows_of(R"({"id":null})").rows[0].id, "null");
  EXPECT_FALSE(rows_of(R"({"refuse":"true"})").rows[0].refuse);
}

TEST(CallRows, WhatIsNotJsonIsOneRow) {
  for (std::string_view body : {"",
                                "name=x&y=2",
                                "{",
                                "[1,]",
                                "[1 2]",
                                R"({"a":1}})",
                                R"({"a" 1})",
                                R"({"a":tru})",
                                R"({"a":1,})",
                                R"({a:1})",
                                R"(["\q"])",
                                "[\"a\nb\"]",
                                R"(["\u12G4"])",
                                "[1.]",
                                "[-]",
                                "[1e]",
                                "[+1]",
                                "[01]",
                                "\"\xff\"",
                                "[\"\xc3\"]",
                                "nul",
                                "[\"a]"}) {
    CallRows found = rows_of(body);
    EXPECT_EQ(found.kind, CallRows::Kind::kOther) << body;
    ASSERT_EQ(found.rows.size(), 1u);
    EXPECT_EQ(found.rows[0].text, body);
  }
  EXPECT_EQ(rows_of(std::string(5000, '[') + std::string(5000, ']')).kind, CallRows::Kind::kOther)
      << "too deep";
}

TEST(CallRows, AgreesWithSimdjsonOnBrokenTexts) {
  const std::string good = R"({"id":-12.5e+3,"t":"a\u00e9\\","l":[true,false,null,[],{}],"o":{"k":0}})";
  const std::string characters = R"( {}[]",:0123456789-+.eEtrufalsn\/b)";
  std::mt19937_64 dice(5);
  simdjson::dom::parser parser;
  int valid = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string text = good;
    for (int changes = 1 + static_cast<int>(dice() % 2); changes > 0; --changes) {
      std::size_t at = dice() % text.size();
      switch (dice() % 3) {
        case 0: text[at] = characters[dice() % characters.size()]; break;
        case 1: text.erase(at, 1); break;
        default: text.insert(at, 1, characters[dice() % characters.size()]);
      }
    }
    simdjson::error_code error = parser.parse(text).error();
    if (error == simdjson::NUMBER_ERROR) continue;  // Also numbers beyond its range, which are JSON.
    bool expected = error == simdjson::SUCCESS;
    valid += expected;
    ASSERT_EQ(rows_of(text).kind != CallRows::Kind::kOther, expected) << text << " " << error;
  }
  EXPECT_GT(valid, 1'000);
}

}  // namespace
}  // namespace rowcall::mockapi
