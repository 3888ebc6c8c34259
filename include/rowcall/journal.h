// SPDX-License-Identifier: Apache-2.0
// What a run remembers of itself while it goes on, so that a later one pays for nothing twice.
//
// The engine decides what is kept and when (docs/ledger.md); a host decides where: the command line in a
// SQLite file, others wherever bytes are durable. Plain data and functions.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/report.h"
#include "rowcall/table.h"
#include "rowcall/time.h"

namespace rowcall {

/// The answers and failures that came between two syncs, as the engine writes them down.
struct Segment {
  std::int64_t first_row = 0;  ///< The smallest row number in it, over the whole source.
  std::int64_t last_row = 0;   ///< The largest.
  std::int64_t rows = 0;
  std::string data;  ///< At most 8 MB, unless a single answer is longer.
};

/// How far calls may have come.
struct SendMark {
  std::int64_t before = 0;  ///< No call was sent for this row or a later one.
  /// Calls that were sent, or waited for another attempt: from before the first call until the run has ended
  /// in good order at least 1, so that a run that was killed can be told from one that was not.
  std::int64_t under_way = 0;

  bool operator==(const SendMark&) const = default;
};

/// Rows from `first` up to, but without, `end`.
struct RowRange {
  std::int64_t first = 0;
  std::int64_t end = 0;
  bool operator==(const RowRange&) const = default;
};

/// Records that ended without an answer, all for the same reason.
struct Unanswered {
  std::string error_class;  ///< "unreadable" for records that could not be read.
  int status = 0;
  int attempts = 0;
  std::string message;
  std::vector<RowRange> rows;  ///< Ascending; no two touch.
};

/// A part is durable: from here a later run can go on.
struct Commit {
  PartInfo part;
  int parts = 0;          ///< Published so far, this one included.
  int failure_parts = 0;  ///< The same for the failure table.
  SourcePosition next;    ///< Where reading goes on; every record before it is in a part.
  /// Records from `next` on that are in parts all the same, ascending.
  std::vector<RowRange> beyond;
  Counts counts;  ///< Of the records in parts.
  /// Records since the last commit that had a part of the sink, this one included, which are in the failure
  /// table and not in the sink.
  std::vector<Unanswered> unanswered;
  WallTime noted_at{};  ///< When it was noted at the sink; 1970: nobody knows.
};

/// Where answers are kept until their part is published. The functions are called one at a time, from
/// different threads of the run; they may block.
struct Journal {
  /// Makes all of this durable, in one piece: whatever happens afterwards, `read` gives all of it or none. An
  /// error ends the run. `segments` may be empty. Empty function: nothing is kept.
  std::function<Result<void>(const std::vector<Segment>& segments, const SendMark& mark)> keep;
  /// Every segment that holds a row of the range; may give more. Only segments of earlier runs are asked for.
  std::function<Result<std::vector<Segment>>(RowRange range)> read;
  /// No earlier run has kept this row or a later one.
  std::int64_t kept_before = 0;
  /// The last mark that an earlier run has kept; nothing was under way when it ended in good order.
  SendMark mark;
};

}  // namespace rowcall
