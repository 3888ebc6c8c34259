// SPDX-License-Identifier: Apache-2.0
// How far a table has been written: where a later run would go on reading, and what is done beyond that.
//
// Reading always goes on at the start of a batch of the source, so that batches, and the calls made of
// them, are cut the same way each time. Pure; one thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "rowcall/journal.h"
#include "rowcall/table.h"

#include "engine/row_ranges.h"

namespace rowcall::engine {

/// A batch of the source that the run has begun with.
struct BegunBatch {
  SourcePosition start;
  std::int64_t records = 0;  ///< Of it, not yet in a part.
};

class Progress {
 public:
  explicit Progress(const Commit& resume) : end_(resume.next), done_(resume.beyond) {}

  /// In the order of reading; each before anything of it is written.
  void begun(const BegunBatch& batch);
  /// Records of one batch, from `from` on, are in the open part.
  void written(const SourcePosition& from, std::int64_t records);

  /// The start of the first batch that is not wholly written, or the end of all.
  SourcePosition next() const { return open_.empty() ? end_ : open_.begin()->second.start; }
  /// What is written from `next` on.
  std::vector<RowRange> beyond();

 private:
  std::map<std::int64_t, BegunBatch> open_;  // by first row; `records` counts down
  SourcePosition end_;                       // behind the last record written or done
  RowRanges done_;
};

}  // namespace rowcall::engine
