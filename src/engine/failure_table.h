// SPDX-License-Identifier: Apache-2.0
// The failure table: every input column of a record that was not answered, and why.
//
// Used on the writing thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/arrow.h"

#include "engine/held_batch.h"
#include "table/schema.h"
#include "table/slice.h"

namespace rowcall::engine {

class FailureTable {
 public:
  /// `input` is the source's schema. Columns of ours whose name is taken there get "rowcall_" in front.
  explicit FailureTable(const ArrowSchema& input);

  /// The input columns, then error_class, status, attempts, message, body_excerpt, source_file, source_row
  /// (the record's number in its file, from 1), source_line (from 1; null where files have no lines) and
  /// row_id (its number over the whole source, from 0).
  OwnedSchema schema() const;
  /// The failed and unreadable records of a batch, in the order of their numbers, in as few arrays as can
  /// be had without copying. `rows` are the batch's readable rows.
  std::vector<OwnedArray> build(const HeldBatch& batch, const table::SharedTable& rows) const;

 private:
  struct Entry;
  OwnedArray rows_of(const std::vector<Entry>& entries, const HeldBatch& batch,
                     const table::SharedTable& rows) const;

  OwnedSchema input_;
  std::vector<table::Column> columns_;
};

}  // namespace rowcall::engine
