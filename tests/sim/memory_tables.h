// SPDX-License-Identifier: Apache-2.0
// A source that makes rows up, and a sink that keeps them: tables for tests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rowcall/table.h"

#include "table/row_reader.h"

namespace rowcall::sim {

/// Rows {"id": 0, "name": "row 0"}, {"id": 1, ...}, in batches; some records unreadable.
class MemorySource final : public TableSource {
 public:
  struct Options {
    std::int64_t rows = 1000;
    std::int64_t batch_rows = 100;
    std::function<bool(std::int64_t)> unreadable;  ///< Of a record's number; may be empty.
    std::int64_t fails_at = -1;                    ///< Reading this record ends in an error.
  };
  explicit MemorySource(Options options) : options_(std::move(options)) {}

  Result<OwnedSchema> schema() override;
  Result<SourceInfo> info() override;
  Result<std::optional<SourceBatch>> next() override;
  Result<void> seek(const SourcePosition& to) override;

 private:
  Options options_;
  std::int64_t at_ = 0;
};

/// Keeps rows as JSON objects. A part becomes visible with `publish`.
class MemorySink final : public TableSink {
 public:
  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override;

  /// Makes the write or publish with this number (from 0, counted together) fail.
  void fail_at(int operation) { fail_at_ = operation; }

  const std::vector<std::string>& rows() const { return published_; }
  bool finished() const { return finished_; }
  std::vector<std::string> columns() const { return columns_; }

 private:
  Result<void> maybe_fail();

  OwnedSchema schema_;
  std::vector<std::string> columns_;
  std::vector<std::string> open_part_;
  std::vector<std::string> published_;
  bool finished_ = false;
  int operations_ = 0;
  int fail_at_ = -1;
};

}  // namespace rowcall::sim
