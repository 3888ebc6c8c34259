// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "files/customers.h"
#include "files/files.h"
#include "files/sinks_for_tests.h"

namespace rowcall::files {
namespace {

using testing::HasSubstr;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

// Fields of a CSV line in which quotes are only ever around whole fields.
std::size_t fields_of(const std::string& line) {
  std::size_t count = 1;
  bool quoted = false;
  for (char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) ++count;
  }
  return count;
}

class GenerateTest : public testing::Test {
 protected:
  Generated made(const std::string& name, std::int64_t records, double error_rate = 0,
                 std::uint64_t seed = 1) {
    GenerateSpec spec;
    spec.path = folder_.text(name);
    spec.records = records;
    spec.error_rate = error_rate;
    spec.seed = seed;
    auto done = generate(spec);
    EXPECT_TRUE(done) << done.error().text();
    return done.value_or(Generated{});
  }

  TestFolder folder_;
};

TEST_F(GenerateTest, SameSeedGivesTheSameTable) {
  for (const char* name : {"a.csv", "a.ndjson", "a.csv.gz", "a.parquet"}) {
    made(name, 3000, 0.1, 7);
    std::string first = folder_.content(name);
    made(name, 3000, 0.1, 7);
    EXPECT_EQ(folder_.content(name), first) << name;
    made(name, 3000, 0.1, 8);
    EXPECT_NE(folder_.content(name), first) << name;
  }
}

TEST_F(GenerateTest, CsvHasEightColumnsAndTheSizePromised) {
  Generated done = made("a.csv", 10'000);
  std::vector<std::string> lines = lines_of(folder_.content("a.csv"));
  ASSERT_EQ(lines.size(), 10'001U);
  EXPECT_EQ(lines[0] + "\n", kCustomerCsvHeader);
  for (const std::string& line : lines) ASSERT_EQ(fields_of(line), 8U) << line;
  EXPECT_EQ(done.records, 10'000);
  EXPECT_EQ(done.broken, 0);
  EXPECT_EQ(done.bytes, static_cast<std::int64_t>(folder_.content("a.csv").size()));
  EXPECT_NEAR(static_cast<double>(done.bytes) / 10'000, 150, 15);
  EXPECT_THAT(folder_.content("a.csv"), HasSubstr(", ")) << "names with a comma";
  EXPECT_THAT(folder_.content("a.csv"), HasSubstr("ü")) << "names beyond ASCII";
}

TEST_F(GenerateTest, PackedFileHoldsTheSame) {
  made("a.csv", 2000);
  made("b.csv.gz", 2000);
  made("c.csv.zst", 2000);
  EXPECT_EQ(unpacked(folder_.text("b.csv.gz")), folder_.content("a.csv"));
  EXPECT_EQ(unpacked(folder_.text("c.csv.zst")), folder_.content("a.csv"));
}

TEST_F(GenerateTest, BrokenCsvRecordsAreCountedExactly) {
  Generated done = made("a.csv", 40'000, 0.05);
  std::int64_t broken = 0;
  std::int64_t bad_numbers = 0;
  std::vector<std::string> lines = lines_of(folder_.content("a.csv"));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    bool bad_number = lines[i].find(",12.5O,") != std::string::npos;
    bad_numbers += bad_number ? 1 : 0;
    broken += bad_number || fields_of(lines[i]) != 8 || !is_utf8(lines[i]) ? 1 : 0;
    EXPECT_FALSE(bad_number && i <= 20'000) << "types are found in the first records";
  }
  EXPECT_EQ(done.broken, broken);
  EXPECT_GT(bad_numbers, 100);
  EXPECT_NEAR(static_cast<double>(broken), 2000, 200);
}

TEST_F(GenerateTest, BrokenNdjsonRecordsAreCountedExactly) {
  Generated done = made("a.ndjson", 10'000, 0.05);
  std::int64_t broken = 0;
  for (const std::string& line : lines_of(folder_.content("a.ndjson"))) {
    broken += line.ends_with("}") && is_utf8(line) ? 0 : 1;
  }
  EXPECT_EQ(done.broken, broken);
  EXPECT_NEAR(static_cast<double>(broken), 500, 100);
}

TEST_F(GenerateTest, ParquetHoldsTheSameCustomers) {
  GenerateSpec spec;
  spec.path = folder_.text("a.parquet");
  spec.records = 20'000;
  spec.row_group_rows = 5000;
  spec.error_rate = 0.01;
  auto done = generate(spec);
  ASSERT_TRUE(done) << done.error().text();
  auto table = parquet_table(spec.path);
  ASSERT_TRUE(table);
  EXPECT_EQ(table->num_rows(), 20'000);
  EXPECT_EQ(table->num_columns(), 8);
  auto combined = table->CombineChunks().ValueOrDie();
  EXPECT_TRUE(combined->Validate().ok());
  auto ndjson = made("a.ndjson", 20'000, 0.01);
  EXPECT_EQ(ndjson.broken, done->broken) << "the same records are broken";
  EXPECT_GT(done->broken, 100);
}

TEST_F(GenerateTest, WrongSettingsAreTold) {
  struct Wrong {
    GenerateSpec spec;
    const char* said;
  };
  const Wrong kWrong[] = {{{.path = "x"}, "--format"},
                          {{.path = "-", .format = FileFormat::kParquet}, "--out"},
                          {{.path = "x.csv", .records = -1}, "--records"},
                          {{.path = "x.csv", .error_rate = 1.5}, "--error-rate"},
                          {{.path = "x.parquet", .row_group_rows = 0}, "--batch-size"},
                          {{.path = "gs://b/x.csv"}, "gs://"}};
  for (const Wrong& wrong : kWrong) {
    auto done = generate(wrong.spec);
    ASSERT_FALSE(done) << wrong.said;
    EXPECT_THAT(done.error().text(), HasSubstr(wrong.said));
  }
}

}  // namespace
}  // namespace rowcall::files
