// SPDX-License-Identifier: Apache-2.0
#include "telemetry/plain_text.h"

#include <gtest/gtest.h>

#include "base/utf8.h"

namespace rowcall::telemetry {
namespace {

using namespace std::chrono_literals;

TEST(PlainText, KeepsOneLineAndNoEscapeSequence) {
  EXPECT_EQ(plain("a\nb\r\n\tc"), "a\\nb\\r\\n\\tc");
  EXPECT_EQ(plain("\x1b[2Jgone\x7f"), "\\x1b[2Jgone\\x7f");
  EXPECT_EQ(plain("C1: \xC2\x9B"
                  "31m"),
            "C1: \\x9b31m");
  EXPECT_EQ(plain("Grüße, 東京"), "Grüße, 東京");
}

TEST(PlainText, BrokenBytesBecomeReplacementCharacters) {
  std::string out = plain("a\xFFz\xC3");
  EXPECT_EQ(out, "a\xEF\xBF\xBDz\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(out));
}

TEST(PlainText, CountsColumnsNotBytes) {
  EXPECT_EQ(columns_of("abc"), 3);
  EXPECT_EQ(columns_of("Grüße"), 5);
  EXPECT_EQ(columns_of("東京"), 4);
  EXPECT_EQ(columns_of("e\u0301"), 1);
  EXPECT_EQ(columns_of("━━"), 2);
}

TEST(PlainText, CutsAtACharacter) {
  EXPECT_EQ(clipped("abcdef", 6), "abcdef");
  EXPECT_EQ(clipped("abcdef", 5), "abcd~");
  EXPECT_EQ(clipped("東京都", 5), "東京~");
  EXPECT_EQ(clipped("東京都", 4), "東~");
  EXPECT_EQ(clipped("abc", 1), "~");
  EXPECT_EQ(clipped("abc", 0), "");
}

TEST(PlainText, WritesUtcWithMilliseconds) {
  EXPECT_EQ(utc_text(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(WallTime{1'772'355'900s + 42'999'999ns}), "2026-03-01T09:05:00.042Z");
}

}  // namespace
}  // namespace rowcall::telemetry
