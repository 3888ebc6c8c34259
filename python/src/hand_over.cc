// SPDX-License-Identifier: Apache-2.0
#include "python/src/hand_over.h"

#include <utility>

namespace rowcall::python {

HandOver::Turn HandOver::wait_until(std::chrono::steady_clock::time_point time_is_up) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!output_.empty()) return Turn::kBatch;
    if (over_) return Turn::kOver;
    if (input_wanted_ && !input_ended_ && !stop_reading_) return Turn::kInput;
    if (for_consumer_.wait_until(lock, time_is_up) == std::cv_status::timeout) return Turn::kNothing;
  }
}

void HandOver::give(std::vector<SourceBatch> batches) {
  std::lock_guard lock(mutex_);
  for (SourceBatch& batch : batches) input_.push_back(std::move(batch));
  if (!input_.empty()) input_wanted_ = false;
  for_run_.notify_all();
}

void HandOver::end_input(std::optional<Error> error) {
  std::lock_guard lock(mutex_);
  input_ended_ = true;
  input_error_ = std::move(error);
  for_run_.notify_all();
}

OwnedArray HandOver::take() {
  std::lock_guard lock(mutex_);
  if (output_.empty()) return {};
  OwnedArray rows = std::move(output_.front());
  output_.pop_front();
  rows_waiting_ -= rows->length;
  for_run_.notify_all();
  return rows;
}

void HandOver::stop_reading() {
  std::lock_guard lock(mutex_);
  stop_reading_ = true;
  for_run_.notify_all();
}

void HandOver::close() {
  std::deque<OwnedArray> dropped;
  std::lock_guard lock(mutex_);
  stop_reading_ = true;
  closed_ = true;
  std::swap(dropped, output_);
  for_run_.notify_all();
}

Result<std::optional<SourceBatch>> HandOver::next_input() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stop_reading_) {
      return failure({ErrorCode::kStopped, "the run", "stopped on request", "", "Run again to go on."});
    }
    if (!input_.empty()) {
      std::optional<SourceBatch> batch(std::move(input_.front()));
      input_.pop_front();
      return batch;
    }
    if (input_error_) return failure(*input_error_);
    if (input_ended_) return std::optional<SourceBatch>();
    input_wanted_ = true;
    for_consumer_.notify_all();
    for_run_.wait(lock);
  }
}

void HandOver::put(OwnedArray rows) {
  std::unique_lock lock(mutex_);
  while (rows_waiting_ >= rows_waiting_max_ && !closed_) for_run_.wait(lock);
  if (closed_) return;
  rows_waiting_ += rows->length;
  output_.push_back(std::move(rows));
  for_consumer_.notify_all();
}

void HandOver::over() {
  std::lock_guard lock(mutex_);
  over_ = true;
  for_consumer_.notify_all();
}

}  // namespace rowcall::python
