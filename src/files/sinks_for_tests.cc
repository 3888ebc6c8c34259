// SPDX-License-Identifier: Apache-2.0
#include "files/sinks_for_tests.h"

#include <arrow/array.h>
#include <arrow/c/bridge.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/reader.h>
#include <stdlib.h>

#include <algorithm>
#include <utility>

#include "base/disk.h"
#include "files/file_kind.h"
#include "files/files.h"

namespace rowcall::files {

namespace fs = std::filesystem;

TestFolder::TestFolder() {
  std::string name = (fs::temp_directory_path() / "rowcall-files-XXXXXX").string();
  path_ = ::mkdtemp(name.data());
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string TestFolder::content(const std::string& name) const {
  auto text = read_file(path_ / name);
  EXPECT_TRUE(text) << text.error().text();
  return text.value_or("");
}

void TestFolder::write(const std::string& name, const std::string& content) const {
  ASSERT_TRUE(make_folder((path_ / name).parent_path()));
  auto written = write_file(path_ / name, content);
  ASSERT_TRUE(written) << written.error().text();
}

std::vector<std::string> TestFolder::files(const std::string& below) const {
  std::vector<std::string> names;
  if (!fs::exists(path_ / below)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(path_ / below)) {
    if (!entry.is_directory()) names.push_back(fs::relative(entry.path(), path_ / below).string());
  }
  std::ranges::sort(names);
  return names;
}

std::shared_ptr<arrow::RecordBatch> batch_of(const std::shared_ptr<arrow::Schema>& schema,
                                             const std::string& json) {
  auto rows = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  EXPECT_TRUE(rows.ok()) << rows.status().ToString();
  return arrow::RecordBatch::FromStructArray(*rows).ValueOrDie()->ReplaceSchemaMetadata(schema->metadata());
}

std::shared_ptr<arrow::Schema> numbered_schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())});
}

std::shared_ptr<arrow::RecordBatch> numbered(std::int64_t from, std::int64_t count) {
  std::string json = "[";
  for (std::int64_t i = from; i < from + count; ++i) {
    std::string number = std::to_string(i);
    json += i == from ? "{\"id\": " : ",{\"id\": ";
    json.append(number).append(", \"name\": \"row ").append(number).append("\"}");
  }
  return batch_of(numbered_schema(), json + "]");
}

OwnedSchema exported(const arrow::Schema& schema) {
  OwnedSchema out;
  EXPECT_TRUE(arrow::ExportSchema(schema, out.fill()).ok());
  return out;
}

OwnedArray exported(const arrow::RecordBatch& batch) {
  OwnedArray out;
  EXPECT_TRUE(arrow::ExportRecordBatch(batch, out.fill()).ok());
  return out;
}

std::shared_ptr<arrow::Table> parquet_table(const std::string& path) {
  auto file = arrow::io::ReadableFile::Open(path);
  if (!file.ok()) {
    ADD_FAILURE() << file.status().ToString();
    return nullptr;
  }
  auto reader = parquet::arrow::OpenFile(*file, arrow::default_memory_pool());
  if (!reader.ok()) {
    ADD_FAILURE() << reader.status().ToString();
    return nullptr;
  }
  auto table = (*reader)->ReadTable();
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  return table.ok() ? *table : nullptr;
}

std::string unpacked(const std::string& path) {
  bool gzip = kind_of_name(path).compression == Compression::kGzip;
  auto codec = arrow::util::Codec::Create(gzip ? arrow::Compression::GZIP : arrow::Compression::ZSTD);
  auto file = arrow::io::ReadableFile::Open(path);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  if (!file.ok()) return "";
  auto stream = arrow::io::CompressedInputStream::Make(codec->get(), *file).ValueOrDie();
  std::string all;
  for (;;) {
    auto piece = stream->Read(1 << 16);
    EXPECT_TRUE(piece.ok()) << piece.status().ToString();
    if (!piece.ok() || (*piece)->size() == 0) return all;
    all += (*piece)->ToString();
  }
}

TestSink::TestSink(const SinkSpec& spec, const fs::path& staging) {
  auto opened = open_sink(spec, S3Spec{}, staging);
  EXPECT_TRUE(opened) << opened.error().text();
  if (opened) sink_ = *std::move(opened);
}

Result<void> TestSink::try_open(const arrow::Schema& schema, int next_part) {
  return sink_->open(exported(schema), next_part);
}

void TestSink::open(const arrow::Schema& schema, int next_part) {
  auto opened = try_open(schema, next_part);
  ASSERT_TRUE(opened) << opened.error().text();
}

void TestSink::write(const arrow::RecordBatch& batch) {
  auto written = sink_->write(exported(batch));
  ASSERT_TRUE(written) << written.error().text();
}

PartInfo TestSink::publish() {
  auto part = sink_->publish();
  EXPECT_TRUE(part) << part.error().text();
  return part.value_or(PartInfo{});
}

void TestSink::finish(std::int64_t rows) {
  auto finished = sink_->finish(rows);
  ASSERT_TRUE(finished) << finished.error().text();
}

}  // namespace rowcall::files
