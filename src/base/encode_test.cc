// SPDX-License-Identifier: Apache-2.0
#include "base/encode.h"

#include <gtest/gtest.h>

namespace rowcall {
namespace {

std::string percent(std::string_view text) {
  std::string out;
  append_percent(out, text);
  return out;
}

std::string base64(std::string_view text) {
  std::string out;
  append_base64(out, text);
  return out;
}

TEST(Encode, PercentKeepsOnlyUnreservedBytes) {
  EXPECT_EQ(percent("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent("a b/c?d=e&f%"), "a%20b%2Fc%3Fd%3De%26f%25");
  EXPECT_EQ(percent("Zürich"), "Z%C3%BCrich");
}

TEST(Encode, PercentDecodes) {
  EXPECT_EQ(percent_decoded("Z%C3%bcrich"), "Zürich");
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%zz%2"), "%zz%2");
}

// The vectors of RFC 4648, section 10.
TEST(Encode, Base64) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
}

}  // namespace
}  // namespace rowcall
