// SPDX-License-Identifier: Apache-2.0
// Making answers durable: one sync for all that came in a tenth of a second.
#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/run_state.h"

namespace rowcall::engine {

using namespace std::chrono_literals;

namespace {

constexpr Duration kSyncEvery = 100ms;
constexpr Duration kBehind = 1s;  // a sync that takes longer holds up new calls
constexpr double kAheadS = 0.2;   // how far announcements run ahead of the calls
constexpr double kAheadRowsLeast = 64;
constexpr double kAheadRowsMost = 10'000;

}  // namespace

// Called often; begins a sync when one is due and none is going on.
void Run::sync_when_due(Instant now) {
  if (syncing_ || !journal_.on()) return;
  if (now - sync_begun_ < kSyncEvery && !journal_.is_large()) return;
  begin_sync(now);
}

void Run::begin_sync(Instant now) {
  journal_.set_mark(mark_now());
  if (syncing_ || !journal_.has_news()) return;
  syncing_ = true;
  sync_begun_ = now;
  spawn(sync_journal());
}

SendMark Run::mark_now() const {
  std::int64_t under_way = may_have_sent_ ? std::max(calls_open_, 1) : 0;
  return {std::max(sent_before_, announced_), std::max(under_way, unlogged_before_)};
}

// What will be true when nothing is under way any more. Rows of an earlier run which were in doubt, and which
// this one has not come to, stay so.
SendMark Run::mark_at_rest() const {
  if (prepared_.requests.repeatable() || sent_before_ >= journal_.may_be_sent_before())
    return {0, unlogged_before_};
  return {journal_.may_be_sent_before(), unlogged_before_};
}

Async<void> Run::sync_journal() {
  auto sync = [this] { return journal_.sync(); };
  auto running = syncer_.run(executor_, sync);
  Result<void> synced = co_await std::move(running);
  syncing_ = false;
  tell(LedgerSynced{clock_->now() - sync_begun_});
  synced_.raise();
  gate_.wanted().raise();
  // What cannot be made durable must not be paid for.
  if (!synced) stop(RunEnd::kFailed, std::move(synced).error(), /*at_once=*/false);
}

bool Run::journal_behind() const {
  return syncing_ && (journal_.is_large() || clock_->now() - sync_begun_ > kBehind);
}

// Waits, once, until a durable mark says that something may have been sent: a run that is killed right after
// its first calls has logged none of them.
Async<void> Run::mark_first_call() {
  may_have_sent_ = true;
  journal_.set_mark(mark_now());
  while (journal_.on() && !journal_.durable_under_way() && !gate_.stopping()) {
    begin_sync(clock_->now());
    co_await synced_.wait();
  }
  first_call_marked_ = true;
}

// Waits until a durable mark says that calls up to row `end` may have been sent. Only for calls that may not
// be repeated: after a kill nobody could say which of them were.
Async<void> Run::announce(std::int64_t end) {
  while (journal_.on() && journal_.durable_before() < end && !gate_.stopping()) {
    if (announced_ < end) {
      double ahead = policies_.limiter.rate_per_s() * kAheadS;
      ahead = std::isinf(ahead) ? kAheadRowsMost : std::clamp(ahead, kAheadRowsLeast, kAheadRowsMost);
      announced_ = end + static_cast<std::int64_t>(ahead);
    }
    begin_sync(clock_->now());
    co_await synced_.wait();
  }
}

}  // namespace rowcall::engine
