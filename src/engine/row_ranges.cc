// SPDX-License-Identifier: Apache-2.0
#include "engine/row_ranges.h"

#include <algorithm>
#include <utility>

#include "table/slice.h"

namespace rowcall::engine {

void RowRanges::add(RowRange range) {
  if (range.first >= range.end) return;
  auto at = ends_.upper_bound(range.first);
  if (at != ends_.begin() && std::prev(at)->second >= range.first) {
    --at;
    range.first = at->first;
  }
  while (at != ends_.end() && at->first <= range.end) {
    range.end = std::max(range.end, at->second);
    at = ends_.erase(at);
  }
  ends_[range.first] = range.end;
}

void RowRanges::remove(RowRange range) {
  if (range.first >= range.end) return;
  auto at = ends_.upper_bound(range.first);
  if (at != ends_.begin() && std::prev(at)->second > range.first) --at;
  while (at != ends_.end() && at->first < range.end) {
    RowRange found{at->first, at->second};
    at = ends_.erase(at);
    if (found.first < range.first) ends_[found.first] = range.first;
    if (found.end > range.end) ends_[range.end] = found.end;
  }
}

void RowRanges::forget_before(std::int64_t row) {
  while (!ends_.empty() && ends_.begin()->first < row) {
    std::int64_t end = ends_.begin()->second;
    ends_.erase(ends_.begin());
    if (end > row) ends_[row] = end;
  }
}

std::vector<RowRange> RowRanges::all() const {
  std::vector<RowRange> ranges;
  for (const auto& [first, end] : ends_) ranges.push_back({first, end});
  return ranges;
}

std::vector<RowRange> RowRanges::missing(RowRange range) const {
  std::vector<RowRange> gaps;
  auto at = ends_.upper_bound(range.first);
  if (at != ends_.begin()) range.first = std::max(range.first, std::prev(at)->second);
  for (; at != ends_.end() && at->first < range.end; ++at) {
    if (range.first < at->first) gaps.push_back({range.first, at->first});
    range.first = at->second;
  }
  if (range.first < range.end) gaps.push_back(range);
  return gaps;
}

std::vector<SourceBatch> without(SourceBatch batch, const RowRanges& done) {
  std::vector<SourceBatch> pieces;
  std::int64_t begin = batch.position.row;
  RowRange whole{begin, begin + batch.records()};
  std::vector<RowRange> gaps = done.missing(whole);
  if (gaps.size() == 1 && gaps[0] == whole) {
    pieces.push_back(std::move(batch));
    return pieces;
  }
  // How many of the records before a number cannot be read.
  auto unreadable_before = [&](std::int64_t number) {
    return std::ranges::lower_bound(batch.unreadable, number, {}, &UnreadableRow::row) -
           batch.unreadable.begin();
  };
  auto rows = batch.rows ? table::share(std::move(batch.rows)) : nullptr;
  for (const RowRange& gap : gaps) {
    auto unreadable_from = unreadable_before(gap.first);
    auto unreadable_to = unreadable_before(gap.end);
    std::int64_t count = gap.end - gap.first - (unreadable_to - unreadable_from);
    SourceBatch piece;
    if (rows) piece.rows = table::side_by_side({{rows, gap.first - begin - unreadable_from}}, count);
    piece.position = batch.position;
    piece.position.row = gap.first;
    piece.position.row_in_file += gap.first - begin;
    if (gap.first != begin) {
      piece.position.byte_offset = -1;
      piece.position.line = 0;
    }
    piece.file = batch.file;
    piece.unreadable.assign(batch.unreadable.begin() + unreadable_from,
                            batch.unreadable.begin() + unreadable_to);
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace rowcall::engine
