// SPDX-License-Identifier: Apache-2.0
#include "policy/strict_limit.h"

#include <algorithm>

#include "base/assert.h"

namespace rowcall::policy {

void RoundTripFloor::record(Duration round_trip, Instant now) {
  if (now - turned_at_ >= kSpan) {
    previous_ = current_;
    current_ = Duration::max();
    turned_at_ = now;
  }
  current_ = std::min(current_, round_trip);
}

Duration RoundTripFloor::floor() const {
  Duration smallest = std::min(current_, previous_);
  return smallest == Duration::max() ? Duration(0) : smallest;
}

StrictLimit::StrictLimit(RateLimit limit, Strictness strictness, Duration guard_max,
                         const RoundTripFloor* floor)
    : horizon_(limit.period + from_seconds(seconds(limit.period) * kDrift)),
      guard_max_(guard_max),
      strictness_(strictness),
      floor_(floor),
      permits_(limit.calls) {
  ROWCALL_ASSERT(limit.calls > 0 && limit.period > Duration(0), "settings refuse empty limits");
}

Instant StrictLimit::next(Instant now) {
  release_due(now);
  if (live_ < permits_) return now;
  Instant earliest = Instant::max();
  if (!cooling_.empty()) earliest = cooling_.top().release;
  if (strictness_ == Strictness::kMeasured && !flying_.empty()) {
    earliest = std::min(earliest, flying_.front().first + horizon_ + guard_max_);
  }
  // Permits taken but not yet sent, or (kProof) answers still out: look again soon.
  if (earliest == Instant::max()) earliest = now + std::chrono::milliseconds(1);
  // Several may have to come back when the number of permits was lowered; the first is a good time to look.
  return std::max(earliest, now + Duration(1));
}

PermitUse StrictLimit::take(Instant now) {
  release_due(now);
  ROWCALL_ASSERT(live_ < permits_, "a permit was taken that was not there");
  return new_use(State::kTaken);
}

void StrictLimit::sent(PermitUse use, Instant at) {
  Use* u = find(use);
  ROWCALL_ASSERT(u != nullptr && u->state == State::kTaken, "sent without a permit");
  u->state = State::kFlying;
  u->sent = at;
  if (strictness_ == Strictness::kMeasured) flying_.emplace_back(at, use);
}

void StrictLimit::answered(PermitUse use, Instant at) {
  Use* u = find(use);
  // Already back by time alone: its answer took longer than any guard.
  if (u == nullptr || u->state != State::kFlying) return;
  u->round_trip = at - u->sent;
  cool(use, strictness_ == Strictness::kProof ? at + horizon_ : u->sent + horizon_ + guard(u->round_trip));
}

void StrictLimit::unsent(PermitUse use) {
  Use* u = find(use);
  ROWCALL_ASSERT(u != nullptr && u->state == State::kTaken, "only an unsent permit can be given back");
  free_use(use);
}

void StrictLimit::remember(Instant sent_at) {
  PermitUse use = new_use(State::kCooling);
  Use* u = find(use);
  u->sent = sent_at;
  u->round_trip = Duration::max();  // not known: the largest guard
  cool(use, sent_at + horizon_ + guard_max_);
}

Duration StrictLimit::guard(Duration round_trip) const {
  if (round_trip == Duration::max()) return guard_max_;
  return std::clamp(round_trip - floor_->floor(), Duration(0), guard_max_);
}

void StrictLimit::release_due(Instant now) {
  while (!flying_.empty() && flying_.front().first + horizon_ + guard_max_ <= now) {
    PermitUse use = flying_.front().second;
    flying_.pop_front();
    Use* u = find(use);  // null when it was answered long ago
    if (u != nullptr && u->state == State::kFlying) free_use(use);
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

PermitUse StrictLimit::new_use(State state) {
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
  ++live_;
  return static_cast<PermitUse>(u.generation) << 32 | index;
}

StrictLimit::Use* StrictLimit::find(PermitUse use) {
  Use& u = uses_[use & 0xffffffff];
  return u.generation == use >> 32 ? &u : nullptr;
}

void StrictLimit::free_use(PermitUse use) {
  auto index = static_cast<std::uint32_t>(use & 0xffffffff);
  uses_[index].state = State::kFree;
  free_uses_.push_back(index);
  --live_;
}

void StrictLimit::cool(PermitUse use, Instant release) {
  find(use)->state = State::kCooling;
  cooling_.push({release, use});
}

}  // namespace rowcall::policy
