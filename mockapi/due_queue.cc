// SPDX-License-Identifier: Apache-2.0
#include "mockapi/due_queue.h"

#include <utility>

#include "mockapi/clocks.h"
#include "mockapi/connection.h"

namespace rowcall::mockapi {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(1);

Instant next_tick(Instant due) {
  Duration past = due.time_since_epoch() % kTick;
  return past == Duration::zero() ? due : due + (kTick - past);
}

}  // namespace

void DueQueue::add(Instant due, std::shared_ptr<Connection> connection, std::uint64_t call) {
  auto [bucket, fresh] = buckets_.try_emplace(next_tick(due));
  if (fresh) bucket->second.swap(spare_);
  bucket->second.push_back({std::move(connection), call});
  if (fresh) arm();
}

void DueQueue::clear() {
  buckets_.clear();
  armed_.reset();
  timer_.cancel();
}

void DueQueue::arm() {
  if (buckets_.empty()) return;
  const Instant tick = buckets_.begin()->first;
  if (armed_ && *armed_ <= tick) return;
  armed_ = tick;
  timer_.expires_at(tick);
  timer_.async_wait([this](const error_code& error) {
    if (!error) fire();
  });
}

void DueQueue::fire() {
  armed_.reset();
  const Instant now = steady_now();
  while (!buckets_.empty() && buckets_.begin()->first <= now) {
    // Taken out first: answering may close connections and add entries.
    Bucket bucket = std::move(buckets_.begin()->second);
    buckets_.erase(buckets_.begin());
    for (Entry& entry : bucket) entry.connection->answer_due(entry.call);
    bucket.clear();
    if (spare_.capacity() < bucket.capacity()) spare_.swap(bucket);
  }
  arm();
}

}  // namespace rowcall::mockapi
