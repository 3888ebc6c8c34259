// SPDX-License-Identifier: Apache-2.0
#include "table/column_type.h"

#include <gtest/gtest.h>

namespace rowcall::table {
namespace {

TEST(ColumnType, TextReadsBack) {
  for (const char* text :
       {"string", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float",
        "double", "date", "timestamp", "json", "decimal(10,2)", "decimal(38,38)"}) {
    auto type = ColumnType::parse(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(type->text(), text);
  }
  EXPECT_EQ(ColumnType::parse(" Decimal( 10 , 2 ) ")->text(), "decimal(10,2)");
  EXPECT_EQ(ColumnType::parse("decimal(5)")->text(), "decimal(5,0)");
}

TEST(ColumnType, RefusesTheRest) {
  for (const char* text : {"", "text", "decimal", "decimal()", "decimal(0,0)", "decimal(39,0)",
                           "decimal(5,6)", "decimal(5,-1)", "decimal(1,2,3)"}) {
    EXPECT_FALSE(ColumnType::parse(text)) << text;
  }
}

std::int64_t decimal(std::string_view text, int precision, int scale) {
  auto value = parse_decimal(text, precision, scale);
  return value ? static_cast<std::int64_t>(value->low) : -999'999;
}

TEST(ColumnType, DecimalsAreExactOrRefused) {
  EXPECT_EQ(decimal("12.5", 10, 2), 1250);
  EXPECT_EQ(decimal("-12.5", 10, 2), -1250);
  EXPECT_EQ(decimal("12.500", 10, 2), 1250);
  EXPECT_EQ(decimal("1.25e3", 10, 0), 1250);
  EXPECT_EQ(decimal("125E-2", 10, 2), 125);
  EXPECT_EQ(decimal("0", 1, 0), 0);
  EXPECT_EQ(decimal("0.000", 3, 2), 0);
  EXPECT_EQ(decimal("007", 1, 0), 7);
  for (const char* text : {"12.345", "123456789", "", "-", ".", "1e", "1.2.3", "abc", "1e99999"}) {
    EXPECT_FALSE(parse_decimal(text, 8, 2)) << text;
  }
}

TEST(ColumnType, DecimalsReach38Digits) {
  auto most = parse_decimal("99999999999999999999999999999999999999", 38, 0);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->high, 0x4b3b4ca85a86c47aULL);
  EXPECT_EQ(most->low, 0x098a223fffffffffULL);
  auto least = parse_decimal("-1", 38, 0);
  EXPECT_EQ(least->high, ~0ULL);
  EXPECT_EQ(least->low, ~0ULL);
}

}  // namespace
}  // namespace rowcall::table
