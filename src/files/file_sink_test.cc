// SPDX-License-Identifier: Apache-2.0
// Tables as one file on disk.
#include "files/file_sink.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "files/files.h"
#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FileSinkTest : public testing::Test {
 protected:
  SinkSpec spec(const std::string& name) const {
    SinkSpec spec;
    spec.path = folder_.text("out/" + name);
    return spec;
  }
  fs::path staging() const { return folder_ / "staging"; }

  TestFolder folder_;
};

TEST_F(FileSinkTest, CsvOfSeveralPartsHasOneHeader) {
  TestSink sink(spec("t.csv"), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 2));
  PartInfo part = sink.publish();
  EXPECT_EQ(part.rows, 2);
  EXPECT_EQ(part.path, folder_.text("out/t.csv"));
  EXPECT_GT(part.bytes, 0);
  EXPECT_THAT(folder_.files("out"), IsEmpty()) << "nothing is seen before the table is whole";
  sink.write(*numbered(2, 1));
  sink.write(*numbered(3, 1));
  sink.publish();
  sink.finish(4);
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n0,row 0\n1,row 1\n2,row 2\n3,row 3\n");
  EXPECT_THAT(folder_.files("out"), ElementsAre("t.csv"));
  EXPECT_THAT(folder_.files("staging"), ElementsAre("sink.txt"));
}

TEST_F(FileSinkTest, TextOfOnePartOnly) {
  TestSink sink(spec("t.ndjson"), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 2));
  sink.publish();
  sink.finish(2);
  EXPECT_EQ(folder_.content("out/t.ndjson"),
            "{\"id\":0,\"name\":\"row 0\"}\n{\"id\":1,\"name\":\"row 1\"}\n");
  EXPECT_THAT(folder_.files("staging"), ElementsAre("sink.txt"));
}

TEST_F(FileSinkTest, JsonIsOneArrayHoweverManyParts) {
  TestSink sink(spec("t.json"), staging());
  sink.open(*numbered_schema());
  for (int part = 0; part < 3; ++part) {
    sink.write(*numbered(part, 1));
    sink.publish();
  }
  sink.finish(3);
  EXPECT_EQ(folder_.content("out/t.json"),
            "[\n{\"id\":0,\"name\":\"row 0\"},\n{\"id\":1,\"name\":\"row 1\"},\n{\"id\":2,\"name\":\"row "
            "2\"}\n]\n");
}

TEST_F(FileSinkTest, PackedTextIsReadAsOne) {
  for (const char* name : {"t.csv.gz", "t.csv.zst"}) {
    TestSink sink(spec(name), folder_ / (std::string("staging-") + name));
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 1));
    sink.publish();
    sink.write(*numbered(1, 1));
    sink.publish();
    sink.finish(2);
    EXPECT_EQ(unpacked(folder_.text(std::string("out/") + name)), "id,name\n0,row 0\n1,row 1\n") << name;
  }
}

TEST_F(FileSinkTest, ParquetComesBackEqualFromPartsAndSlices) {
  TestSink sink(spec("t.parquet"), staging());
  sink.open(*numbered_schema());
  auto all = numbered(0, 3000);
  // As a run with failures writes: one row here, many there, across parts.
  std::int64_t row = 0;
  for (std::int64_t count : {1, 1, 700, 3, 1295, 1, 999}) {
    sink.write(*all->Slice(row, count));
    row += count;
    if (count > 600) sink.publish();
  }
  ASSERT_EQ(row, 3000);
  sink.finish(3000);
  auto table = parquet_table(folder_.text("out/t.parquet"));
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->Equals(*arrow::Table::FromRecordBatches({all}).ValueOrDie()));
}

TEST_F(FileSinkTest, TableWithoutRowsHasItsColumns) {
  for (const char* name : {"t.csv", "t.parquet", "t.json", "t.ndjson"}) {
    TestSink sink(spec(name), folder_ / (std::string("staging-") + name));
    sink.open(*numbered_schema());
    EXPECT_EQ(sink.publish().rows, 0);
    sink.finish(0);
  }
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n");
  EXPECT_EQ(folder_.content("out/t.json"), "[]\n");
  EXPECT_EQ(folder_.content("out/t.ndjson"), "");
  EXPECT_TRUE(parquet_table(folder_.text("out/t.parquet"))->schema()->Equals(*numbered_schema()));
}

TEST_F(FileSinkTest, RowsMustAddUp) {
  TestSink sink(spec("t.csv"), staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 2));
  sink.publish();
  auto finished = sink.sink().finish(3);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, ErrorCode::kAccounting);
  EXPECT_THAT(folder_.files("out"), IsEmpty());
}

TEST_F(FileSinkTest, AnotherTableIsReplacedOnlyWhenAskedAndOnlyWhenWhole) {
  folder_.write("out/t.csv", "old\n");
  {
    TestSink sink(spec("t.csv"), staging());
    auto opened = sink.try_open(*numbered_schema());
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().text(), HasSubstr("there is a table already"));
    EXPECT_THAT(opened.error().mend, HasSubstr("--overwrite"));
  }
  SinkSpec replacing = spec("t.csv");
  replacing.overwrite = true;
  TestSink sink(replacing, staging());
  sink.open(*numbered_schema());
  sink.write(*numbered(0, 1));
  sink.publish();
  EXPECT_EQ(folder_.content("out/t.csv"), "old\n");
  sink.finish(1);
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n0,row 0\n");
}

TEST_F(FileSinkTest, FolderWhereAFileShouldBeIsTold) {
  fs::create_directories(folder_ / "out/t.csv");
  TestSink sink(spec("t.csv"), staging());
  auto opened = sink.try_open(*numbered_schema());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().mend, HasSubstr("/"));
}

TEST_F(FileSinkTest, AbortLeavesNothing) {
  for (const char* name : {"t.csv", "t.csv.gz", "t.csv.zst", "t.parquet"}) {
    fs::path staging = folder_ / (std::string("staging-") + name);
    TestSink sink(spec(name), staging);
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 1000));
    sink.sink().abort();
    sink.sink().abort();
    EXPECT_THAT(folder_.files("out"), IsEmpty());
    EXPECT_THAT(folder_.files(staging.filename()), ElementsAre("sink.txt")) << name;
  }
}

TEST_F(FileSinkTest, GoesOnWithWhatWasCommitted) {
  for (const char* name : {"t.csv", "t.parquet", "t.json"}) {
    fs::path staging = folder_ / (std::string("staging-") + name);
    {
      TestSink sink(spec(name), staging);
      sink.open(*numbered_schema());
      sink.write(*numbered(0, 2));
      sink.publish();
      sink.write(*numbered(2, 2));
      sink.publish();  // never committed
      sink.write(*numbered(4, 2));
    }
    {
      // Ended without a new part: nothing is lost by that.
      TestSink sink(spec(name), staging);
      sink.open(*numbered_schema(), 1);
    }
    TestSink sink(spec(name), staging);
    sink.open(*numbered_schema(), 1);
    sink.write(*numbered(2, 1));
    sink.publish();
    sink.finish(3);
  }
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n0,row 0\n1,row 1\n2,row 2\n");
  EXPECT_EQ(folder_.content("out/t.json"),
            "[\n{\"id\":0,\"name\":\"row 0\"},\n{\"id\":1,\"name\":\"row 1\"},\n{\"id\":2,\"name\":\"row "
            "2\"}\n]\n");
  EXPECT_TRUE(parquet_table(folder_.text("out/t.parquet"))
                  ->Equals(*arrow::Table::FromRecordBatches({numbered(0, 3)}).ValueOrDie()));
}

TEST_F(FileSinkTest, RunThatEndedBeforeItsFirstPartMeetsItsOwnTraces) {
  {
    TestSink(spec("t.csv"), staging()).open(*numbered_schema());
  }
  TestSink sink(spec("t.csv"), staging());
  sink.open(*numbered_schema());
  sink.finish(0);
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n");
}

TEST_F(FileSinkTest, FinishedTableMayBeFinishedAgain) {
  for (int session = 0; session < 2; ++session) {
    TestSink sink(spec("t.csv"), staging());
    sink.open(*numbered_schema(), session);
    if (session == 0) {
      sink.write(*numbered(0, 1));
      sink.publish();
    }
    sink.finish(1);
  }
  EXPECT_EQ(folder_.content("out/t.csv"), "id,name\n0,row 0\n");
}

TEST_F(FileSinkTest, LostPartIsTold) {
  {
    TestSink sink(spec("t.csv"), staging());
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 1));
    sink.publish();
  }
  fs::remove(staging() / "part-00000");
  TestSink sink(spec("t.csv"), staging());
  auto opened = sink.try_open(*numbered_schema(), 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kChanged);
  EXPECT_THAT(opened.error().text(), HasSubstr("part-00000"));
  fs::remove_all(staging());
  opened = TestSink(spec("t.csv"), staging()).try_open(*numbered_schema(), 1);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kChanged);
}

TEST_F(FileSinkTest, FullDiskIsTold) {
  for (const char* name : {"t.csv", "t.csv.gz", "t.parquet"}) {
    fs::path staging = folder_ / (std::string("staging-") + name);
    TestSink sink(spec(name), staging);
    sink.open(*numbered_schema());
    fs::create_symlink("/dev/full", staging / "part-00000.part");
    Result<void> written;
    for (int i = 0; i < 100 && written; ++i) written = sink.sink().write(exported(*numbered(0, 1000)));
    if (written) {
      auto published = sink.sink().publish();
      if (!published) written = failure(published.error());
    }
    ASSERT_FALSE(written) << name;
    EXPECT_EQ(written.error().code, ErrorCode::kStorage);
    EXPECT_THAT(written.error().text(), HasSubstr("No space left")) << name;
    EXPECT_THAT(written.error().mend, HasSubstr("Free some space"));
    sink.sink().abort();
    EXPECT_THAT(folder_.files(staging.filename()), ElementsAre("sink.txt")) << name;
  }
}

TEST_F(FileSinkTest, FullDiskAtTheEndCostsNothingButTheEnd) {
  for (const char* name : {"t.csv", "t.parquet"}) {
    fs::path staging = folder_ / (std::string("staging-") + name);
    {
      TestSink sink(spec(name), staging);
      sink.open(*numbered_schema());
      for (int part = 0; part < 2; ++part) {
        sink.write(*numbered(part, 1));
        sink.publish();
      }
      fs::create_symlink("/dev/full", folder_ / (std::string("out/") + name + ".part"));
      auto finished = sink.sink().finish(2);
      ASSERT_FALSE(finished);
      EXPECT_THAT(finished.error().text(), HasSubstr("No space left"));
      EXPECT_FALSE(fs::exists(folder_ / (std::string("out/") + name)));
    }
    TestSink sink(spec(name), staging);
    sink.open(*numbered_schema(), 2);
    sink.finish(2);
    EXPECT_TRUE(fs::exists(folder_ / (std::string("out/") + name))) << name;
  }
}

TEST_F(FileSinkTest, PlaceThatCannotBeWrittenIsToldBeforeTheFirstRow) {
  TestSink sink(SinkSpec{.path = "/proc/rowcall/t.csv"}, staging());
  auto opened = sink.try_open(*numbered_schema());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text(), HasSubstr("/proc/rowcall"));
}

TEST_F(FileSinkTest, SettingsAreChecked) {
  struct Wrong {
    SinkSpec spec;
    const char* said;
  };
  SinkSpec snappy{.path = "t.csv"};
  snappy.compression = Compression::kSnappy;
  const Wrong kWrong[] = {
      {{.path = ""}, "sink.path"},
      {{.path = "t.xml"}, "does not say the format"},
      {{.path = "-"}, "does not say the format"},
      {{.path = "-", .format = FileFormat::kParquet}, "standard output"},
      {{.path = "t.parquet.gz"}, "without .gz"},
      {{.path = "s3://bucket", .format = FileFormat::kCsv}, "s3://BUCKET/KEY"},
      {{.path = "gs://bucket/t.csv"}, "gs://"},
      {snappy, "Parquet only"},
  };
  for (const Wrong& wrong : kWrong) {
    auto sink = open_sink(wrong.spec, {}, staging());
    ASSERT_FALSE(sink) << wrong.spec.path;
    EXPECT_EQ(sink.error().code, ErrorCode::kSetting);
    EXPECT_THAT(sink.error().text(), HasSubstr(wrong.said));
  }
}

TEST_F(FileSinkTest, StandardOutputGetsWholeParts) {
  testing::internal::CaptureStdout();
  SinkSpec out{.path = "-", .format = FileFormat::kCsv};
  {
    TestSink sink(out, staging());
    sink.open(*numbered_schema());
    sink.write(*numbered(0, 1));
    sink.publish();
    sink.write(*numbered(1, 1));
    sink.publish();
    sink.write(*numbered(2, 1));
    sink.sink().abort();
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "id,name\n0,row 0\n1,row 1\n");
  testing::internal::CaptureStdout();
  {
    TestSink sink(out, staging());
    sink.open(*numbered_schema(), 2);
    sink.write(*numbered(2, 1));
    sink.publish();
    sink.finish(3);
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "id,name\n2,row 2\n") << "its reader is another one";
}

TEST_F(FileSinkTest, EmptyTableOnStandardOutput) {
  testing::internal::CaptureStdout();
  TestSink sink(SinkSpec{.path = "-", .format = FileFormat::kJson}, staging());
  sink.open(*numbered_schema());
  sink.finish(0);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "[]\n");
}

}  // namespace
}  // namespace rowcall::files
