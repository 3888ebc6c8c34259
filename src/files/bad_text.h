// SPDX-License-Identifier: Apache-2.0
// Text in Arrow columns that is not UTF-8: Parquet files may hold it, and nobody checks.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace arrow {
class RecordBatch;
}  // namespace arrow

namespace rowcall::files {

struct BadTextRow {
  std::int64_t row = 0;  ///< In the batch.
  std::string column;
  std::string text;  ///< The first that is not UTF-8, as it stands there.
};

/// The rows that hold text which is not UTF-8, nested values included, in ascending order.
std::vector<BadTextRow> bad_text_rows(const arrow::RecordBatch& batch);

}  // namespace rowcall::files
