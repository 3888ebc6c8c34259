// SPDX-License-Identifier: Apache-2.0
#include "engine/held_batch.h"

#include "base/assert.h"

namespace rowcall::engine {

HeldBatch::HeldBatch(SourceBatch source_batch, std::int64_t bytes, const std::vector<table::Column>* columns)
    : source(std::move(source_batch)),
      endings(static_cast<std::size_t>(rows())),
      answers(columns, rows()),
      open(rows()),
      input_bytes(bytes) {
  for (const UnreadableRow& row : source.unreadable) {
    failure_bytes += static_cast<std::int64_t>(row.reason.size() + row.excerpt.size());
  }
}

// Unreadable records lie between the readable ones and take a number too.
std::int64_t HeldBatch::number(std::int64_t index) const {
  std::int64_t number = source.position.row + index;
  for (const UnreadableRow& row : source.unreadable) {
    if (row.row > number) break;
    ++number;
  }
  return number;
}

std::int64_t HeldBatch::index_of(std::int64_t number) const {
  std::int64_t index = number - source.position.row;
  for (const UnreadableRow& row : source.unreadable) {
    if (row.row == number) return -1;
    if (row.row > number) break;
    --index;
  }
  return index >= 0 && index < rows() ? index : -1;
}

mapping::RowSpan HeldBatch::open_rows(std::int64_t from, std::int64_t rows_per_call) const {
  auto is_open = [&](std::int64_t index) { return !endings[static_cast<std::size_t>(index)]; };
  while (from < rows() && !is_open(from)) ++from;
  std::int64_t most = std::min(rows(), (from / rows_per_call + 1) * rows_per_call);
  std::int64_t end = from;
  while (end < most && is_open(end)) ++end;
  return {from, static_cast<int>(end - from)};
}

void HeldBatch::end(std::int64_t index, Ending ending) {
  auto& place = endings[static_cast<std::size_t>(index)];
  ROWCALL_ASSERT(!place.has_value(), "a row ends once");
  place = ending;
  --open;
}

void HeldBatch::fail(FailedRow row) {
  failure_bytes +=
      static_cast<std::int64_t>(sizeof(FailedRow) + row.message.size() + row.body_excerpt.size());
  end(row.index, Ending::kFailed);
  failed.push_back(std::move(row));
}

void HeldBatch::cut(std::int64_t count) {
  std::int64_t first_gone = number(count);
  std::erase_if(failed, [&](const FailedRow& row) { return row.index >= count; });
  std::erase_if(source.unreadable, [&](const UnreadableRow& row) { return row.row >= first_gone; });
}

}  // namespace rowcall::engine
