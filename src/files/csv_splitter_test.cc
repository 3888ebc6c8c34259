// SPDX-License-Identifier: Apache-2.0
#include "files/csv_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rowcall::files {
namespace {

using testing::ElementsAre;

std::vector<std::string> cells(const CsvRecord& record) {
  std::vector<std::string> texts;
  std::string scratch;
  for (const CsvCell& cell : record.cells) texts.emplace_back(unquoted(cell, '"', scratch));
  return texts;
}

TEST(CsvSplitter, RecordsOfAllKinds) {
  CsvSplitter splitter(',', '"');
  CsvRecord record;
  EXPECT_EQ(splitter.split("a,\"b,\"\"c\"\"\nd\",\r\nrest", true, record), CsvSplit::kRecord);
  EXPECT_THAT(cells(record), ElementsAre("a", "b,\"c\"\nd", ""));
  EXPECT_EQ(record.bytes, 16u);
  EXPECT_EQ(record.lines, 2);
  EXPECT_FALSE(record.cells[0].quoted);
  EXPECT_TRUE(record.cells[1].quoted);
  EXPECT_EQ(splitter.split("\r\nx", true, record), CsvSplit::kBlank);
  EXPECT_EQ(record.bytes, 2u);
  EXPECT_EQ(splitter.split("\"\"\n", true, record), CsvSplit::kRecord);
  EXPECT_EQ(splitter.split("last", true, record), CsvSplit::kRecord);
  EXPECT_EQ(splitter.split("last", false, record), CsvSplit::kMore);
  EXPECT_EQ(splitter.split("\"open", true, record), CsvSplit::kOpenQuote);
  EXPECT_EQ(splitter.split("\"open", false, record), CsvSplit::kMore);
  EXPECT_EQ(splitter.split("\"a\"b\n", true, record), CsvSplit::kStrayQuote);
}

// Whatever part of a text is there, the splitter says the same of it as of the whole, or asks for more.
TEST(CsvSplitter, ACutTextGivesTheSameRecordOrAsksForMore) {
  std::mt19937 random(7);
  const std::string alphabet = "ab,,\"\"\n\r1";
  CsvSplitter splitter(',', '"');
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (unsigned i = 0; i < 40; ++i) text += alphabet[random() % alphabet.size()];
    CsvRecord whole;
    CsvSplit split = splitter.split(text, true, whole);
    for (std::size_t cut = 0; cut < text.size(); ++cut) {
      CsvRecord part;
      CsvSplit got = splitter.split(std::string_view(text).substr(0, cut), false, part);
      if (got == CsvSplit::kMore) continue;
      ASSERT_EQ(got, split) << text << " cut at " << cut;
      ASSERT_EQ(part.bytes, whole.bytes) << text << " cut at " << cut;
      if (split == CsvSplit::kRecord) {
        ASSERT_EQ(cells(part), cells(whole));
        ASSERT_EQ(part.lines, whole.lines);
      }
    }
  }
}

TEST(CsvSplitter, NothingIsLostBetweenRecords) {
  std::mt19937 random(11);
  const std::string alphabet = "ab,,\"\n\r1";
  CsvSplitter splitter(',', '"');
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (unsigned i = 0; i < 60; ++i) text += alphabet[random() % alphabet.size()];
    std::string_view rest = text;
    while (!rest.empty()) {
      CsvRecord record;
      CsvSplit split = splitter.split(rest, true, record);
      bool good = split == CsvSplit::kRecord || split == CsvSplit::kBlank;
      std::size_t bytes = good ? record.bytes : line_bytes(rest);
      ASSERT_GT(bytes, 0u);
      ASSERT_LE(bytes, rest.size());
      // A record ends with a line's end, or with the text.
      char last = rest[bytes - 1];
      ASSERT_TRUE(bytes == rest.size() || last == '\n' || last == '\r') << text;
      rest.remove_prefix(bytes);
    }
  }
}

}  // namespace
}  // namespace rowcall::files
