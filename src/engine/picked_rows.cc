// SPDX-License-Identifier: Apache-2.0
#include "engine/picked_rows.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "table/slice.h"

namespace rowcall::engine {

PickedRows::PickedRows(TableSource* source, std::vector<std::int64_t> numbers)
    : source_(source), numbers_(std::move(numbers)) {}

Result<SourceInfo> PickedRows::info() {
  TRY(SourceInfo info, source_->info());
  info.rows = static_cast<std::int64_t>(numbers_.size());
  info.rows_exact = true;
  return info;
}

Result<std::optional<SourceBatch>> PickedRows::next() {
  std::optional<SourceBatch> out;
  while (picked_.empty() && next_ < numbers_.size()) {
    TRY(std::optional<SourceBatch> batch, source_->next());
    if (!batch) {
      return failure({ErrorCode::kChanged, "the source",
                      "it ends before row " + std::to_string(numbers_[next_] + 1), "the rows it had", ""});
    }
    pick_from(*std::move(batch));
  }
  if (picked_.empty()) return out;
  out = std::move(picked_.front());
  picked_.pop_front();
  return out;
}

// Every run of neighbouring picked rows becomes a batch of its own, cut out without copying.
void PickedRows::pick_from(SourceBatch batch) {
  std::int64_t end = batch.position.row + batch.records();
  if (numbers_[next_] >= end || !batch.rows) return;
  std::vector<std::int64_t> unreadable;
  for (const UnreadableRow& row : batch.unreadable) unreadable.push_back(row.row);
  // The index of a record among the readable ones, or -1 if it is none of them.
  auto index_of = [&](std::int64_t number) -> std::int64_t {
    auto place = std::ranges::lower_bound(unreadable, number);
    if (place != unreadable.end() && *place == number) return -1;
    return number - batch.position.row - (place - unreadable.begin());
  };
  auto rows = table::share(std::move(batch.rows));
  while (next_ < numbers_.size() && numbers_[next_] < end) {
    std::int64_t first = numbers_[next_++];
    std::int64_t index = index_of(first);
    if (index < 0) continue;
    std::int64_t count = 1;
    while (next_ < numbers_.size() && numbers_[next_] == first + count && numbers_[next_] < end &&
           index_of(first + count) == index + count) {
      ++count;
      ++next_;
    }
    SourceBatch picked;
    picked.rows = table::side_by_side({{rows, index}}, count);
    picked.file = batch.file;
    picked.position = batch.position;
    picked.position.row = first;
    picked.position.row_in_file += first - batch.position.row;
    picked.position.byte_offset = -1;
    picked_.push_back(std::move(picked));
  }
}

}  // namespace rowcall::engine
