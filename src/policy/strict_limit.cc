// SPDX-License-Identifier: Apache-2.0
#include "policy/strict_limit.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace rowcall::policy {

void RoundTripFloor::record(Duration round_trip, Instant now) {
  if (now - turned_at_ >= span_) {
    previous_ = current_;
    current_ = {};
    turned_at_ = now;
  }
  current_.round_trip = std::min(current_.round_trip, round_trip);
  ++current_.of;
  std::int64_t tenth = now.time_since_epoch() / std::chrono::milliseconds(100);
  if (tenth != tenth_) ++current_.tenths;
  tenth_ = tenth;
}

Duration RoundTripFloor::floor() const {
  if (current_.of + previous_.of < kTrustedFrom) return Duration(0);
  if (current_.tenths + previous_.tenths < kTenthsFrom) return Duration(0);
  return std::min(current_.round_trip, previous_.round_trip);
}

StrictLimit::StrictLimit(RateLimit limit, Strictness strictness, Duration guard_max,
                         const RoundTripFloor* floor)
    : horizon_(limit.period + from_seconds(seconds(limit.period) * kDrift)),
      guard_max_(guard_max),
      guess_(guess(limit.period)),
      strictness_(strictness),
      floor_(floor),
      permits_(limit.calls) {
  ROWCALL_ASSERT(limit.calls > 0 && limit.period > Duration(0), "settings refuse empty limits");
}

Duration StrictLimit::guess(Duration period) {
  return std::clamp<Duration>(period / 1000, std::chrono::milliseconds(1), std::chrono::milliseconds(100));
}

Instant StrictLimit::next(Instant now, std::int64_t weight) {
  release_due(now);
  if (live_ + weight <= permits_) return now;
  Instant earliest = Instant::max();
  if (!cooling_.empty()) earliest = cooling_.top().release;
  if (strictness_ == Strictness::kMeasured && !flying_.empty()) {
    earliest = std::min(earliest, flying_.front().first + horizon_ + guard_max_);
  }
  // Permits taken but not yet sent, or (kProof) answers still out: no time is known, so look again soon.
  if (earliest == Instant::max()) earliest = now + guess_;
  // Several may have to come back for a heavy call, or when the number of permits was lowered; the first is a
  // good time to look.
  return earliest;
}

PermitUse StrictLimit::take(Instant now, std::int64_t weight) {
  release_due(now);
  ROWCALL_ASSERT(live_ + weight <= permits_, "a permit was taken that was not there");
  return new_use(State::kTaken, weight);
}

void StrictLimit::sent(PermitUse use, Instant at) {
  Use* u = find(use);
  if (u != nullptr && u->state == State::kAbandoned) {
    free_use(use);
    return;
  }
  ROWCALL_ASSERT(u != nullptr && u->state == State::kTaken, "sent without a permit");
  u->state = State::kFlying;
  u->sent = at;
  if (strictness_ == Strictness::kMeasured) flying_.emplace_back(at, use);
}

void StrictLimit::answered(PermitUse use, Instant at) {
  Use* u = find(use);
  ROWCALL_ASSERT(u == nullptr || u->state != State::kTaken, "an answer to a call that was not sent");
  // Already back by time alone: its answer took longer than any guard.
  if (u == nullptr || u->state != State::kFlying) return;
  u->round_trip = at - u->sent;
  cool(use, strictness_ == Strictness::kProof ? at + horizon_ : u->sent + horizon_ + guard(u->round_trip));
}

void StrictLimit::unanswered(PermitUse use, Instant at) {
  Use* u = find(use);
  ROWCALL_ASSERT(u == nullptr || u->state != State::kTaken, "a call was lost that was not sent");
  // With kMeasured time alone brings it back, after the largest guard.
  if (strictness_ == Strictness::kProof && u != nullptr && u->state == State::kFlying) {
    cool(use, at + horizon_ + guard_max_);
  }
}

void StrictLimit::unsent(PermitUse use) {
  Use* u = find(use);
  ROWCALL_ASSERT(u != nullptr && (u->state == State::kTaken || u->state == State::kAbandoned),
                 "only an unsent permit can be given back");
  free_use(use);
}

void StrictLimit::remember(Instant sent_at, std::int64_t weight) {
  PermitUse use = new_use(State::kCooling, weight);
  Use* u = find(use);
  u->sent = sent_at;
  u->round_trip = guard_max_;  // not known
  cool(use, sent_at + horizon_ + guard_max_);
}

Duration StrictLimit::guard(Duration round_trip) const {
  return std::clamp(round_trip - floor_->floor(), Duration(0), guard_max_);
}

void StrictLimit::release_due(Instant now) {
  while (!flying_.empty()) {
    auto [sent_at, use] = flying_.front();
    const Use* u = find(use);
    bool answered = u == nullptr || u->state != State::kFlying;
    if (!answered && sent_at + horizon_ + guard_max_ > now) break;
    flying_.pop_front();
    if (!answered) free_use(use);
  }
  while (!cooling_.empty() && cooling_.top().release <= now) {
    PermitUse use = cooling_.top().use;
    cooling_.pop();
    // A faster round trip may have been seen since: then this call was delayed more than was thought.
    if (strictness_ == Strictness::kMeasured) {
      const Use* u = find(use);
      Instant release = u->sent + horizon_ + guard(u->round_trip);
      if (release > now) {
        cooling_.push({release, use});
        continue;
      }
    }
    free_use(use);
  }
}

PermitUse StrictLimit::new_use(State state, std::int64_t weight) {
  std::uint32_t index;
  if (free_uses_.empty()) {
    index = static_cast<std::uint32_t>(uses_.size());
    uses_.emplace_back();
  } else {
    index = free_uses_.back();
    free_uses_.pop_back();
  }
  Use& u = uses_[index];
  ++u.generation;
  u.state = state;
  u.weight = weight;
  live_ += weight;
  peak_ = std::max(peak_, live_);
  return static_cast<PermitUse>(u.generation) << 32 | index;
}

StrictLimit::Use* StrictLimit::find(PermitUse use) {
  std::size_t index = use & 0xffffffff;
  if (index >= uses_.size()) return nullptr;
  Use& u = uses_[index];
  return u.generation == use >> 32 ? &u : nullptr;
}

void StrictLimit::free_use(PermitUse use) {
  auto index = static_cast<std::uint32_t>(use & 0xffffffff);
  if (uses_[index].state != State::kAbandoned) live_ -= uses_[index].weight;
  uses_[index].state = State::kFree;
  free_uses_.push_back(index);
}

std::int64_t StrictLimit::held(Instant now) {
  release_due(now);
  return std::max(permits_, live_);
}

std::int64_t StrictLimit::take_peak() {
  return std::exchange(peak_, live_);
}

void StrictLimit::abandon() {
  permits_ = 0;
  live_ = 0;
  peak_ = 0;
  flying_.clear();
  cooling_ = {};
  for (std::uint32_t index = 0; index < uses_.size(); ++index) {
    Use& u = uses_[index];
    // One that is about to be written has its owner, who will still name it.
    if (u.state == State::kTaken || u.state == State::kAbandoned) {
      u.state = State::kAbandoned;
    } else if (u.state != State::kFree) {
      u.state = State::kFree;
      free_uses_.push_back(index);
    }
  }
}

void StrictLimit::count_cooling(Instant now, Duration slice, std::span<std::int64_t> slices) const {
  for (const Use& u : uses_) {
    if (u.state == State::kFree || u.state == State::kAbandoned) continue;
    // Without an answer nobody knows: as late as can be.
    std::size_t at = slices.size() - 1;
    if (u.state == State::kCooling && strictness_ == Strictness::kMeasured) {
      Duration left = u.sent + horizon_ + guard(u.round_trip) - now;
      at = std::min(at, static_cast<std::size_t>(std::max(left, Duration(0)) / slice));
    }
    slices[at] += u.weight;
  }
}

void StrictLimit::cool(PermitUse use, Instant release) {
  find(use)->state = State::kCooling;
  cooling_.push({release, use});
}

}  // namespace rowcall::policy
