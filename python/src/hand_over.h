// SPDX-License-Identifier: Apache-2.0
// Where batches change hands between the threads of a run and the one thread that consumes its answers.
//
// The run asks for input on its reading thread and waits; the consumer is told so, pulls from the user's
// stream on its own thread, and gives. The other way round, the run waits while the consumer has answers
// enough. So no thread of ours ever calls the user's code.
//
// Any thread; one reader, one writer, one consumer at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "rowcall/arrow.h"
#include "rowcall/error.h"
#include "rowcall/table.h"

namespace rowcall::python {

class HandOver {
 public:
  /// What the consumer should do next.
  enum class Turn {
    kNothing,  ///< Time is up: ask again.
    kInput,    ///< Pull from the input, and `give` or `end_input`.
    kBatch,    ///< `take`.
    kOver,     ///< The run has ended, and everything was taken.
  };
  /// `rows_waiting_max`: with so many answered rows waiting, the run waits too.
  explicit HandOver(std::int64_t rows_waiting_max) : rows_waiting_max_(rows_waiting_max) {}

  // The consumer's side.
  Turn wait_until(std::chrono::steady_clock::time_point time_is_up);
  void give(std::vector<SourceBatch> batches);
  void end_input(std::optional<Error> error);
  /// Nothing when there is nothing to take.
  OwnedArray take();

  // From any side.
  /// The run is to stop: whoever waits for input gets an error of kind kStopped.
  void stop_reading();
  /// Nobody consumes any more: answers are dropped from now on.
  void close();

  // The run's side.
  Result<std::optional<SourceBatch>> next_input();
  void put(OwnedArray rows);
  void over();

 private:
  const std::int64_t rows_waiting_max_;
  std::mutex mutex_;
  std::condition_variable for_consumer_;
  std::condition_variable for_run_;
  std::deque<SourceBatch> input_;
  std::optional<Error> input_error_;
  bool input_ended_ = false;
  bool input_wanted_ = false;
  bool stop_reading_ = false;
  std::deque<OwnedArray> output_;
  std::int64_t rows_waiting_ = 0;
  bool closed_ = false;
  bool over_ = false;
};

}  // namespace rowcall::python
