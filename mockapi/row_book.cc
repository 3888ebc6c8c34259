// SPDX-License-Identifier: Apache-2.0
#include "mockapi/row_book.h"

namespace rowcall::mockapi {

RowBook::Before RowBook::arrived(std::uint64_t row, std::uint64_t body) {
  Shard& shard = shard_of(row);
  const auto mark = static_cast<std::uint32_t>(body >> 34);
  auto known = shard.find(row);
  if (known == shard.end()) {
    if (static_cast<std::size_t>(counts_.unique) >= rows_max_) {
      ++counts_.not_tracked;
      return {};
    }
    ++counts_.unique;
    shard.emplace(row, Entry{1, mark & 0x3fffffff, 0});
    return {};
  }
  Entry& entry = known->second;
  Before before{entry.arrivals, entry.body_mark != mark};
  if (entry.arrivals == 1) ++counts_.arrived_twice;
  if (entry.arrivals != UINT32_MAX) ++entry.arrivals;
  return before;
}

void RowBook::answered(std::uint64_t row) {
  Shard& shard = shard_of(row);
  auto known = shard.find(row);
  if (known == shard.end()) return;
  Entry& entry = known->second;
  if (entry.answers == 0) ++counts_.answered;
  if (entry.answers == 1) ++counts_.answered_twice;
  if (entry.answers < 2) entry.answers = static_cast<std::uint32_t>(entry.answers + 1) & 3;
}

}  // namespace rowcall::mockapi
