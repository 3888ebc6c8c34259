// SPDX-License-Identifier: Apache-2.0
// The source, read ahead on a thread of its own, a few batches and no more.
//
// Belongs to the loop thread; only the source itself is used on the reading thread.
#pragma once

#include <deque>
#include <optional>

#include "rowcall/error.h"
#include "rowcall/event.h"
#include "rowcall/table.h"

#include "loop/async.h"
#include "loop/clock.h"
#include "loop/worker.h"

namespace rowcall::engine {

class Intake {
 public:
  Intake(Executor executor, Clock* clock, Worker* reader, TableSource* source, int batches_ahead_max,
         const Listener* listener);

  /// Reads until the end, an error, or `stop`. Runs beside `next`.
  Async<void> read_ahead();
  /// The next batch; nothing at the end. An error comes once all batches before it have been given out.
  Async<Result<std::optional<SourceBatch>>> next();
  /// Batches read that nobody has taken yet.
  int ahead() const { return static_cast<int>(ahead_.size()); }
  /// No more reading. Waits for nobody; `next` gives nothing from now on.
  void stop();

 private:
  Executor executor_;
  Clock* clock_;
  Worker* reader_;
  TableSource* source_;
  std::size_t batches_ahead_max_;
  const Listener* listener_;
  std::deque<SourceBatch> ahead_;
  std::optional<Error> error_;
  bool ended_ = false;
  bool stopped_ = false;
  Signal changed_;
};

}  // namespace rowcall::engine
