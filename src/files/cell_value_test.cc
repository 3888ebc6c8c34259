// SPDX-License-Identifier: Apache-2.0
#include "files/cell_value.h"

#include <gtest/gtest.h>

#include "files/column_guess.h"

namespace rowcall::files {
namespace {

using table::ColumnType;
using table::TypeId;

bool reads(const char* text, TypeId type, bool exact, CellValue* out = nullptr) {
  CellValue value;
  bool fits = read_cell(text, {type, 10, 2}, exact, value);
  if (out != nullptr) *out = value;
  return fits;
}

TEST(CellValue, ExactIntegersComeBackAsTheyWere) {
  for (const char* text : {"0", "-1", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_TRUE(reads(text, TypeId::kInt64, true)) << text;
  }
  for (const char* text :
       {"", "-", "-0", "+1", "00", "01", " 1", "1 ", "1.0", "1e3", "9223372036854775808", "0x1"}) {
    EXPECT_FALSE(reads(text, TypeId::kInt64, true)) << text;
  }
}

TEST(CellValue, DeclaredTypesAreReadMoreFreely) {
  CellValue value;
  EXPECT_TRUE(reads(" +007 ", TypeId::kInt64, false, &value));
  EXPECT_EQ(value.integer, 7);
  EXPECT_FALSE(reads("+-7", TypeId::kInt64, false));
  EXPECT_FALSE(reads("300", TypeId::kUint8, false));
  EXPECT_FALSE(reads("-1", TypeId::kUint64, false));
  EXPECT_TRUE(reads("18446744073709551615", TypeId::kUint64, false, &value));
  EXPECT_EQ(static_cast<std::uint64_t>(value.integer), 18446744073709551615ULL);
  EXPECT_TRUE(reads("YES", TypeId::kString, false));
  EXPECT_TRUE(reads("tRue", TypeId::kBool, false));
  EXPECT_FALSE(reads("yes", TypeId::kBool, false));
  EXPECT_FALSE(reads("nan", TypeId::kDouble, false));
  EXPECT_FALSE(reads("1e39", TypeId::kFloat, false));
  EXPECT_TRUE(reads("+1.5", TypeId::kDecimal, false));
}

TEST(CellValue, ExactDoublesKeepEveryDigit) {
  double out = 0;
  for (const char* text : {"0", "0.0", "-0.0", "1.50", "123456789012345", "0.1", "0.30000000000000004",
                           "1e-05", "1.5E+3", "1234567890.12345"}) {
    EXPECT_TRUE(exact_double(text, out)) << text;
  }
  for (const char* text : {"", ".5", "5.", "1e5", "01.5", "+1.5", "0.12345678901234567890",
                           "12345678901234567", "inf", "NaN", "1e+400", "1.2.3", "1,5", "1e+"}) {
    EXPECT_FALSE(exact_double(text, out)) << text;
  }
  EXPECT_TRUE(exact_json_double("1e5", out));
}

ColumnType guess(std::initializer_list<const char*> cells) {
  ColumnGuess guess;
  for (const char* cell : cells) guess.see(cell);
  return guess.type();
}

TEST(ColumnGuess, TypesThatFitAllCells) {
  EXPECT_EQ(guess({}).id, TypeId::kString);
  EXPECT_EQ(guess({"1", "-2"}).id, TypeId::kInt64);
  EXPECT_EQ(guess({"1", "2.5"}).id, TypeId::kDouble);
  EXPECT_EQ(guess({"1.50", "2.25"}).id, TypeId::kDouble);
  EXPECT_EQ(guess({"5.0", "2.25"}).id, TypeId::kDouble);
  EXPECT_EQ(guess({"true", "FALSE"}).id, TypeId::kBool);
  EXPECT_EQ(guess({"2024-02-29"}).id, TypeId::kDate);
  EXPECT_EQ(guess({"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.123456Z"}).id, TypeId::kTimestamp);
}

TEST(ColumnGuess, WhatWouldLoseSomethingIsText) {
  EXPECT_EQ(guess({"1", "x"}).id, TypeId::kString);
  // Once read the byte before the cell: AddressSanitizer sees that in a cell at the start of its buffer.
  EXPECT_EQ(guess({std::string("e\":\"3.00").c_str()}).id, TypeId::kString);
  EXPECT_EQ(guess({"1", "true"}).id, TypeId::kString);
  EXPECT_EQ(guess({"1", "00501"}).id, TypeId::kString);
  EXPECT_EQ(guess({"1.1", "1.10"}).id, TypeId::kString);
  EXPECT_EQ(guess({"1234567890123456789"}).id, TypeId::kString);
  EXPECT_EQ(guess({"2023-02-29"}).id, TypeId::kString);
  EXPECT_EQ(guess({"2024-02-29", "2024-02-29T00:00:00Z"}).id, TypeId::kString);
  EXPECT_EQ(guess({"2024-02-29T00:00:00+01:00"}).id, TypeId::kString);
  EXPECT_EQ(guess({"2024-02-29T00:00:00.1234567Z"}).id, TypeId::kString);
}

}  // namespace
}  // namespace rowcall::files
