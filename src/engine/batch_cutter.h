// SPDX-License-Identifier: Apache-2.0
// Source batches -> pieces small enough that their answers fit into memory.
//
// A batch of 1,000 rows whose answers are a megabyte each would hold a gigabyte. So the size of answers is
// watched, and batches are cut, without copying, to about four megabytes of answers each. Belongs to the
// loop thread.
#pragma once

#include <cstdint>
#include <vector>

#include "rowcall/table.h"

namespace rowcall::engine {

class BatchCutter {
 public:
  /// `keeps_text`: an answer's text is kept in some column; otherwise nothing needs to be cut. Pieces are cut
  /// between calls of `rows_per_call` rows, so that cutting makes no call more.
  BatchCutter(bool keeps_text, int rows_per_call) : keeps_text_(keeps_text), rows_per_call_(rows_per_call) {}

  /// An answer to that many rows has come.
  void note_answer(std::size_t bytes, int rows);
  /// The batch in pieces, in order; mostly just the batch.
  std::vector<SourceBatch> cut(SourceBatch batch) const;

 private:
  std::int64_t rows_per_piece() const;

  bool keeps_text_;
  std::int64_t rows_per_call_;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace rowcall::engine
