// SPDX-License-Identifier: Apache-2.0
// For the tests of sinks: tables out of JSON, a folder of its own for each test, and what was written.
#pragma once

#include <arrow/table.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/job.h"
#include "rowcall/table.h"

namespace rowcall::files {

/// A folder that goes with the test.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string text(const std::string& name) const { return (path_ / name).string(); }
  std::string content(const std::string& name) const;
  void write(const std::string& name, const std::string& content) const;
  /// The names of all files below, sorted, relative to it.
  std::vector<std::string> files(const std::string& below = "") const;

 private:
  std::filesystem::path path_;
};

/// A batch out of a JSON array of rows, each an object.
std::shared_ptr<arrow::RecordBatch> batch_of(const std::shared_ptr<arrow::Schema>& schema,
                                             const std::string& json);
/// Rows id = from, ... with a name, as {"id": 7, "name": "row 7"}.
std::shared_ptr<arrow::RecordBatch> numbered(std::int64_t from, std::int64_t count);
std::shared_ptr<arrow::Schema> numbered_schema();

OwnedSchema exported(const arrow::Schema& schema);
OwnedArray exported(const arrow::RecordBatch& batch);

/// The whole of a Parquet file.
std::shared_ptr<arrow::Table> parquet_table(const std::string& path);
/// The bytes of a .gz or .zst file, unpacked.
std::string unpacked(const std::string& path);

/// A sink with its workplace, driven as the engine does it. Every step must succeed.
class TestSink {
 public:
  TestSink(const SinkSpec& spec, const std::filesystem::path& staging);

  Result<void> try_open(const arrow::Schema& schema, int next_part = 0);
  void open(const arrow::Schema& schema, int next_part = 0);
  void write(const arrow::RecordBatch& batch);
  PartInfo publish();
  void finish(std::int64_t rows);
  TableSink& sink() { return *sink_; }

 private:
  std::unique_ptr<TableSink> sink_;
};

}  // namespace rowcall::files
