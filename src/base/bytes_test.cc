// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>

#include <vector>

namespace rowcall {
namespace {

TEST(Bytes, NumbersComeBack) {
  for (int bit = 0; bit < 64; ++bit) {
    for (int off : {-1, 0, 1}) {
      auto value = (std::uint64_t{1} << bit) + static_cast<std::uint64_t>(off);
      std::string text;
      append_varint(text, value);
      append_signed(text, static_cast<std::int64_t>(value));
      append_fixed64(text, value);
      std::string_view rest = text;
      EXPECT_EQ(take_varint(rest), value);
      EXPECT_EQ(take_signed(rest), static_cast<std::int64_t>(value));
      EXPECT_EQ(take_fixed64(rest), value);
      EXPECT_TRUE(rest.empty());
    }
  }
  std::string small;
  append_signed(small, -3);
  EXPECT_EQ(small.size(), 1u);
}

TEST(Bytes, TextsComeBack) {
  std::string text;
  for (std::string_view part : {std::string_view(""), std::string_view("a\0b", 3)}) append_sized(text, part);
  std::string_view rest = text;
  EXPECT_EQ(take_sized(rest), "");
  EXPECT_EQ(take_sized(rest), std::string_view("a\0b", 3));
  EXPECT_TRUE(rest.empty());
}

TEST(Bytes, WhatIsCutOffIsNotRead) {
  std::string text;
  append_sized(text, std::string(300, 'x'));
  for (std::size_t length = 0; length < text.size(); ++length) {
    std::string_view rest = std::string_view(text).substr(0, length);
    EXPECT_FALSE(take_sized(rest)) << length;
    EXPECT_EQ(rest.size(), length) << "nothing is taken";
  }
  std::string_view short_one = "1234567";
  EXPECT_FALSE(take_fixed64(short_one));
  std::string endless(11, '\xff');
  std::string_view rest = endless;
  EXPECT_FALSE(take_varint(rest));
  EXPECT_FALSE(take_signed(rest));
}

}  // namespace
}  // namespace rowcall
