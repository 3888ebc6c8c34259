// SPDX-License-Identifier: Apache-2.0
#include "files/file_source.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <fstream>

#include "base/disk.h"
#include "files/files.h"
#include "files/source_for_tests.h"

namespace rowcall::files {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class FileSourceTest : public testing::Test {
 protected:
  ReadTable read(std::vector<std::string> paths) {
    spec_.paths = std::move(paths);
    return read_table(spec_);
  }
  // Rows {id, name, tags}; the names of `bad` rows are not UTF-8.
  std::string write_parquet(const std::string& name, int rows, std::int64_t group_rows,
                            std::vector<int> bad = {}, bool checksum = false, const char* first = "id") {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    auto tag = std::make_shared<arrow::StringBuilder>();
    arrow::ListBuilder tags(arrow::default_memory_pool(), tag);
    for (int i = 0; i < rows; ++i) {
      bool is_bad = std::ranges::find(bad, i) != bad.end();
      EXPECT_TRUE(ids.Append(i).ok() && names.Append(is_bad ? "\xFFx" : "n" + std::to_string(i)).ok());
      EXPECT_TRUE(tags.Append().ok() && tag->Append("t").ok());
    }
    auto schema = arrow::schema({arrow::field(first, arrow::int64()), arrow::field("name", arrow::utf8()),
                                 arrow::field("tags", arrow::list(arrow::utf8()))});
    auto table = arrow::Table::Make(
        schema, {ids.Finish().ValueOrDie(), names.Finish().ValueOrDie(), tags.Finish().ValueOrDie()});
    std::string path = folder_.text(name);
    auto file = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    parquet::WriterProperties::Builder properties;
    if (checksum) properties.enable_page_checksum();
    properties.disable_dictionary()->encoding(parquet::Encoding::PLAIN);
    EXPECT_TRUE(
        parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), file, group_rows, properties.build())
            .ok());
    EXPECT_TRUE(file->Close().ok());
    return path;
  }
  TestFolder folder_;
  SourceSpec spec_;
};

TEST_F(FileSourceTest, SeveralFilesAreOneTable) {
  put(folder_, "in/b.csv", "a,b\n3,z\n");
  put(folder_, "in/a.csv", "a,b\n1,x\nbad\n2,y\n");
  put(folder_, "in/sub/c.csv.gz", packed_text("a,b\n4,w\n", Compression::kGzip));
  put(folder_, "in/_SUCCESS", "");
  put(folder_, "in/.hidden.csv", "x\n1\n");
  put(folder_, "in/_manifest.json", "{}");
  put(folder_, "in/d.csv.part", "half");
  put(folder_, "in/empty.csv", "");
  auto table = read({folder_.text("in")});
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_THAT(table.rows, ElementsAre(R"({"a":1,"b":"x"})", R"({"a":2,"b":"y"})", R"({"a":3,"b":"z"})",
                                      R"({"a":4,"b":"w"})"));
  EXPECT_THAT(table.numbers, ElementsAre(0, 2, 3, 4));
  ASSERT_EQ(table.unreadable.size(), 1u);
  EXPECT_EQ(table.unreadable[0].row, 1);
  ASSERT_EQ(table.positions.size(), 3u);
  EXPECT_EQ(table.positions[1].file, 1);
  EXPECT_EQ(table.positions[1].row, 3);
  EXPECT_EQ(table.positions[1].row_in_file, 0);
  EXPECT_EQ(table.files[2], folder_.text("in/sub/c.csv.gz"));
  ASSERT_EQ(table.info.files.size(), 4u);
  EXPECT_EQ(table.info.files[0].name, folder_.text("in/a.csv"));
  EXPECT_EQ(table.info.files[0].bytes, 16);
  EXPECT_FALSE(table.info.files[0].version.empty());
}

TEST_F(FileSourceTest, PatternsAndLists) {
  std::string a = put(folder_, "in/2024-01.csv", "a\n1\n");
  put(folder_, "in/2024-02.csv", "a\n2\n");
  put(folder_, "in/2023-02.csv", "a\n3\n");
  put(folder_, "in/x/y/2024-03.csv", "a\n4\n");
  std::string odd = put(folder_, "in/odd[1].csv", "a\n5\n");
  EXPECT_EQ(read({folder_.text("in/2024-*.csv")}).rows.size(), 2u);
  EXPECT_EQ(read({folder_.text("in/**/2024-0?.csv")}).rows.size(), 3u);
  EXPECT_THAT(read({odd, a}).rows, ElementsAre(R"({"a":5})", R"({"a":1})"));
  EXPECT_THAT(read({a, folder_.text("in/*.csv")}).error.text(), HasSubstr("named twice"));
}

TEST_F(FileSourceTest, WhatCannotBeFoundOrKnown) {
  auto table = read({folder_.text("nothing.csv")});
  EXPECT_EQ(table.error.code, ErrorCode::kNotFound);
  EXPECT_THAT(table.error.text(), HasSubstr("nothing.csv: no such file"));
  table = read({folder_.text("*.csv")});
  EXPECT_EQ(table.error.code, ErrorCode::kNotFound);
  EXPECT_THAT(table.error.text(), HasSubstr("no file matches"));
  std::string text = put(folder_, "a.txt", "a\n1\n");
  EXPECT_THAT(read({text}).error.text(), HasSubstr("Set source.format (--from-format)"));
  EXPECT_THAT(read({"-"}).error.text(), HasSubstr("standard input"));
  EXPECT_THAT(read({text, put(folder_, "a.csv", "a\n1\n")}).error.text(), HasSubstr("a.txt"));
  EXPECT_THAT(read({folder_.text("a.csv"), put(folder_, "a.ndjson", "{}")}).error.text(),
              HasSubstr("one format"));
  EXPECT_THAT(read({"ftp://host/a.csv"}).error.text(), HasSubstr("ftp://"));
  spec_.format = FileFormat::kCsv;
  EXPECT_EQ(read({text}).rows.size(), 1u);
  spec_.compression = Compression::kSnappy;
  EXPECT_THAT(read({text}).error.text(), HasSubstr("snappy"));
}

TEST_F(FileSourceTest, AllFilesMustHaveTheSameColumns) {
  std::string a = put(folder_, "a.csv", "a,b\n1,x\n");
  EXPECT_THAT(read({a, put(folder_, "b.csv", "a,c\n1,x\n")}).error.text(),
              HasSubstr("b.csv: column 2 is \"c\", not \"b\"; expected the same columns in all files"));
  EXPECT_THAT(read({a, put(folder_, "c.csv", "a,b,c\n1,x,1\n")}).error.text(), HasSubstr("3 columns, not 2"));
  EXPECT_THAT(read({write_parquet("a.parquet", 5, 5), write_parquet("b.parquet", 5, 5, {}, false, "key")})
                  .error.text(),
              HasSubstr("column 1 is \"key\" of type int64, not \"id\" of type int64"));
}

TEST_F(FileSourceTest, AChangedFileIsNoticed) {
  std::string text = "a\n";
  for (int i = 0; i < 300'000; ++i) text += "1234567\n";
  spec_.infer_rows = 10;
  spec_.paths = {put(folder_, "a.csv", text)};
  auto source = open_source(spec_, {});
  ASSERT_TRUE(source);
  ASSERT_TRUE((*source)->next());
  std::filesystem::last_write_time(folder_.text("a.csv"),
                                   std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  Result<std::optional<SourceBatch>> batch = (*source)->next();
  while (batch && *batch) batch = (*source)->next();
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kChanged);
}

TEST_F(FileSourceTest, ParquetWithNestedColumns) {
  spec_.chunk_size = 300;
  auto table = read({write_parquet("a.parquet", 2500, 1000), write_parquet("b.parquet", 10, 5)});
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_EQ(table.rows.size(), 2510u);
  EXPECT_EQ(table.rows[1234], R"({"id":1234,"name":"n1234","tags":["t"]})");
  EXPECT_EQ(table.info.rows, 2510);
  EXPECT_TRUE(table.info.rows_exact);
  for (SourcePosition from : table.positions) {
    auto rest = read_table(spec_, from);
    ASSERT_EQ(rest.rows.size(), static_cast<std::size_t>(2510 - from.row));
    EXPECT_EQ(rest.rows.front(), table.rows[static_cast<std::size_t>(from.row)]);
  }
}

TEST_F(FileSourceTest, ParquetTextThatIsNotUtf8) {
  auto table = read({write_parquet("a.parquet", 50, 50, {0, 7, 8, 49})});
  ASSERT_FALSE(table.failed) << table.error.text();
  EXPECT_EQ(table.rows.size(), 46u);
  ASSERT_EQ(table.unreadable.size(), 4u);
  EXPECT_EQ(table.unreadable[2].row, 8);
  EXPECT_EQ(table.unreadable[2].reason, "column \"name\": \"\xEF\xBF\xBDx\" is not UTF-8");
  EXPECT_EQ(table.numbers[0], 1);
  EXPECT_EQ(table.numbers[6], 9);
}

TEST_F(FileSourceTest, BrokenParquet) {
  std::string path = write_parquet("a.parquet", 5000, 1000, {}, /*checksum=*/true);
  std::string bytes = read_file(path).value();
  EXPECT_THAT(read({put(folder_, "cut.parquet", bytes.substr(0, bytes.size() / 2))}).error.text(),
              HasSubstr("expected a whole Parquet file"));
  EXPECT_THAT(read({put(folder_, "csv.parquet", "a,b\n1,2\n3,4\n5,6\n")}).error.text(),
              HasSubstr("expected a whole Parquet file"));
  EXPECT_THAT(read({put(folder_, "empty.parquet", "")}).error.text(), HasSubstr("the file is empty"));
  // One flipped bit inside a page: told, and not read as other data.
  std::size_t at = bytes.find("n3500");
  ASSERT_NE(at, std::string::npos);
  bytes[at + 1] = '4';
  auto table = read({put(folder_, "flipped.parquet", bytes)});
  EXPECT_TRUE(table.failed);
  EXPECT_EQ(table.error.code, ErrorCode::kInput);
  EXPECT_LE(table.rows.size(), 3500u);
  EXPECT_THAT(read({put(folder_, "a.parquet.gz", "x")}).error.text(), HasSubstr("compressed inside"));
  spec_.types = {{"id", "string"}};
  EXPECT_THAT(read({path}).error.text(), HasSubstr("types for Parquet"));
}

TEST_F(FileSourceTest, RowsOfTextAreEstimated) {
  std::string text = "a,b\n";
  for (int i = 0; i < 100'000; ++i) text += "1234,some text\n";
  spec_.infer_rows = 100;
  std::string a = put(folder_, "a.csv", text);
  std::string b = put(folder_, "b.csv", text);
  auto table = read({a, b});
  EXPECT_FALSE(table.info.rows_exact);
  EXPECT_NEAR(static_cast<double>(table.info.rows), 200'000, 2'000);
  EXPECT_EQ(table.rows.size(), 200'000u);
}

}  // namespace
}  // namespace rowcall::files
