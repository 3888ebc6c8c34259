// SPDX-License-Identifier: Apache-2.0
#include "settings/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::vector<std::pair<std::string, std::string>> read(std::string_view text) {
  auto lines = parse_dotenv(text, ".env");
  EXPECT_TRUE(lines) << (lines ? "" : lines.error().text());
  std::vector<std::pair<std::string, std::string>> out;
  if (!lines) return out;
  for (const EnvLine& line : *lines) out.emplace_back(line.name, line.value);
  return out;
}

TEST(Dotenv, PlainLines) {
  EXPECT_THAT(read("A=1\nB = two words \n\n# comment\n  # another\nC=\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "")));
  EXPECT_THAT(read(""), IsEmpty());
  EXPECT_THAT(read("A=1"), ElementsAre(Pair("A", "1")));
  EXPECT_THAT(read("\xEF\xBB\xBF"
                   "A=1\r\nB=2\r\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "2")));
}

TEST(Dotenv, ExportPrefix) {
  EXPECT_THAT(read("export A=1\n  export\tB=2\nexported=3\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "2"), Pair("exported", "3")));
}

TEST(Dotenv, CommentsBehindValues) {
  EXPECT_THAT(
      read("A=1 # one\nB=a#b\nC=\"x # y\" # z\nD='#'\nE=# nothing\n"),
      ElementsAre(Pair("A", "1"), Pair("B", "a#b"), Pair("C", "x # y"), Pair("D", "#"), Pair("E", "")));
}

TEST(Dotenv, Quotes) {
  EXPECT_THAT(
      read(R"(A=" padded "
B='$HOME \n "x"'
C="line\nbreak\t\"q\" back\\slash \d $HOME"
D=it's
E=""
)"),
      ElementsAre(Pair("A", " padded "), Pair("B", "$HOME \\n \"x\""),
                  Pair("C", "line\nbreak\t\"q\" back\\slash \\d $HOME"), Pair("D", "it's"), Pair("E", "")));
}

TEST(Dotenv, EqualsInsideAValue) {
  EXPECT_THAT(read("A=b=c==\n"), ElementsAre(Pair("A", "b=c==")));
}

TEST(Dotenv, TheLastValueOfANameCounts) {
  auto lines = parse_dotenv("A=1\nB=2\nA=3\n", ".env");
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 2);
  EXPECT_EQ(lines->at(0).name, "B");
  EXPECT_EQ(lines->at(1).value, "3");
  EXPECT_EQ(lines->at(1).line, 3);
}

TEST(Dotenv, LinesThatCannotBeRead) {
  for (const char* text : {"A", "=1", "1A=1", "A-B=1", "A B=1", "A=\"x", "A='x", "A=\"x\"y", "A=\"x\"#y",
                           "A=\"x\\\"", "A=\xff", "export =1"}) {
    auto lines = parse_dotenv(std::string("# first\n") + text + "\nZ=1\n", "the.env");
    ASSERT_FALSE(lines) << text;
    EXPECT_EQ(lines.error().place, "the.env line 2");
    EXPECT_FALSE(lines.error().expected.empty());
  }
  EXPECT_FALSE(parse_dotenv(std::string_view("A=b\0c", 5), ".env"));
}

}  // namespace
}  // namespace rowcall::settings
