// SPDX-License-Identifier: Apache-2.0
#include "files/json_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "files/source_for_tests.h"

namespace rowcall::files {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JsonReaderTest : public testing::Test {
 protected:
  ReadTable read(std::string_view content, const std::string& name = "a.ndjson") {
    spec_.paths = {put(folder_, name, content)};
    return read_table(spec_);
  }
  TestFolder folder_;
  SourceSpec spec_;
};

TEST_F(JsonReaderTest, KeysAreColumns) {
  auto table = read(R"({"id":1,"name":"A\u00e9\n","x":1.5,"ok":true,"at":"2024-01-01T00:00:00Z"})"
                    "\n\n"
                    R"({"name":null,"id":2,"x":2,"extra":[1, {"a":null}],"ok":false})"
                    "\r\n");
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_THAT(table.columns, HasSubstr("id: int64\nname: string\nx: double\nok: bool\nat: string\nextra: "));
  EXPECT_THAT(table.rows,
              ElementsAre("{\"id\":1,\"name\":\"A\xC3\xA9\\n\",\"x\":1.5,\"ok\":true,\"at\":\"2024-01-01T00:"
                          "00:00Z\",\"extra\":null}",
                          R"({"id":2,"name":null,"x":2,"ok":false,"at":null,"extra":[1, {"a":null}]})"));
  EXPECT_EQ(table.info.rows, 2);
}

TEST_F(JsonReaderTest, WhatNoTypeKeepsWholeGoesOnAsItStands) {
  auto table = read(R"({"big":18446744073709551616,"mixed":1,"long":0.12345678901234567890,"nil":null})"
                    "\n"
                    R"({"big":1,"mixed":"one","long":1.5,"nil":null})"
                    "\n");
  EXPECT_THAT(
      table.rows,
      ElementsAre(R"({"big":18446744073709551616,"mixed":1,"long":0.12345678901234567890,"nil":null})",
                  R"({"big":1,"mixed":"one","long":1.5,"nil":null})"));
}

TEST_F(JsonReaderTest, BrokenLinesCostARowEach) {
  spec_.infer_rows = 1;
  auto table = read(
      "{\"a\":1,\"b\":\"x\"}\n"
      "{\"a\":2,\"b\":\n"
      "[1,2]\n"
      "{\"a\":3,\"b\":\"y\"} {\"a\":4}\n"
      "{\"a\":5,\"b\":\"\xFF\"}\n"
      "{\"a\":6,\"a\":7}\n"
      "{\"a\":8,\"c\":1}\n"
      "{\"a\":\"nine\"}\n"
      "{\"a\":10.5}\n"
      "{\"a\":12,\"b\":[1 2]}\n"
      "{\"a\":011}\n"
      "5\n"
      "{\"a\":13,\"b\":\"z\"}");
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":1,"b":"x"})", R"({"a":13,"b":"z"})"));
  ASSERT_EQ(table.unreadable.size(), 11u);
  for (std::size_t i = 0; i < 11; ++i) EXPECT_EQ(table.unreadable[i].line, static_cast<std::int64_t>(i + 2));
  EXPECT_THAT(table.unreadable[0].reason, HasSubstr("not JSON"));
  EXPECT_THAT(table.unreadable[1].reason, HasSubstr("set source.format to json"));
  EXPECT_THAT(table.unreadable[2].reason, HasSubstr("text behind the object"));
  EXPECT_THAT(table.unreadable[3].reason, HasSubstr("UTF-8"));
  EXPECT_THAT(table.unreadable[4].reason, HasSubstr("key \"a\" is there twice"));
  EXPECT_THAT(table.unreadable[5].reason, HasSubstr("key \"c\" is no column"));
  EXPECT_THAT(table.unreadable[6].reason,
              HasSubstr("column \"a\": found a string \"nine\", expected an int64"));
  EXPECT_THAT(table.unreadable[7].reason, HasSubstr("found a number 10.5, expected an int64"));
}

TEST_F(JsonReaderTest, DeclaredColumns) {
  spec_.types = {{"d", "decimal(10,2)"}, {"t", "timestamp"}, {"late", "int64"}, {"j", "json"}};
  spec_.infer_rows = 1;
  auto table = read(R"({"d":1.5,"t":"2024-01-01 10:00","j":"text"})"
                    "\n"
                    R"({"d":"2.25","t":null,"late":5,"j":[ 1 ]})"
                    "\n");
  EXPECT_THAT(table.unreadable, IsEmpty());
  EXPECT_THAT(table.rows, ElementsAre(R"({"d":1.50,"t":"2024-01-01T10:00:00Z","j":"text","late":null})",
                                      R"({"d":2.25,"t":null,"j":[ 1 ],"late":5})"));
}

TEST_F(JsonReaderTest, EmptyBlankAndMarked) {
  for (const char* text : {"", "\n\n  \n", "\xEF\xBB\xBF"}) {
    auto table = read(text);
    EXPECT_FALSE(table.failed) << table.error.text();
    EXPECT_THAT(table.rows, IsEmpty());
  }
  EXPECT_THAT(read("\xEF\xBB\xBF{\"a\":1}").rows, ElementsAre(R"({"a":1})"));
}

TEST_F(JsonReaderTest, LongLinesAreUnreadable) {
  spec_.line_bytes_max = 2000;
  auto table = read("{\"a\":1}\n{\"a\":\"" + std::string(900'000, 'x') + "\"}\n{\"a\":2}\n");
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":1})", R"({"a":2})"));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_EQ(table.unreadable[0].line, 2);
}

TEST_F(JsonReaderTest, AnArrayOfObjects) {
  auto table = read(
      "\n[\n {\"a\":1, \"b\":\"]},{\\\"\"},\n {\"a\":2}\n,{\"a\":}, 7,\n{\"a\":3,\"b\":null}\n]\n", "a.json");
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_THAT(table.rows,
              ElementsAre(R"({"a":1,"b":"]},{\""})", R"({"a":2,"b":null})", R"({"a":3,"b":null})"));
  ASSERT_EQ(table.unreadable.size(), 2u);
  EXPECT_EQ(table.unreadable[0].line, 5);
  EXPECT_EQ(table.unreadable[1].line, 5);
  EXPECT_THAT(read("[]", "a.json").rows, IsEmpty());
  EXPECT_FALSE(read("[]", "a.json").failed);
  EXPECT_FALSE(read("", "a.json").failed);
}

TEST_F(JsonReaderTest, AnArrayCutOffIsAnError) {
  auto table = read("[{\"a\":1},\n{\"a\":2},{\"a\"", "a.json");
  EXPECT_EQ(table.rows.size(), 2u);
  EXPECT_EQ(table.unreadable.size(), 1u);
  EXPECT_TRUE(table.failed);
  EXPECT_THAT(table.error.text(), HasSubstr("its array not closed"));
  EXPECT_TRUE(read("[{\"a\":1}", "a.json").failed);
  EXPECT_TRUE(read("[{\"a\":1} {\"a\":2}]", "a.json").rows.size() <= 1);
  EXPECT_TRUE(read("[{\"a\":1}] x", "a.json").failed);
  EXPECT_TRUE(read("[{\"a\":1},]", "a.json").failed);
}

TEST_F(JsonReaderTest, LinesNamedJson) {
  EXPECT_THAT(read("{\"a\":1}\n{\"a\":2}\n", "a.json").rows, ElementsAre(R"({"a":1})", R"({"a":2})"));
  EXPECT_THAT(read("{\n\"a\":1}\n", "a.json").error.text(), HasSubstr("array of objects"));
}

TEST_F(JsonReaderTest, GoingOnFromAPlaceGivesTheSameRows) {
  std::string lines;
  std::string array = "[";
  for (int i = 0; i < 3500; ++i) {
    std::string record = i % 700 == 650 ? "{bad}" : "{\"a\":" + std::to_string(i) + "}";
    lines += record + "\n";
    array += (i > 0 ? ",\n" : "\n") + record;
  }
  array += "]";
  for (const std::string name : {"a.ndjson", "a.json"}) {
    auto whole = read(name == "a.json" ? array : lines, name);
    ASSERT_EQ(whole.positions.size(), 4u);
    for (SourcePosition from : whole.positions) {
      auto rest = read_table(spec_, from);
      ASSERT_FALSE(rest.failed) << rest.error.text();
      ASSERT_EQ(rest.rows.size() + rest.unreadable.size(), static_cast<std::size_t>(3500 - from.row));
      EXPECT_EQ(rest.rows.back(), whole.rows.back());
      EXPECT_EQ(rest.unreadable.back().line, whole.unreadable.back().line);
    }
  }
}

TEST_F(JsonReaderTest, AnyBytesFromAnyPlace) {
  std::mt19937 random(5);
  const std::vector<std::string> pieces = {"{\"a\":1}",     "{", "}",    "[", "]", ",", "\n", "\"", "\\",
                                           "{\"a\":\"x\"}", " ", "\xFF", "7"};
  spec_.batch_size = 7;
  spec_.infer_rows = 5;
  spec_.line_bytes_max = 60;
  for (int round = 0; round < 120; ++round) {
    bool lines = round % 2 == 0;
    std::string text = lines ? "" : "[";
    for (unsigned i = 0; i < 80; ++i)
      text += pieces[random() % pieces.size()] + (random() % 2 == 0 ? (lines ? "\n" : ",") : "");
    auto whole = read(text, lines ? "a.ndjson" : "a.json");
    // Only an array can be broken as a whole; what was read before that stays.
    ASSERT_TRUE(!lines || !whole.failed) << text << whole.error.text();
    for (SourcePosition from : whole.positions) {
      auto rest = read_table(spec_, from);
      ASSERT_EQ(rest.failed, whole.failed) << text;
      auto total = static_cast<std::int64_t>(whole.rows.size() + whole.unreadable.size());
      ASSERT_EQ(static_cast<std::int64_t>(rest.rows.size() + rest.unreadable.size()), total - from.row)
          << text;
      for (std::size_t i = 1; i <= rest.unreadable.size(); ++i) {
        ASSERT_EQ(rest.unreadable[rest.unreadable.size() - i].line,
                  whole.unreadable[whole.unreadable.size() - i].line)
            << text;
      }
    }
  }
}

}  // namespace
}  // namespace rowcall::files
