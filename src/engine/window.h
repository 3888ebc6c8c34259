// SPDX-License-Identifier: Apache-2.0
// The batches that are on their way, in the order in which they were read.
//
// Bounds what a run holds in memory: rows and bytes. A batch is admitted whole; once admitted, all of its
// rows may be called, so a full window always empties itself. Belongs to the loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>

#include "rowcall/job.h"

#include "engine/held_batch.h"

namespace rowcall::engine {

class Window {
 public:
  Window(Order order, std::int64_t rows_held_max, std::int64_t bytes_held_max)
      : order_(order), rows_held_max_(rows_held_max), bytes_held_max_(bytes_held_max) {}

  /// True when another batch may be admitted. An empty window has room for anything.
  bool has_room() const {
    return batches_.empty() || (rows_held_ < rows_held_max_ && bytes_held_ < bytes_held_max_);
  }
  HeldBatch* admit(std::unique_ptr<HeldBatch> batch);
  /// A row of the batch has ended, or its answers have grown.
  void changed(HeldBatch* batch);
  /// The next batch to write: the oldest one if it is complete, with Order::kAny any complete one.
  std::unique_ptr<HeldBatch> take_complete();

  bool empty() const { return batches_.empty(); }
  std::int64_t rows_held() const { return rows_held_; }
  std::int64_t bytes_held() const { return bytes_held_; }

 private:
  struct Held {
    std::unique_ptr<HeldBatch> batch;
    std::int64_t bytes;
  };

  Order order_;
  std::int64_t rows_held_max_;
  std::int64_t bytes_held_max_;
  std::int64_t rows_held_ = 0;
  std::int64_t bytes_held_ = 0;
  std::deque<Held> batches_;
};

}  // namespace rowcall::engine
