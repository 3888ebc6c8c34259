// SPDX-License-Identifier: Apache-2.0
// What the formats make of values of every type.
#include "files/part_writer.h"

#include <arrow/array.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <parquet/column_reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <string>

#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

using testing::HasSubstr;

class PartWriterTest : public testing::Test {
 protected:
  // Writes batches of one schema as a part; returns the file's path.
  std::string written(const PartFormat& format,
                      const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
    std::string path = folder_.text("part" + ending_of(format.kind));
    OwnedSchema schema = exported(*batches.at(0)->schema());
    auto part = PartWriter::begin(*schema.get(), format, {false, path, path}, {});
    EXPECT_TRUE(part) << part.error().text();
    for (const auto& batch : batches) EXPECT_TRUE(part->write(exported(*batch)));
    auto bytes = part->commit();
    EXPECT_TRUE(bytes) << bytes.error().text();
    return path;
  }
  std::string text(FileFormat format, const std::shared_ptr<arrow::RecordBatch>& batch) {
    PartFormat how;
    how.kind.format = format;
    written(how, {batch});
    return folder_.content("part" + ending_of(how.kind));
  }

  TestFolder folder_;
};

std::shared_ptr<arrow::RecordBatch> every_type() {
  auto schema = arrow::schema({
      arrow::field("i", arrow::int64()),
      arrow::field("u", arrow::uint64()),
      arrow::field("d", arrow::float64()),
      arrow::field("b", arrow::boolean()),
      arrow::field("s", arrow::utf8()),
      arrow::field("view", arrow::utf8_view()),
      arrow::field("bin", arrow::binary()),
      arrow::field("dec", arrow::decimal128(20, 2)),
      arrow::field("day", arrow::date32()),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("list", arrow::list(arrow::int32())),
      arrow::field("pair",
                   arrow::struct_({arrow::field("x", arrow::int8()), arrow::field("y", arrow::utf8())})),
      arrow::field("none", arrow::null()),
  });
  return batch_of(schema, R"([
    {"i": -9223372036854775808, "u": 18446744073709551615, "d": 0.1, "b": true, "s": "a, \"b\"\nc", "view": "v",
     "bin": "xyz", "dec": "123456789012345678.90", "day": 11016, "at": "2024-02-29 13:05:07.25",
     "list": [1, null], "pair": {"x": 1, "y": "a,b"}, "none": null},
    {"i": null, "u": null, "d": null, "b": null, "s": null, "view": null, "bin": null, "dec": null, "day": null,
     "at": null, "list": null, "pair": null, "none": null},
    {"i": 0, "u": 0, "d": 1e300, "b": false, "s": "", "view": "", "bin": "", "dec": "-0.05", "day": -1,
     "at": "1969-12-31 23:59:59", "list": [], "pair": {"x": null, "y": ""}, "none": null}])");
}

TEST_F(PartWriterTest, CsvOfEveryType) {
  EXPECT_EQ(
      text(FileFormat::kCsv, every_type()),
      "i,u,d,b,s,view,bin,dec,day,at,list,pair,none\n"
      "-9223372036854775808,18446744073709551615,0.1,true,\"a, \"\"b\"\"\nc\",v,eHl6,123456789012345678.90,"
      "2000-02-29,2024-02-29T13:05:07.250Z,\"[1,null]\",\"{\"\"x\"\":1,\"\"y\"\":\"\"a,b\"\"}\",\n"
      ",,,,,,,,,,,,\n"
      "0,0,1e+300,false,\"\",\"\",\"\",-0.05,1969-12-31,1969-12-31T23:59:59Z,[],"
      "\"{\"\"x\"\":null,\"\"y\"\":\"\"\"\"}\",\n");
}

TEST_F(PartWriterTest, NdjsonOfEveryType) {
  EXPECT_EQ(text(FileFormat::kNdjson, every_type()->Slice(0, 1)),
            "{\"i\":-9223372036854775808,\"u\":18446744073709551615,\"d\":0.1,\"b\":true,\"s\":\"a, "
            "\\\"b\\\"\\nc\","
            "\"view\":\"v\",\"bin\":\"eHl6\",\"dec\":123456789012345678.90,\"day\":\"2000-02-29\","
            "\"at\":\"2024-02-29T13:05:07.250Z\",\"list\":[1,null],\"pair\":{\"x\":1,\"y\":\"a,b\"},\"none\":"
            "null}\n");
}

TEST_F(PartWriterTest, ParquetOfEveryTypeComesBackEqual) {
  PartFormat format;
  format.kind.format = FileFormat::kParquet;
  for (bool staged : {false, true}) {
    // The same from staged batches, which hold every type as it is.
    format.staged = staged;
    auto all = every_type();
    std::string path = written(format, {all->Slice(0, 1), all->Slice(1, 0), all->Slice(1, 2)});
    std::shared_ptr<arrow::Table> table;
    if (staged) {
      std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
      auto take = [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Result<void> {
        batches.push_back(batch);
        return {};
      };
      auto read = read_staged({false, path, path}, take);
      ASSERT_TRUE(read) << read.error().text();
      table = arrow::Table::FromRecordBatches(batches).ValueOrDie();
    } else {
      table = parquet_table(path);
    }
    ASSERT_TRUE(table);
    EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches({all}).ValueOrDie())) << table->ToString();
  }
}

TEST_F(PartWriterTest, DictionariesMayDifferBetweenBatches) {
  auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  auto schema = arrow::schema({arrow::field("c", type)});
  auto batch = [&](const char* indices, const char* words) {
    auto column = arrow::json::DictArrayFromJSONString(type, indices, words).ValueOrDie();
    return arrow::RecordBatch::Make(schema, column->length(), {column});
  };
  auto first = batch("[0, 1, null, 0]", R"(["red", "green"])");
  auto second = batch("[1, 0]", R"(["blue", "green"])");
  EXPECT_EQ(text(FileFormat::kCsv, first), "c\nred\ngreen\n\"\"\nred\n");
  PartFormat format;
  format.kind.format = FileFormat::kParquet;
  auto table = parquet_table(written(format, {first, second}));
  ASSERT_TRUE(table);
  EXPECT_EQ(table->num_rows(), 6);
  EXPECT_THAT(table->column(0)->GetScalar(4).ValueOrDie()->ToString(), HasSubstr("green"));
  EXPECT_THAT(table->column(0)->GetScalar(5).ValueOrDie()->ToString(), HasSubstr("blue"));
}

TEST_F(PartWriterTest, OneColumnOfNullsIsStillARecord) {
  auto schema = arrow::schema({arrow::field("only", arrow::utf8())});
  EXPECT_EQ(text(FileFormat::kCsv, batch_of(schema, R"([{"only": null}, {"only": "x"}])")),
            "only\n\"\"\nx\n");
}

TEST_F(PartWriterTest, NamesAreQuotedAsWell) {
  auto schema = arrow::schema({arrow::field("a,b", arrow::int8()), arrow::field("say \"c\"", arrow::int8())});
  auto batch = batch_of(schema, R"([{"a,b": 1, "say \"c\"": 2}])");
  EXPECT_EQ(text(FileFormat::kCsv, batch), "\"a,b\",\"say \"\"c\"\"\"\n1,2\n");
  EXPECT_EQ(text(FileFormat::kNdjson, batch), "{\"a,b\":1,\"say \\\"c\\\"\":2}\n");
}

TEST_F(PartWriterTest, RowGroupsAreLimitedInRowsAndBytes) {
  PartFormat format;
  format.kind.format = FileFormat::kParquet;
  format.parquet.row_group_rows = 1000;
  auto batches = [](std::int64_t rows) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> out;
    auto all = numbered(0, rows);
    for (std::int64_t from = 0; from < rows; from += 700)
      out.push_back(all->Slice(from, std::min<std::int64_t>(700, rows - from)));
    return out;
  };
  auto groups = [](const std::string& path) {
    auto file = parquet::ParquetFileReader::OpenFile(path);
    std::vector<std::int64_t> rows;
    for (int g = 0; g < file->metadata()->num_row_groups(); ++g)
      rows.push_back(file->metadata()->RowGroup(g)->num_rows());
    return rows;
  };
  EXPECT_THAT(groups(written(format, batches(2500))), testing::ElementsAre(1000, 1000, 500));
  format.parquet.row_group_rows = 100'000;
  format.parquet.row_group_bytes = 40'000;
  // Some 25 bytes a row: 1,400 rows are the last that fit, 2,100 would not.
  auto by_bytes = groups(written(format, batches(5000)));
  EXPECT_GT(by_bytes.size(), 2U);
  for (std::int64_t rows : by_bytes) EXPECT_LE(rows, 2100);
}

TEST_F(PartWriterTest, PagesCarryChecksumsAndChosenCompression) {
  PartFormat format;
  format.kind.format = FileFormat::kParquet;
  const std::pair<Compression, parquet::Compression::type> kChoices[] = {
      {Compression::kZstd, parquet::Compression::ZSTD},
      {Compression::kSnappy, parquet::Compression::SNAPPY},
      {Compression::kGzip, parquet::Compression::GZIP},
      {Compression::kNone, parquet::Compression::UNCOMPRESSED}};
  for (const auto& [chosen, in_file] : kChoices) {
    format.parquet.compression = chosen;
    std::string path = written(format, {numbered(0, 100)});
    auto file = parquet::ParquetFileReader::OpenFile(path);
    EXPECT_EQ(file->metadata()->RowGroup(0)->ColumnChunk(0)->compression(), in_file);
  }
  // A byte that is changed in an uncompressed page is found by its checksum.
  std::string bytes = folder_.content("part.parquet");
  std::size_t at = bytes.find("row 42");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'R';
  folder_.write("part.parquet", bytes);
  parquet::ReaderProperties checking;
  checking.set_page_checksum_verification(true);
  auto file = parquet::ParquetFileReader::OpenFile(folder_.text("part.parquet"), false, checking);
  auto pages = file->RowGroup(0)->GetColumnPageReader(1);
  EXPECT_THROW(while (pages->NextPage()){}, std::exception);
}

TEST_F(PartWriterTest, TypeThatParquetHasNotIsTold) {
  auto type = arrow::sparse_union({arrow::field("a", arrow::int8())});
  OwnedSchema schema = exported(*arrow::schema({arrow::field("c", type)}));
  auto checked = check_parquet(*schema.get(), {false, "t.parquet", "t.parquet"});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kSetting);
  EXPECT_THAT(checked.error().mend, HasSubstr("NDJSON"));
}

}  // namespace
}  // namespace rowcall::files
