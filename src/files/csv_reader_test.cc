// SPDX-License-Identifier: Apache-2.0
#include "files/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "files/source_for_tests.h"

namespace rowcall::files {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CsvReaderTest : public testing::Test {
 protected:
  ReadTable read(std::string_view content, const std::string& name = "a.csv") {
    spec_.paths = {put(folder_, name, content)};
    return read_table(spec_);
  }
  TestFolder folder_;
  SourceSpec spec_;
};

TEST_F(CsvReaderTest, TypesAreFoundFromASample) {
  auto table = read(
      "id,price,ok,day,at,name\n"
      "1,1.50,true,2024-02-29,2024-02-29T13:05:07Z,Ann\n"
      "-22,20.25,false,1969-12-31,1969-12-31T23:59:59.250Z,\"Bo, \"\"B\"\"\"\n");
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_EQ(table.columns,
            "id: int64\nprice: double\nok: bool\nday: date32\nat: timestamp('us', 'UTC')\nname: string\n");
  EXPECT_THAT(
      table.rows,
      ElementsAre(
          R"({"id":1,"price":1.5,"ok":true,"day":"2024-02-29","at":"2024-02-29T13:05:07Z","name":"Ann"})",
          R"({"id":-22,"price":20.25,"ok":false,"day":"1969-12-31","at":"1969-12-31T23:59:59.250Z","name":"Bo, \"B\""})"));
  EXPECT_EQ(table.info.rows, 2);
  EXPECT_TRUE(table.info.rows_exact);
}

TEST_F(CsvReaderTest, WhatCouldLoseSomethingStaysText) {
  auto table = read(
      "zip,phone,id,big,na,code,local,version,mixed\n"
      "00501,+49,1234567890123456789,9223372036854775808,NA,1e5,2024-01-01 10:00:00,1.1,5\n"
      "10001,+1,1,1,5,2e7,2024-01-02 10:00:00,1.10,five\n");
  EXPECT_EQ(table.columns,
            "zip: string\nphone: string\nid: string\nbig: string\nna: string\ncode: string\nlocal: "
            "string\nversion: "
            "string\nmixed: string\n");
  EXPECT_THAT(
      table.rows[0],
      HasSubstr(R"("zip":"00501","phone":"+49","id":"1234567890123456789","big":"9223372036854775808")"));
}

TEST_F(CsvReaderTest, NullIsTheEmptyUnquotedCell) {
  auto table = read("a,b,c\n1,,x\n,\"\",\"\"\n");
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":1,"b":null,"c":"x"})", R"({"a":null,"b":"","c":""})"));
  spec_.null_values = {"NA", "-"};
  EXPECT_THAT(read("a,b\nNA,\"NA\"\n5,-\n7,\n").rows,
              ElementsAre(R"({"a":null,"b":"NA"})", R"({"a":5,"b":null})", R"({"a":7,"b":""})"));
}

TEST_F(CsvReaderTest, DeclaredTypesWinAndReadMoreFreely) {
  spec_.types = {{"a", "int64"}, {"b", "decimal(10,2)"}, {"c", "string"},
                 {"d", "json"},  {"e", "bool"},          {"f", "timestamp"}};
  auto table = read(
      "a,b,c,d,e,f\n007,+1.5,5,\"{\"\"x\"\":[1]}\",1,2024-01-01 "
      "10:00\n1,1.555,5,1,0,2024-01-01\n1,1,1,{,1,\n");
  EXPECT_THAT(table.rows,
              ElementsAre(R"({"a":7,"b":1.50,"c":"5","d":{"x":[1]},"e":true,"f":"2024-01-01T10:00:00Z"})"));
  ASSERT_EQ(table.unreadable.size(), 2u);
  EXPECT_EQ(table.unreadable[0].reason, "column \"b\": \"1.555\" is not a decimal(10,2)");
  EXPECT_EQ(table.unreadable[1].reason, "column \"d\": \"{\" is not a json");
  spec_.types = {{"nme", "int64"}};
  EXPECT_THAT(read("name,age\nx,1\n").error.text(), HasSubstr("Did you mean \"name\"?"));
}

TEST_F(CsvReaderTest, AMisfitBehindTheSampleCostsOneRow) {
  spec_.infer_rows = 10;
  std::string text = "id,name\n";
  for (int i = 1; i <= 5000; ++i) text += (i == 4000 ? "abc" : std::to_string(i)) + ",n\n";
  auto table = read(text);
  ASSERT_FALSE(table.failed);
  EXPECT_EQ(table.rows.size(), 4999u);
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_EQ(table.unreadable[0].row, 3999);
  EXPECT_EQ(table.unreadable[0].line, 4001);
  EXPECT_THAT(table.unreadable[0].reason, HasSubstr("column \"id\": \"abc\" is not an int64"));
  EXPECT_EQ(table.unreadable[0].excerpt, "abc,n\n");
  EXPECT_EQ(table.numbers[3999], 4000);
}

TEST_F(CsvReaderTest, WrongNumbersOfCells) {
  auto table = read("a,b,c\n1,2,3\n1,2\n1,2,3,4\n5,6,7");
  EXPECT_EQ(table.rows.size(), 2u);
  ASSERT_EQ(table.unreadable.size(), 2u);
  EXPECT_EQ(table.unreadable[0].reason, "found 2 cells, expected 3");
  EXPECT_EQ(table.unreadable[0].line, 3);
  EXPECT_EQ(table.unreadable[1].reason, "found 4 cells, expected 3");
  EXPECT_EQ(table.unreadable[1].line, 4);
}

TEST_F(CsvReaderTest, QuotedLineBreaksCountAsLines) {
  auto table = read("a,b\n\"x\ny\r\nz\",1\n\n2\n\"q\",3\n");
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":"x\ny\r\nz","b":1})", R"({"a":"q","b":3})"));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_EQ(table.unreadable[0].line, 6);
}

TEST_F(CsvReaderTest, LineEndsOfAllKinds) {
  EXPECT_THAT(read("a,b\r\n1,2\r\n3,4").rows, ElementsAre(R"({"a":1,"b":2})", R"({"a":3,"b":4})"));
  EXPECT_THAT(read("a,b\r1,2\r3,4\r").rows, ElementsAre(R"({"a":1,"b":2})", R"({"a":3,"b":4})"));
}

TEST_F(CsvReaderTest, BadUtf8CostsOneRow) {
  auto table = read("a,b\nx,1\n\xFFz,2\n\xC3\xA9,3\n");
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":"x","b":1})", "{\"a\":\"\xC3\xA9\",\"b\":3}"));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_EQ(table.unreadable[0].line, 3);
  EXPECT_EQ(table.unreadable[0].reason, "column \"a\": \"\xEF\xBF\xBDz\" is not UTF-8");
}

TEST_F(CsvReaderTest, ByteOrderMarks) {
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "a,b\n1,2\n")
                  .rows,
              ElementsAre(R"({"a":1,"b":2})"));
  EXPECT_THAT(read(std::string_view("\xFF\xFE"
                                    "a\0,\0",
                                    6))
                  .error.text(),
              HasSubstr("UTF-16"));
}

TEST_F(CsvReaderTest, EmptyAndHeaderOnly) {
  auto table = read("");
  EXPECT_EQ(table.error.code, ErrorCode::kInput);
  EXPECT_THAT(table.error.text(), HasSubstr("the file is empty; expected a header line"));
  for (const char* text : {"a,b", "a,b\n", "a,b\r\n\n\n"}) {
    table = read(text);
    ASSERT_FALSE(table.failed) << table.error.text();
    EXPECT_EQ(table.columns, "a: string\nb: string\n");
    EXPECT_THAT(table.rows, IsEmpty());
    EXPECT_EQ(table.info.rows, 0);
  }
}

TEST_F(CsvReaderTest, WithoutAHeader) {
  spec_.header = false;
  EXPECT_THAT(read("1,x\n2,y\n").rows,
              ElementsAre(R"({"column_1":1,"column_2":"x"})", R"({"column_1":2,"column_2":"y"})"));
  spec_.column_names = {"a", "b"};
  EXPECT_THAT(read("1,x\n2,y\n").rows, ElementsAre(R"({"a":1,"b":"x"})", R"({"a":2,"b":"y"})"));
  EXPECT_FALSE(read("").failed);
}

TEST_F(CsvReaderTest, NamesMustDiffer) {
  EXPECT_THAT(read("a,b,a\n1,2,3\n").error.text(), HasSubstr("columns 1 and 3 are both called \"a\""));
  EXPECT_EQ(read("a,,c\n1,2,3\n").columns, "a: int64\ncolumn_2: int64\nc: int64\n");
}

TEST_F(CsvReaderTest, OtherDelimitersAndQuotes) {
  spec_.delimiter = ';';
  spec_.quote = '\'';
  EXPECT_THAT(read("a;b\n'x;''y';1\n").rows, ElementsAre(R"({"a":"x;'y","b":1})"));
  spec_.delimiter = ',';
  spec_.quote = '"';
  EXPECT_THAT(read("a\tb\nx,y\t1\n", "a.tsv").rows, ElementsAre(R"({"a":"x,y","b":1})"));
}

TEST_F(CsvReaderTest, AStrayQuoteDoesNotSwallowTheRowsBehindIt) {
  auto table = read("a,b\n\"x,1\ny,2\nz,3\n");  // never closed
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":"y","b":2})", R"({"a":"z","b":3})"));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_THAT(table.unreadable[0].reason, HasSubstr("the quote that opens cell 1 is not closed"));
  EXPECT_EQ(table.unreadable[0].excerpt, "\"x,1\n");
  table = read("a,b\n\"x,1\ny,2\n\"z\",3\n");  // closed by the quote of another row
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":"y","b":2})", R"({"a":"z","b":3})"));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_THAT(table.unreadable[0].reason, HasSubstr("text behind the quote that closes cell 1"));
  table = read("a,b\n5\" pipe,1\n");  // inside a cell it is a character
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":"5\" pipe","b":1})"));
}

TEST_F(CsvReaderTest, LongLinesAreUnreadable) {
  spec_.line_bytes_max = 2000;
  std::string text =
      "a,b\n1,x\n2," + std::string(3000, 'y') + "\n3,z\n4," + std::string(900'000, 'y') + "\n5,z\n";
  auto table = read(text);
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":1,"b":"x"})", R"({"a":3,"b":"z"})", R"({"a":5,"b":"z"})"));
  ASSERT_EQ(table.unreadable.size(), 2u);
  EXPECT_THAT(table.unreadable[0].reason, HasSubstr("longer than"));
  EXPECT_EQ(table.unreadable[0].line, 3);
  EXPECT_EQ(table.unreadable[1].line, 5);
  EXPECT_EQ(table.unreadable[1].excerpt.size(), 1000u);
}

TEST_F(CsvReaderTest, LongRecordsAreReadWhole) {
  std::string cell(3 << 20, 'y');
  auto table = read("a,b\n1,\"" + cell + "\n\"\n2,x\n");
  ASSERT_EQ(table.rows.size(), 2u);
  EXPECT_GT(table.rows[0].size(), cell.size());
}

TEST_F(CsvReaderTest, Compressed) {
  std::string text = "a,b\n";
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",\"some text\"\n";
  for (auto [name, how] :
       {std::pair{"a.csv.gz", Compression::kGzip}, std::pair{"a.csv.zst", Compression::kZstd}}) {
    std::string bytes = packed_text(text, how);
    auto table = read(bytes, name);
    ASSERT_FALSE(table.failed) << table.error.text();
    EXPECT_EQ(table.rows.size(), 200'000u);
    // Several streams behind each other are one text.
    table = read(bytes + packed_text("7,x\n", how), name);
    EXPECT_EQ(table.rows.size(), 200'001u) << name;
    // Cut off: what is there is read, then it is an error and no end.
    table = read(bytes.substr(0, bytes.size() / 2), name);
    EXPECT_TRUE(table.failed);
    EXPECT_GT(table.rows.size(), 1000u);
    EXPECT_THAT(table.error.text(), HasSubstr("ends inside its compressed data"));
    // Not compressed at all.
    EXPECT_TRUE(read(text, name).failed);
  }
  // Zeros behind a gzip stream are padding.
  EXPECT_FALSE(read(packed_text("a\n1\n", Compression::kGzip) + std::string(100, '\0'), "b.csv.gz").failed);
}

TEST_F(CsvReaderTest, GoingOnFromAPlaceGivesTheSameRows) {
  std::string text = "a,b\n";
  for (int i = 0; i < 3500; ++i) text += (i % 700 == 650 ? "bad\n" : std::to_string(i) + ",\"x\ny\"\n");
  for (const std::string name : {"a.csv", "a.csv.gz"}) {
    auto whole = read(name == "a.csv" ? text : packed_text(text, Compression::kGzip), name);
    ASSERT_EQ(whole.positions.size(), 4u);
    for (SourcePosition from : whole.positions) {
      for (bool by_number : {false, true}) {
        if (by_number) from.byte_offset = -1;
        auto rest = read_table(spec_, from);
        ASSERT_FALSE(rest.failed) << rest.error.text();
        ASSERT_EQ(rest.rows.size() + rest.unreadable.size(), static_cast<std::size_t>(3500 - from.row));
        EXPECT_EQ(rest.rows.back(), whole.rows.back());
        EXPECT_EQ(rest.numbers.front(), from.row == 0 ? 0 : from.row);
        EXPECT_EQ(rest.unreadable.back().line, whole.unreadable.back().line);
      }
    }
  }
}

// Whatever bytes a file has: every record is a row or unreadable, and from any place on the same ones come.
TEST_F(CsvReaderTest, AnyBytesFromAnyPlace) {
  std::mt19937 random(3);
  const std::string alphabet = "ab1,,,\"\n\n\r\xC3\xA9";
  spec_.header = false;
  spec_.column_names = {"a", "b"};
  spec_.batch_size = 7;
  spec_.infer_rows = 5;
  for (int round = 0; round < 60; ++round) {
    spec_.line_bytes_max = round % 2 == 0 ? 20 : 1000;
    std::string text;
    for (unsigned i = 0; i < 300; ++i) text += alphabet[random() % alphabet.size()];
    auto whole = read(text);
    ASSERT_FALSE(whole.failed) << whole.error.text();
    auto total = static_cast<std::int64_t>(whole.rows.size() + whole.unreadable.size());
    for (SourcePosition from : whole.positions) {
      auto rest = read_table(spec_, from);
      ASSERT_EQ(static_cast<std::int64_t>(rest.rows.size() + rest.unreadable.size()), total - from.row)
          << text;
      for (std::size_t i = 1; i <= rest.rows.size(); ++i) {
        ASSERT_EQ(rest.rows[rest.rows.size() - i], whole.rows[whole.rows.size() - i]) << text;
      }
      for (std::size_t i = 1; i <= rest.unreadable.size(); ++i) {
        const UnreadableRow& a = rest.unreadable[rest.unreadable.size() - i];
        const UnreadableRow& b = whole.unreadable[whole.unreadable.size() - i];
        ASSERT_EQ(a.row, b.row) << text;
        ASSERT_EQ(a.line, b.line) << text;
        ASSERT_EQ(a.excerpt, b.excerpt) << text;
      }
    }
  }
}

TEST_F(CsvReaderTest, RowsMaxEndsTheTable) {
  spec_.rows_max = 1500;
  std::string text = "a\n";
  for (int i = 0; i < 5000; ++i) text += "1\n";
  auto table = read(text);
  EXPECT_EQ(table.rows.size(), 1500u);
  EXPECT_EQ(table.info.rows, 1500);
}

}  // namespace
}  // namespace rowcall::files
