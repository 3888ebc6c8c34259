// SPDX-License-Identifier: Apache-2.0
#include "engine/batch_cutter.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "table/slice.h"

namespace rowcall::engine {
namespace {

constexpr std::int64_t kPieceBytes = 4 << 20;
constexpr std::int64_t kSampleRows = 64;  // enough answers to know their usual size

}  // namespace

void BatchCutter::note_answer(std::size_t bytes, int rows) {
  rows_ += rows;
  bytes_ += static_cast<std::int64_t>(bytes);
}

std::int64_t BatchCutter::rows_per_piece() const {
  if (!keeps_text_) return std::numeric_limits<std::int64_t>::max();
  std::int64_t rows = kSampleRows;
  if (rows_ >= kSampleRows) rows = kPieceBytes / std::max<std::int64_t>(bytes_ / rows_, 1);
  return std::max<std::int64_t>(rows / rows_per_call_, 1) * rows_per_call_;
}

std::vector<SourceBatch> BatchCutter::cut(SourceBatch batch) const {
  std::vector<SourceBatch> pieces;
  std::int64_t most = rows_per_piece();
  if (!batch.rows || batch.rows->length <= most) {
    pieces.push_back(std::move(batch));
    return pieces;
  }
  auto rows = table::share(std::move(batch.rows));
  std::int64_t total = (*rows)->length;
  std::size_t next_unreadable = 0;
  SourcePosition at = batch.position;
  for (std::int64_t from = 0; from < total; from += most) {
    std::int64_t count = std::min(most, total - from);
    SourceBatch piece;
    piece.rows = table::side_by_side({{rows, from}}, count);
    piece.position = at;
    piece.file = batch.file;
    // The piece ends behind its last readable row; the last piece takes what is left.
    std::int64_t end = at.row + count;
    bool last = from + count == total;
    while (next_unreadable < batch.unreadable.size() &&
           (last || batch.unreadable[next_unreadable].row < end)) {
      piece.unreadable.push_back(std::move(batch.unreadable[next_unreadable++]));
      ++end;
    }
    at.row_in_file += piece.records();
    at.row += piece.records();
    at.byte_offset = -1;
    at.line = 0;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace rowcall::engine
