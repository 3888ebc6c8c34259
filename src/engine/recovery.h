// SPDX-License-Identifier: Apache-2.0
// Where a run goes on of which nothing is left but the commits of its parts: its run directory was lost.
//
// Rows that were answered are done. Rows that had failed, and records that could not be read, have to be read
// again, since their failure table is lost; but their reasons are known, so nothing is called for them, and
// they end in the new failure table as they had ended in the old one. All other rows are called.
//
// Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rowcall/journal.h"

#include "engine/row_ranges.h"

namespace rowcall::engine {

/// What the note of a part proves of the calls before it.
struct NotedTries {
  WallTime at;            ///< Of the note: all of them were sent before.
  std::int64_t rows = 0;  ///< Each row counts as often as it is known to have been tried.
  bool operator==(const NotedTries&) const = default;
};

class Recovery {
 public:
  /// The commits of all parts of the sink, in their order.
  void add(Commit commit);

  /// Where the run goes on: `failure_parts` is 0, and what had no answer is not among its counts.
  Commit commit() const;
  /// Rows of the parts that had failed, and records that could not be read.
  std::int64_t failed() const { return failed_; }
  std::int64_t unreadable() const { return unreadable_; }
  /// Part by part. How often a row was tried before it was answered is not noted: it counts once.
  const std::vector<NotedTries>& tries() const { return tries_; }

  /// What the lost ledger would say of the failed rows, in pieces; none at the end.
  std::vector<Segment> next_segments();

 private:
  Commit last_;
  std::vector<SourcePosition> starts_;  // from which reading could go on
  std::vector<Unanswered> failures_;
  std::vector<NotedTries> tries_;
  RowRanges unanswered_;
  std::int64_t failed_ = 0;
  std::int64_t unreadable_ = 0;
  std::size_t next_reason_ = 0;
  std::size_t next_range_ = 0;
  std::int64_t next_in_range_ = 0;
};

}  // namespace rowcall::engine
