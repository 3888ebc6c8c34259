// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace rowcall {
namespace {

TEST(Utf8, Validates) {
  EXPECT_TRUE(is_utf8("Zürich \xF0\x9F\x8F\x99"));
  EXPECT_FALSE(is_utf8("caf\xE9"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));      // over-long
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));  // half a surrogate pair
}

TEST(Utf8, ExcerptShowsBrokenBytesAndCutsAtCharacters) {
  EXPECT_EQ(excerpt("caf\xE9!", 100), "caf\xEF\xBF\xBD!");
  EXPECT_EQ(excerpt("Zürich", 2), "Z...");  // the umlaut needs two bytes
  EXPECT_EQ(excerpt("Zürich", 3), "Zü...");
  EXPECT_EQ(excerpt("\xF0\x9F\x8F", 100), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_TRUE(is_utf8(excerpt("\xFF\xFE\x80\xC3", 100)));
}

}  // namespace
}  // namespace rowcall
