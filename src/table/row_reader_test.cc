// SPDX-License-Identifier: Apache-2.0
// Cells of every kind as JSON and as text, from arrays built by hand.
#include "table/row_reader.h"

#include <gtest/gtest.h>
#include <nanoarrow/nanoarrow.h>

#include <functional>

#include "table/nanoarrow_check.h"

namespace rowcall::table {
namespace {

struct Cells {
  std::vector<std::string> json;
  std::vector<std::string> text;
};

// A table of one column: `type` fills in the column's schema, `fill` its values.
Cells cells(const std::function<void(ArrowSchema*)>& type, const std::function<void(ArrowArray*)>& fill) {
  OwnedSchema schema;
  ArrowSchemaInit(schema.fill());
  ROWCALL_NA(ArrowSchemaSetTypeStruct(schema.get(), 1));
  type(schema->children[0]);
  ROWCALL_NA(ArrowSchemaSetName(schema->children[0], "c"));
  OwnedArray table;
  ROWCALL_NA(ArrowArrayInitFromSchema(table.fill(), schema.get(), nullptr));
  ROWCALL_NA(ArrowArrayStartAppending(table.get()));
  fill(table->children[0]);
  table->length = table->children[0]->length;
  ArrowError error;
  EXPECT_EQ(ArrowArrayFinishBuildingDefault(table.get(), &error), NANOARROW_OK) << error.message;
  Cells out;
  auto reader = RowReader::make(*schema.get());
  EXPECT_TRUE(reader) << reader.error().text();
  EXPECT_TRUE(reader->look_at(*table.get()));
  for (std::int64_t row = 0; row < reader->rows(); ++row) {
    reader->append_json(out.json.emplace_back(), 0, row);
    reader->append_text(out.text.emplace_back(), 0, row);
  }
  return out;
}

std::function<void(ArrowSchema*)> plain(ArrowType type) {
  return [type](ArrowSchema* schema) { ROWCALL_NA(ArrowSchemaSetType(schema, type)); };
}
std::function<void(ArrowSchema*)> timed(ArrowType type, ArrowTimeUnit unit, const char* zone = nullptr) {
  return [=](ArrowSchema* schema) { ROWCALL_NA(ArrowSchemaSetTypeDateTime(schema, type, unit, zone)); };
}
std::function<void(ArrowArray*)> ints(std::vector<std::int64_t> values) {
  return [=](ArrowArray* array) {
    for (std::int64_t v : values) ROWCALL_NA(ArrowArrayAppendInt(array, v));
    ROWCALL_NA(ArrowArrayAppendNull(array, 1));
  };
}
std::function<void(ArrowArray*)> texts(std::vector<std::string> values) {
  return [=](ArrowArray* array) {
    for (const std::string& v : values) {
      ArrowBufferView bytes{{v.data()}, static_cast<std::int64_t>(v.size())};
      ROWCALL_NA(ArrowArrayAppendBytes(array, bytes));
    }
    ROWCALL_NA(ArrowArrayAppendNull(array, 1));
  };
}
using Strings = std::vector<std::string>;

TEST(RowReader, IntegersAreExact) {
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_INT64), ints({INT64_MIN, INT64_MAX})).json,
            (Strings{"-9223372036854775808", "9223372036854775807", "null"}));
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_INT8), ints({-128, 127})).json, (Strings{"-128", "127", "null"}));
  auto largest = [](ArrowArray* array) { ROWCALL_NA(ArrowArrayAppendUInt(array, UINT64_MAX)); };
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_UINT64), largest).json, (Strings{"18446744073709551615"}));
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_BOOL), ints({1, 0})).json, (Strings{"true", "false", "null"}));
}

TEST(RowReader, FloatsAreAsShortAsTheirType) {
  auto tenth = [](ArrowArray* array) { ROWCALL_NA(ArrowArrayAppendDouble(array, 0.1)); };
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_DOUBLE), tenth).json, (Strings{"0.1"}));
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_FLOAT), tenth).json, (Strings{"0.1"}));
}

TEST(RowReader, TextOfEveryLayout) {
  Strings values = {"a \"b\"", "", "a text longer than twelve bytes, Zürich"};
  Strings expected = {"\"a \\\"b\\\"\"", "\"\"", "\"a text longer than twelve bytes, Zürich\"", "null"};
  for (ArrowType type : {NANOARROW_TYPE_STRING, NANOARROW_TYPE_LARGE_STRING, NANOARROW_TYPE_STRING_VIEW}) {
    Cells found = cells(plain(type), texts(values));
    EXPECT_EQ(found.json, expected) << ArrowTypeString(type);
    EXPECT_EQ(found.text, (Strings{values[0], values[1], values[2], ""}));
  }
  for (ArrowType type : {NANOARROW_TYPE_BINARY, NANOARROW_TYPE_LARGE_BINARY, NANOARROW_TYPE_BINARY_VIEW}) {
    EXPECT_EQ(cells(plain(type), texts({"\xff\xfe"})).json, (Strings{"\"//4=\"", "null"}))
        << ArrowTypeString(type);
  }
}

TEST(RowReader, Times) {
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_DATE32), ints({11016})).json, (Strings{"\"2000-02-29\"", "null"}));
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_DATE64), ints({-86'400'000})).json,
            (Strings{"\"1969-12-31\"", "null"}));
  EXPECT_EQ(cells(timed(NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MILLI), ints({1})).json,
            (Strings{"\"1970-01-01T00:00:00.001\"", "null"}));
  EXPECT_EQ(cells(timed(NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_NANO, "Europe/Berlin"), ints({0})).text,
            (Strings{"1970-01-01T00:00:00Z", ""}));
  EXPECT_EQ(cells(timed(NANOARROW_TYPE_TIME32, NANOARROW_TIME_UNIT_SECOND), ints({86'399})).json,
            (Strings{"\"23:59:59\"", "null"}));
  EXPECT_EQ(cells(timed(NANOARROW_TYPE_DURATION, NANOARROW_TIME_UNIT_MICRO), ints({1'500'000})).json,
            (Strings{"\"PT1.500S\"", "null"}));
  auto interval = [](ArrowArray* array) {
    ArrowInterval value;
    ArrowIntervalInit(&value, NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO);
    value.months = 14;
    value.days = 3;
    value.ns = -1'500'000'000;
    ROWCALL_NA(ArrowArrayAppendInterval(array, &value));
  };
  EXPECT_EQ(cells(plain(NANOARROW_TYPE_INTERVAL_MONTH_DAY_NANO), interval).json,
            (Strings{"\"P14M3DT-1.500S\""}));
}

TEST(RowReader, DecimalsKeepTheirDigits) {
  auto type = [](ArrowSchema* schema) {
    ROWCALL_NA(ArrowSchemaSetTypeDecimal(schema, NANOARROW_TYPE_DECIMAL128, 38, 4));
  };
  auto fill = [](ArrowArray* array) {
    ArrowDecimal decimal;
    ArrowDecimalInit(&decimal, 128, 38, 4);
    ROWCALL_NA(ArrowDecimalSetDigits(&decimal, ArrowCharView("-12345678901234567890123456789012345678")));
    ROWCALL_NA(ArrowArrayAppendDecimal(array, &decimal));
    ArrowDecimalSetInt(&decimal, 5);
    ROWCALL_NA(ArrowArrayAppendDecimal(array, &decimal));
  };
  EXPECT_EQ(cells(type, fill).json, (Strings{"-1234567890123456789012345678901234.5678", "0.0005"}));
}

TEST(RowReader, ListsNest) {
  auto type = [](ArrowSchema* schema) {
    ROWCALL_NA(ArrowSchemaSetType(schema, NANOARROW_TYPE_LIST));
    ROWCALL_NA(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_INT32));
  };
  auto fill = [](ArrowArray* array) {
    ROWCALL_NA(ArrowArrayAppendInt(array->children[0], 1));
    ROWCALL_NA(ArrowArrayAppendNull(array->children[0], 1));
    ROWCALL_NA(ArrowArrayFinishElement(array));
    ROWCALL_NA(ArrowArrayFinishElement(array));
    ROWCALL_NA(ArrowArrayAppendNull(array, 1));
  };
  EXPECT_EQ(cells(type, fill).json, (Strings{"[1,null]", "[]", "null"}));
}

TEST(RowReader, StructsAndMapsAreObjects) {
  auto structure = [](ArrowSchema* schema) {
    ROWCALL_NA(ArrowSchemaSetTypeStruct(schema, 2));
    ROWCALL_NA(ArrowSchemaSetType(schema->children[0], NANOARROW_TYPE_INT32));
    ROWCALL_NA(ArrowSchemaSetName(schema->children[0], "a"));
    ROWCALL_NA(ArrowSchemaSetType(schema->children[1], NANOARROW_TYPE_STRING));
    ROWCALL_NA(ArrowSchemaSetName(schema->children[1], "b \"x\""));
  };
  auto one = [](ArrowArray* array) {
    ROWCALL_NA(ArrowArrayAppendInt(array->children[0], 7));
    ROWCALL_NA(ArrowArrayAppendString(array->children[1], ArrowCharView("z")));
    ROWCALL_NA(ArrowArrayFinishElement(array));
    ROWCALL_NA(ArrowArrayAppendNull(array, 1));
  };
  EXPECT_EQ(cells(structure, one).json, (Strings{R"({"a":7,"b \"x\"":"z"})", "null"}));

  auto map = [](ArrowSchema* schema) {
    ROWCALL_NA(ArrowSchemaSetType(schema, NANOARROW_TYPE_MAP));
    ROWCALL_NA(ArrowSchemaSetType(schema->children[0]->children[0], NANOARROW_TYPE_INT32));
    ROWCALL_NA(ArrowSchemaSetType(schema->children[0]->children[1], NANOARROW_TYPE_BOOL));
  };
  auto entry = [](ArrowArray* array) {
    ROWCALL_NA(ArrowArrayAppendInt(array->children[0]->children[0], 5));
    ROWCALL_NA(ArrowArrayAppendInt(array->children[0]->children[1], 1));
    ROWCALL_NA(ArrowArrayFinishElement(array->children[0]));
    ROWCALL_NA(ArrowArrayFinishElement(array));
  };
  EXPECT_EQ(cells(map, entry).json, (Strings{R"({"5":true})"}));
}

TEST(RowReader, FindsColumnsByName) {
  OwnedSchema schema;
  ArrowSchemaInit(schema.fill());
  ROWCALL_NA(ArrowSchemaSetTypeStruct(schema.get(), 2));
  for (int i = 0; i < 2; ++i) {
    ROWCALL_NA(ArrowSchemaSetType(schema->children[i], NANOARROW_TYPE_STRING));
    ROWCALL_NA(ArrowSchemaSetName(schema->children[i], i == 0 ? "first" : "second"));
  }
  auto reader = RowReader::make(*schema.get());
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->find("second"), 1);
  EXPECT_EQ(reader->find("third"), -1);
}

}  // namespace
}  // namespace rowcall::table
