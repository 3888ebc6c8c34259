// SPDX-License-Identifier: Apache-2.0
#include "files/name_pattern.h"

#include <gtest/gtest.h>

#include <limits>

namespace rowcall::files {
namespace {

TEST(NamePattern, StarsStayInsideOneFolder) {
  EXPECT_TRUE(matches_pattern("in/*.csv", "in/a.csv"));
  EXPECT_FALSE(matches_pattern("in/*.csv", "in/sub/a.csv"));
  EXPECT_FALSE(matches_pattern("in/*.csv", "in/a.csv.gz"));
  EXPECT_TRUE(matches_pattern("in/*/a.csv", "in/sub/a.csv"));
  EXPECT_TRUE(matches_pattern("/data/2024-??.csv", "/data/2024-07.csv"));
  EXPECT_FALSE(matches_pattern("/data/2024-??.csv", "data/2024-07.csv"));
}

TEST(NamePattern, SetsOfCharacters) {
  EXPECT_TRUE(matches_pattern("part-[0-3].csv", "part-2.csv"));
  EXPECT_FALSE(matches_pattern("part-[0-3].csv", "part-4.csv"));
  EXPECT_TRUE(matches_pattern("part-[!0-3].csv", "part-4.csv"));
}

TEST(NamePattern, TwoStarsStandForAnyFolders) {
  EXPECT_TRUE(matches_pattern("in/**/*.csv", "in/a.csv"));
  EXPECT_TRUE(matches_pattern("in/**/*.csv", "in/x/y/a.csv"));
  EXPECT_FALSE(matches_pattern("in/**/*.csv", "out/x/a.csv"));
  EXPECT_FALSE(matches_pattern("in/**/*.csv", "in/_temporary/a.csv"));
}

TEST(NamePattern, HiddenNamesMustBeNamed) {
  EXPECT_FALSE(matches_pattern("in/*", "in/_SUCCESS"));
  EXPECT_FALSE(matches_pattern("in/*", "in/.a.csv.crc"));
  EXPECT_TRUE(matches_pattern("in/_*", "in/_mine.csv"));
  EXPECT_TRUE(is_hidden("a.csv.part"));
  EXPECT_FALSE(is_hidden("part-0.csv"));
}

TEST(NamePattern, WhereToLook) {
  EXPECT_EQ(folder_of_pattern("in/2024/*.csv"), "in/2024");
  EXPECT_EQ(folder_of_pattern("*.csv"), "");
  EXPECT_EQ(folder_of_pattern("/*.csv"), "/");
  EXPECT_EQ(depth_of_pattern("in/*.csv"), 0);
  EXPECT_EQ(depth_of_pattern("in/*/a/*.csv"), 2);
  EXPECT_EQ(depth_of_pattern("in/**/a.csv"), std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace rowcall::files
