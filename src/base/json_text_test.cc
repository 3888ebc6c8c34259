// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace rowcall::json {
namespace {

TEST(JsonText, EscapesWhatMustBeEscaped) {
  std::string out;
  append_string(out, std::string_view("a\"b\\c\n\t\x01\x1f/\0z", 12));
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f/\\u0000z\"");
}

TEST(JsonText, PassesUtf8Through) {
  std::string out;
  append_string(out, "Zürich 東京");
  EXPECT_EQ(out, "\"Zürich 東京\"");
}

TEST(JsonText, NumbersReadBackExactly) {
  std::string out;
  append_int(out, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(out, "-9223372036854775808");
  out.clear();
  append_uint(out, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(out, "18446744073709551615");
  for (double d : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22}) {
    out.clear();
    append_double(out, d);
    EXPECT_EQ(std::strtod(out.c_str(), nullptr), d) << out;
  }
  out.clear();
  append_float(out, 0.1f);
  EXPECT_EQ(out, "0.1");
}

TEST(JsonText, WhatJsonCannotSayIsNull) {
  std::string out;
  append_double(out, std::numeric_limits<double>::quiet_NaN());
  append_double(out, std::numeric_limits<double>::infinity());
  EXPECT_EQ(out, "nullnull");
}

TEST(JsonText, ObjectsAndArraysPlaceTheirCommas) {
  std::string out;
  {
    Object object(out);
    object.text("a", "x");
    object.number("b", 2);
    Array array(object.key("c"));
    append_int(array.item(), 1);
    append_int(array.item(), 2);
  }
  EXPECT_EQ(out, R"({"a":"x","b":2,"c":[1,2]})");
}

}  // namespace
}  // namespace rowcall::json
