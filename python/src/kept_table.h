// SPDX-License-Identifier: Apache-2.0
// Batches kept in memory, given out as Arrow streams as often as wanted.
//
// Plain ownership, no locks: filled by one thread, then read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/table.h"

#include "table/slice.h"

namespace rowcall::python {

struct KeptTable {
  OwnedSchema schema;
  std::vector<table::SharedTable> batches;

  std::int64_t rows() const;
};

/// A stream over a table; it keeps the table alive.
OwnedStream stream_of(std::shared_ptr<const KeptTable> table);

/// Door: a sink that keeps what is written.
class KeepingSink final : public TableSink {
 public:
  Result<void> open(OwnedSchema schema, int next_part) override;
  Result<void> write(OwnedArray rows) override;
  Result<PartInfo> publish() override;
  Result<void> finish(std::int64_t rows) override;
  void abort() override {}

  /// What was kept; null when the sink was never opened.
  std::shared_ptr<KeptTable> table() const { return table_; }

 private:
  std::shared_ptr<KeptTable> table_;
  std::int64_t published_ = 0;
};

}  // namespace rowcall::python
