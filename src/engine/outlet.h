// SPDX-License-Identifier: Apache-2.0
// Where complete batches go: answered rows into the sink, the others into the failure table, part by part.
//
// A part is published whole, failures first, and only then committed; so whatever was not committed can be
// done again without a trace. Before that its answers are made durable, so that doing it again costs no call.
// Used on the writing thread, one call at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "rowcall/run.h"

#include "engine/answer_journal.h"
#include "engine/failure_table.h"
#include "engine/held_batch.h"
#include "engine/progress.h"
#include "engine/unanswered.h"

namespace rowcall::engine {

class Outlet {
 public:
  Outlet(const Host& host, const Job& job, AnswerJournal* journal, const ArrowSchema& input,
         const ArrowSchema& output);

  /// Opens the sink. What an earlier run has committed stays.
  Result<void> open();
  /// Batches of the source, in the order of reading, before anything of them is written.
  void begin(const std::vector<BegunBatch>& batches);
  /// Writes a complete batch; publishes the part when it is full. Where a later run can go on, rows from the
  /// first skipped one on are left out: a table in the order of the input must have no holes. Where none can,
  /// only the skipped ones are: what was answered is all there will ever be.
  Result<void> write(std::unique_ptr<HeldBatch> batch);
  /// Publishes what is open, and, if the table is whole, finishes it.
  Result<void> close(bool whole);
  /// Drops what is open.
  void abort();

  /// Parts published, for events: each is given out once.
  std::vector<PartInfo> take_published();
  /// All of them, once the outlet is closed.
  const std::vector<PartInfo>& all_published() const { return published_; }
  /// Published failure tables of this run.
  const PartInfo& failures() const { return failures_; }
  /// Endings of what was written, by this run and those it goes on from.
  const Counts& written() const { return written_; }
  /// The numbers of the rows that a stop has left out, once the outlet is closed; empty where a later run can
  /// go on.
  const std::vector<std::int64_t>& left_out() const { return left_out_; }

 private:
  Result<void> write_answered(const HeldBatch& batch, const table::SharedTable& rows,
                              const table::SharedTable& answers, std::int64_t count);
  std::int64_t whole_rows(HeldBatch& batch);
  Result<void> write_failed(const HeldBatch& batch, const table::SharedTable& rows);
  Result<void> open_failures();
  Result<void> publish();

  const Host& host_;
  AnswerJournal* journal_;
  std::int64_t part_rows_;
  Order order_;
  FailureTable failure_table_;
  OwnedSchema output_;
  bool failures_open_ = false;
  bool cut_off_ = false;
  std::int64_t rows_in_part_ = 0;
  int parts_ = 0;
  int failure_parts_ = 0;  // of this run
  Progress progress_;
  UnansweredRows unanswered_;  // since the last part of the sink
  Counts written_;
  std::vector<PartInfo> published_;
  std::size_t given_out_ = 0;
  std::vector<std::int64_t> left_out_;
  PartInfo failures_;
};

}  // namespace rowcall::engine
