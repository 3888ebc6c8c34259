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
