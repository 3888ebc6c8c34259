// SPDX-License-Identifier: Apache-2.0
// Tables as folders of parts on disk.
#include "files/folder_sink.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class FolderSinkTest : public testing::Test {
 protected:
  SinkSpec spec(FileFormat format = FileFormat::kCsv, bool overwrite = false) const {
    SinkSpec spec;
    spec.path = folder_.text("out/");
    spec.format = format;
    spec.overwrite = overwrite;
    return spec;
  }
  fs::path staging() const { return folder_ / "staging"; }
  // Someone else's table of two parts.
  void write_old_table() const {
    folder_.write("out/part-00000.csv", "old 0\n");
    folder_.write("out/part-00001.csv", "old 1\n");
    folder_.write("out/_SUCCESS", "");
  }

  TestFolder folder_;
};

TEST_F(FolderSinkTest, PartsManifestAndSuccess) {
  TestSink sink(spec(), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 2));
  EXPECT_THAT(folder_.files("out"), ElementsAre("_manifest.json", "part-00000.csv.part"));
  PartInfo part = sink.publish();
  EXPECT_EQ(part.path, folder_.text("out/part-00000.csv"));
  EXPECT_EQ(part.rows, 2);
  EXPECT_EQ(part.bytes, static_cast<std::int64_t>(folder_.content("out/part-00000.csv").size()));
  EXPECT_THAT(folder_.content("out/_manifest.json"), HasSubstr(R"("complete":false)"));
  EXPECT_THAT(folder_.content("out/_manifest.json"), HasSubstr(R"({"path":"part-00000.csv","rows":2,)"));
  sink.write(*numbered(2, 1));
  sink.publish();
  EXPECT_EQ(sink.publish().rows, 0) << "no part is open";
  sink.finish(3);
  EXPECT_THAT(folder_.files("out"),
              ElementsAre("_SUCCESS", "_manifest.json", "part-00000.csv", "part-00001.csv"));
  EXPECT_EQ(folder_.content("out/part-00001.csv"), "id,name\n2,row 2\n") << "each part has its header";
  EXPECT_EQ(folder_.content("out/_manifest.json"),
            "{\"written_by\":\"rowcall 0.1.0\",\"complete\":true,\"format\":\"csv\",\"compression\":\"none\","
            "\"rows\":3,\"bytes\":40,\"columns\":[{\"name\":\"id\",\"type\":\"int64\"},"
            "{\"name\":\"name\",\"type\":\"string\"}],\"parts\":[\n"
            "{\"path\":\"part-00000.csv\",\"rows\":2,\"bytes\":24},\n"
            "{\"path\":\"part-00001.csv\",\"rows\":1,\"bytes\":16}]}\n");
}

TEST_F(FolderSinkTest, ParquetIsWhatAFolderHoldsUnlessTold) {
  SinkSpec automatic;
  automatic.path = folder_.text("out/");
  TestSink sink(automatic, staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 10));
  sink.publish();
  sink.finish(10);
  auto table = parquet_table(folder_.text("out/part-00000.parquet"));
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches({numbered(0, 10)}).ValueOrDie()));
  EXPECT_THAT(folder_.content("out/_manifest.json"), HasSubstr("\"compression\":\"zstd\""));
}

TEST_F(FolderSinkTest, TableWithoutRowsHasOneEmptyPart) {
  TestSink sink(spec(), staging());
  sink.open(*numbered_schema());
  sink.finish(0);
  EXPECT_EQ(folder_.content("out/part-00000.csv"), "id,name\n");
  EXPECT_TRUE(fs::exists(folder_ / "out/_SUCCESS"));
}

TEST_F(FolderSinkTest, AbortLeavesWhatWasPublished) {
  TestSink sink(spec(FileFormat::kParquet), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 1000));
  sink.publish();
  sink.write(*numbered(1000, 1000));
  sink.sink().abort();
  sink.sink().abort();
  EXPECT_THAT(folder_.files("out"), ElementsAre("_manifest.json", "part-00000.parquet"));
}

TEST_F(FolderSinkTest, GoesOnWithWhatWasCommitted) {
  {
    TestSink sink(spec(), staging());
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 2));
    sink.publish();
    sink.write(*numbered(2, 2));
    sink.publish();  // never committed
    sink.write(*numbered(4, 2));
  }
  folder_.write("out/part-00002.csv.part", "left behind by a crash");
  TestSink sink(spec(), staging());
  sink.open(*numbered_schema(), 1);
  EXPECT_THAT(folder_.files("out"), ElementsAre("_manifest.json", "part-00000.csv"));
  EXPECT_THAT(folder_.content("out/_manifest.json"), HasSubstr("\"rows\":2,"));
  sink.write(*numbered(2, 1));
  EXPECT_EQ(sink.publish().path, folder_.text("out/part-00001.csv"));
  sink.finish(3);
  EXPECT_EQ(folder_.content("out/part-00001.csv"), "id,name\n2,row 2\n");
}

TEST_F(FolderSinkTest, PartThatChangedIsTold) {
  {
    TestSink sink(spec(), staging());
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 2));
    sink.publish();
  }
  folder_.write("out/part-00000.csv", "changed");
  auto opened = TestSink(spec(), staging()).try_open(*numbered_schema(), 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kChanged);
  EXPECT_THAT(opened.error().text(), HasSubstr("part-00000.csv"));
}

TEST_F(FolderSinkTest, AnotherTableStaysUnlessAsked) {
  write_old_table();
  auto opened = TestSink(spec(), staging()).try_open(*numbered_schema());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text(), HasSubstr("there is a table already (part-00000.csv)"));
  EXPECT_THAT(folder_.files("out"), ElementsAre("_SUCCESS", "part-00000.csv", "part-00001.csv"));
}

TEST_F(FolderSinkTest, OldTableStaysWholeUntilTheNewOneIs) {
  write_old_table();
  TestSink sink(spec(FileFormat::kCsv, /*overwrite=*/true), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 1));
  EXPECT_EQ(sink.publish().path, folder_.text("out/part-00000.csv")) << "where it will be";
  EXPECT_EQ(folder_.content("out/part-00000.csv"), "old 0\n");
  EXPECT_EQ(folder_.content("out/part-00001.csv"), "old 1\n");
  sink.finish(1);
  EXPECT_THAT(folder_.files("out"), ElementsAre("_SUCCESS", "_manifest.json", "part-00000.csv"));
  EXPECT_EQ(folder_.content("out/part-00000.csv"), "id,name\n0,row 0\n");
  EXPECT_FALSE(fs::exists(folder_ / "out/_next"));
}

TEST_F(FolderSinkTest, ReplacementGoesOnFromAnyPoint) {
  write_old_table();
  SinkSpec replacing = spec(FileFormat::kCsv, /*overwrite=*/true);
  {
    TestSink sink(replacing, staging());
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 1));
    sink.publish();
    sink.write(*numbered(1, 1));
    sink.publish();
  }
  // As if the program had ended in the middle of the exchange.
  fs::remove(folder_ / "out/_SUCCESS");
  fs::rename(folder_ / "out/_next/part-00000.csv", folder_ / "out/part-00000.csv");
  TestSink sink(replacing, staging());
  sink.open(*numbered_schema(), 2);
  sink.finish(2);
  EXPECT_THAT(folder_.files("out"),
              ElementsAre("_SUCCESS", "_manifest.json", "part-00000.csv", "part-00001.csv"));
  EXPECT_EQ(folder_.content("out/part-00000.csv"), "id,name\n0,row 0\n");
  EXPECT_EQ(folder_.content("out/part-00001.csv"), "id,name\n1,row 1\n");
}

TEST_F(FolderSinkTest, StrangeFilesAreNeverReplaced) {
  write_old_table();
  folder_.write("out/holiday.jpg", "precious");
  auto opened = TestSink(spec(FileFormat::kCsv, /*overwrite=*/true), staging()).try_open(*numbered_schema());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text(), HasSubstr("holiday.jpg"));
  EXPECT_EQ(folder_.content("out/part-00000.csv"), "old 0\n");
}

TEST_F(FolderSinkTest, RowsMustAddUp) {
  TestSink sink(spec(), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 2));
  sink.publish();
  auto finished = sink.sink().finish(1);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kAccounting);
  EXPECT_THAT(folder_.files("out"), Not(testing::Contains("_SUCCESS")));
}

TEST_F(FolderSinkTest, FullDiskIsTold) {
  TestSink sink(spec(FileFormat::kParquet), staging());
  sink.open(*numbered_schema());
  fs::create_symlink("/dev/full", folder_ / "out/part-00000.parquet.part");
  auto written = sink.sink().write(exported(*numbered(0, 1000)));
  auto published = sink.sink().publish();
  ASSERT_FALSE(written && published);
  Error error = written ? published.error() : written.error();
  EXPECT_THAT(error.text(), HasSubstr("No space left"));
  sink.sink().abort();
  EXPECT_THAT(folder_.files("out"), ElementsAre("_manifest.json"));
}

}  // namespace
}  // namespace rowcall::files
