// SPDX-License-Identifier: Apache-2.0
#include "engine/window.h"

#include <algorithm>
#include <utility>

namespace rowcall::engine {

HeldBatch* Window::admit(std::unique_ptr<HeldBatch> batch) {
  rows_held_ += batch->source.records();
  bytes_held_ += batch->bytes();
  std::int64_t bytes = batch->bytes();
  batches_.push_back({std::move(batch), bytes});
  return batches_.back().batch.get();
}

void Window::changed(HeldBatch* batch) {
  // Few batches are held at a time: looking through them is cheaper than keeping an index.
  auto held = std::ranges::find_if(batches_, [&](const Held& h) { return h.batch.get() == batch; });
  bytes_held_ += batch->bytes() - held->bytes;
  held->bytes = batch->bytes();
}

std::unique_ptr<HeldBatch> Window::take_complete() {
  auto held = batches_.begin();
  if (order_ == Order::kAny) {
    held = std::ranges::find_if(batches_, [](const Held& h) { return h.batch->complete(); });
  }
  if (held == batches_.end() || !held->batch->complete()) return nullptr;
  rows_held_ -= held->batch->source.records();
  bytes_held_ -= held->bytes;
  auto batch = std::move(held->batch);
  batches_.erase(held);
  return batch;
}

}  // namespace rowcall::engine
