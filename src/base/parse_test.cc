// SPDX-License-Identifier: Apache-2.0
#include "base/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rowcall {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Parse, Durations) {
  EXPECT_EQ(parse_duration("250ms"), Duration(250ms));
  EXPECT_EQ(parse_duration("10s"), Duration(10s));
  EXPECT_EQ(parse_duration("10"), Duration(10s));
  EXPECT_EQ(parse_duration("1.5h"), Duration(90min));
  EXPECT_EQ(parse_duration("5m"), Duration(5min));
  EXPECT_EQ(parse_duration("5 min"), Duration(5min));
  EXPECT_EQ(parse_duration("2d"), Duration(48h));
  EXPECT_EQ(parse_duration("100us"), Duration(100us));
}

TEST(Parse, WhatIsNoDuration) {
  for (const char* text : {"", "ten", "-1s", "5 parsecs", "nan", "1e300d", "s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Parse, Bytes) {
  EXPECT_EQ(parse_bytes("8MB"), 8 << 20);
  EXPECT_EQ(parse_bytes("64KiB"), 65536);
  EXPECT_EQ(parse_bytes("4096"), 4096);
  EXPECT_EQ(parse_bytes("1.5G"), 1610612736);
  EXPECT_EQ(parse_bytes("8 apples"), std::nullopt);
}

TEST(Parse, TextsReadBack) {
  for (Duration d :
       {Duration(0), Duration(1ns), Duration(1500ms), Duration(10s), Duration(90min), Duration(48h)}) {
    EXPECT_EQ(parse_duration(duration_text(d)), d) << duration_text(d);
  }
  for (std::int64_t n : {0L, 1L, 4097L, 65536L, 8L << 20, 3L << 30}) {
    EXPECT_EQ(parse_bytes(bytes_text(n)), n) << bytes_text(n);
  }
}

TEST(Parse, Numbers) {
  EXPECT_EQ(parse_int(" 42 "), 42);
  EXPECT_EQ(parse_int("42x"), std::nullopt);
  EXPECT_EQ(parse_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_double("0.25"), 0.25);
  EXPECT_EQ(parse_double("inf"), std::nullopt);
}

TEST(Parse, WordsForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(-1234567), "-1,234,567");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(duration_words(800ms), "0.8 s");
  EXPECT_EQ(duration_words(200s), "3 min 20 s");
  EXPECT_EQ(duration_words(7500s), "2 h 05 min");
  EXPECT_EQ(bytes_words(1'400'000'000), "1.40 GB");
}

TEST(Parse, Split) {
  EXPECT_THAT(split("a, b ,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split("a,,c", ','), ElementsAre("a", "", "c"));
  EXPECT_THAT(split("  ", ','), IsEmpty());
  EXPECT_TRUE(equal_ignoring_case("Retry-After", "retry-AFTER"));
}

}  // namespace
}  // namespace rowcall
