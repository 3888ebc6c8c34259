// SPDX-License-Identifier: Apache-2.0
// Segments: many rows' endings in one piece of bytes, as docs/ledger.md describes them.
//
// What stands inside a record is the engine's business; here it is framed. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/journal.h"
#include "rowcall/outcome.h"

namespace rowcall::ledger {

/// One row, as it was kept.
struct Record {
  std::int64_t row = 0;
  Ending ending = Ending::kOk;  ///< kOk, kNoMatch or kFailed.
  std::string_view values;      ///< Lives as long as the segment.
};

/// Gathers records into segments of at most 8 MB.
class SegmentWriter {
 public:
  void add(const Record& record);
  bool empty() const { return segments_.empty(); }
  std::int64_t bytes() const { return bytes_; }
  /// What was gathered; leaves this empty.
  std::vector<Segment> take();

 private:
  std::vector<Segment> segments_;
  std::int64_t last_added_ = 0;
  std::int64_t bytes_ = 0;
};

/// Reads the records of a segment, one after the other.
class SegmentReader {
 public:
  /// `segment` must outlive this.
  explicit SegmentReader(const Segment& segment) : rest_(segment.data) {}
  /// The next record; nothing at the end, or when what follows is no record: look at `damaged`.
  std::optional<Record> next();
  bool damaged() const { return damaged_; }

 private:
  std::string_view rest_;
  std::int64_t row_ = 0;
  bool damaged_ = false;
};

}  // namespace rowcall::ledger
