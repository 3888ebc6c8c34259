// SPDX-License-Identifier: Apache-2.0
#include "engine/intake.h"

#include <utility>

namespace rowcall::engine {

Intake::Intake(Executor executor, Clock* clock, Worker* reader, TableSource* source, int batches_ahead_max,
               const Listener* listener)
    : executor_(executor),
      clock_(clock),
      reader_(reader),
      source_(source),
      batches_ahead_max_(static_cast<std::size_t>(batches_ahead_max)),
      listener_(listener),
      changed_(executor) {}

Async<void> Intake::read_ahead() {
  auto read_one = [source = source_] { return source->next(); };
  while (!ended_ && !stopped_) {
    if (ahead_.size() >= batches_ahead_max_) {
      co_await changed_.wait();
      continue;
    }
    Instant began = clock_->now();
    auto task = reader_->run(executor_, read_one);
    Result<std::optional<SourceBatch>> batch = co_await std::move(task);
    ended_ = !batch || !batch->has_value();
    if (!batch) error_ = batch.error();
    if (!ended_) {
      if (*listener_) (*listener_)(BatchRead{(*batch)->records(), clock_->now() - began});
      ahead_.push_back(*std::move(*batch));
    }
    changed_.raise();
  }
  changed_.raise();
}

Async<Result<std::optional<SourceBatch>>> Intake::next() {
  while (ahead_.empty() && !ended_ && !stopped_) co_await changed_.wait();
  std::optional<SourceBatch> batch;
  if (stopped_) co_return batch;
  if (ahead_.empty()) {
    if (error_) co_return failure(*error_);
    co_return batch;
  }
  batch = std::move(ahead_.front());
  ahead_.pop_front();
  changed_.raise();
  co_return batch;
}

void Intake::stop() {
  stopped_ = true;
  changed_.raise();
}

}  // namespace rowcall::engine
