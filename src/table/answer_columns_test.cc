// SPDX-License-Identifier: Apache-2.0
#include "table/answer_columns.h"

#include <gtest/gtest.h>

#include "table/row_reader.h"
#include "table/slice.h"

namespace rowcall::table {
namespace {

const std::vector<Column> kColumns = {
    {"text", {TypeId::kString, 0, 0}},    {"flag", {TypeId::kBool, 0, 0}},
    {"small", {TypeId::kInt8, 0, 0}},     {"whole", {TypeId::kInt64, 0, 0}},
    {"huge", {TypeId::kUint64, 0, 0}},    {"real", {TypeId::kDouble, 0, 0}},
    {"day", {TypeId::kDate, 0, 0}},       {"at", {TypeId::kTimestamp, 0, 0}},
    {"money", {TypeId::kDecimal, 10, 2}}, {"raw", {TypeId::kJson, 0, 0}}};

std::string json(const RowReader& reader, std::int64_t row) {
  std::string out;
  for (int c = 0; c < reader.columns(); ++c) {
    if (c != 0) out += ' ';
    reader.append_json(out, c, row);
  }
  return out;
}

class AnswerColumnsTest : public testing::Test {
 protected:
  OwnedSchema schema() {
    ArrowSchema empty{};
    return extended(empty, kColumns);
  }
};

TEST_F(AnswerColumnsTest, ValuesComeOutWhateverTheOrderTheyCameInBy) {
  AnswerColumns columns(&kColumns, 3);
  ASSERT_TRUE(columns.set_text(0, 2, "late \"quoted\""));
  ASSERT_TRUE(columns.set_text(0, 0, "early"));
  columns.set_int(1, 0, 1);
  columns.set_int(2, 0, -128);
  columns.set_int(3, 0, INT64_MIN);
  columns.set_int(4, 0, static_cast<std::int64_t>(UINT64_MAX));
  columns.set_double(5, 0, 0.1);
  columns.set_int(6, 0, 11016);
  columns.set_int(7, 0, 1'500'000);
  columns.set_decimal(8, 0, *parse_decimal("-12.5", 10, 2));
  ASSERT_TRUE(columns.set_text(9, 0, R"({"a":[1]})"));
  OwnedArray array = columns.finish();
  OwnedSchema form = schema();
  auto reader = RowReader::make(*form.get());
  ASSERT_TRUE(reader) << reader.error().text();
  ASSERT_TRUE(reader->look_at(*array.get()));
  EXPECT_EQ(json(*reader, 0),
            "\"early\" true -128 -9223372036854775808 18446744073709551615 0.1 \"2000-02-29\" "
            "\"1970-01-01T00:00:01.500Z\" -12.50 {\"a\":[1]}");
  EXPECT_EQ(json(*reader, 1), "null null null null null null null null null null");
  EXPECT_EQ(json(*reader, 2), "\"late \\\"quoted\\\"\" null null null null null null null null null");
}

TEST_F(AnswerColumnsTest, AClearedRowIsNullAgain) {
  AnswerColumns columns(&kColumns, 2);
  ASSERT_TRUE(columns.set_text(0, 1, "gone"));
  columns.set_int(3, 1, 5);
  columns.clear_row(1);
  OwnedArray array = columns.finish();
  OwnedSchema form = schema();
  auto reader = RowReader::make(*form.get());
  ASSERT_TRUE(reader->look_at(*array.get()));
  EXPECT_TRUE(reader->is_null(0, 1));
  EXPECT_TRUE(reader->is_null(3, 1));
}

TEST_F(AnswerColumnsTest, SlicesKeepTheirTablesAlive) {
  OwnedArray slice;
  {
    AnswerColumns columns(&kColumns, 5);
    for (std::int64_t row = 0; row < 5; ++row) {
      ASSERT_TRUE(columns.set_text(0, row, "row " + std::to_string(row)));
      columns.set_int(3, row, row);
    }
    auto shared = share(columns.finish());
    slice = side_by_side({{shared, 3}}, 2);
  }
  OwnedSchema form = schema();
  auto reader = RowReader::make(*form.get());
  ASSERT_TRUE(reader->look_at(*slice.get())) << "a slice is a valid array";
  EXPECT_EQ(reader->rows(), 2);
  EXPECT_EQ(json(*reader, 0).substr(0, 7), "\"row 3\"");
  std::string text;
  reader->append_text(text, 3, 1);
  EXPECT_EQ(text, "4");
  EXPECT_GT(reader->bytes(), 2 * 8);
  EXPECT_LT(reader->bytes(), 400) << "only what the two rows reach is counted";
}

TEST_F(AnswerColumnsTest, AColumnMayBeMovedOutOfASlice) {
  AnswerColumns columns(&kColumns, 2);
  ASSERT_TRUE(columns.set_text(0, 0, "kept"));
  OwnedArray slice = side_by_side({{share(columns.finish()), 0}}, 2);
  OwnedArray column(slice->children[0]);
  slice.reset();
  EXPECT_EQ(column->length, 2);
  EXPECT_EQ(std::string(static_cast<const char*>(column->buffers[2]), 4), "kept");
}

TEST_F(AnswerColumnsTest, AllNullIsAllNull) {
  OwnedSchema form = schema();
  OwnedArray none = all_null(*form.get(), 3);
  auto reader = RowReader::make(*form.get());
  ASSERT_TRUE(reader->look_at(*none.get()));
  EXPECT_EQ(json(*reader, 2), "null null null null null null null null null null");
}

// Row 0 has a value in every column, row 1 some, row 2 none.
AnswerColumns some_answers() {
  AnswerColumns columns(&kColumns, 3);
  EXPECT_TRUE(columns.set_text(0, 0, std::string_view("a\0b", 3)));
  columns.set_int(1, 0, 1);
  columns.set_int(2, 0, -128);
  columns.set_int(3, 0, INT64_MIN);
  columns.set_int(4, 0, static_cast<std::int64_t>(UINT64_MAX));
  columns.set_double(5, 0, -0.1);
  columns.set_int(6, 0, 11016);
  columns.set_int(7, 0, 1'500'000);
  columns.set_decimal(8, 0, *parse_decimal("-12.5", 10, 2));
  EXPECT_TRUE(columns.set_text(9, 0, R"({"a":[1]})"));
  EXPECT_TRUE(columns.set_text(9, 1, "null"));
  return columns;
}

TEST_F(AnswerColumnsTest, RowsComeBackFromTheirBytes) {
  AnswerColumns before = some_answers();
  AnswerColumns after(&kColumns, 3);
  for (std::int64_t row : {2, 0, 1}) {
    std::string bytes;
    before.append_row(bytes, row);
    ASSERT_TRUE(after.set_row(row, bytes)) << row;
  }
  OwnedArray expected = before.finish();
  OwnedArray got = after.finish();
  OwnedSchema form = schema();
  auto reader = RowReader::make(*form.get());
  for (std::int64_t row = 0; row < 3; ++row) {
    ASSERT_TRUE(reader->look_at(*expected.get()));
    std::string wanted = json(*reader, row);
    ASSERT_TRUE(reader->look_at(*got.get()));
    EXPECT_EQ(json(*reader, row), wanted);
  }
}

TEST_F(AnswerColumnsTest, DamagedBytesAreNoRow) {
  AnswerColumns before = some_answers();
  std::string bytes;
  before.append_row(bytes, 0);
  AnswerColumns after(&kColumns, 1);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(after.set_row(0, std::string_view(bytes).substr(0, length))) << length;
  }
  EXPECT_FALSE(after.set_row(0, bytes + "x"));
  EXPECT_TRUE(after.set_row(0, bytes));
}

}  // namespace
}  // namespace rowcall::table
