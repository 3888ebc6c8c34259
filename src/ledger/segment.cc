// SPDX-License-Identifier: Apache-2.0
#include "ledger/segment.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"

namespace rowcall::ledger {
namespace {

constexpr std::size_t kSegmentBytes = 8 << 20;

}  // namespace

void SegmentWriter::add(const Record& record) {
  if (segments_.empty() || segments_.back().data.size() + record.values.size() > kSegmentBytes) {
    segments_.push_back({record.row, record.row, 0, {}});
    last_added_ = 0;
  }
  Segment& segment = segments_.back();
  std::size_t before = segment.data.size();
  append_signed(segment.data, record.row - last_added_);
  segment.data += static_cast<char>(record.ending);
  append_sized(segment.data, record.values);
  last_added_ = record.row;
  segment.first_row = std::min(segment.first_row, record.row);
  segment.last_row = std::max(segment.last_row, record.row);
  ++segment.rows;
  bytes_ += static_cast<std::int64_t>(segment.data.size() - before);
}

std::vector<Segment> SegmentWriter::take() {
  bytes_ = 0;
  return std::exchange(segments_, {});
}

std::optional<Record> SegmentReader::next() {
  if (damaged_ || rest_.empty()) return std::nullopt;
  std::string_view rest = rest_;
  auto difference = take_signed(rest);
  if (difference && !rest.empty()) {
    auto ending = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    auto values = take_sized(rest);
    std::int64_t row = 0;
    if (values && ending <= static_cast<unsigned char>(Ending::kFailed) &&
        !__builtin_add_overflow(row_, *difference, &row) && row >= 0) {
      rest_ = rest;
      row_ = row;
      return Record{row, static_cast<Ending>(ending), *values};
    }
  }
  damaged_ = true;
  return std::nullopt;
}

}  // namespace rowcall::ledger
