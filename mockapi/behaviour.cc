// SPDX-License-Identifier: Apache-2.0
#include "mockapi/behaviour.h"

#include <algorithm>
#include <utility>

#include "mockapi/digest.h"

namespace rowcall::mockapi {
namespace {

// Different questions about the same call get dice of their own.
constexpr std::uint64_t kFaultDie = 1;
constexpr std::uint64_t kJitterDie = 2;

double drawn(std::uint64_t seed, const CallFacts& call, std::uint64_t die) {
  return share_of(joined(joined(seed, call.identity), joined(call.earlier, die)));
}

Decision refused(Reason reason, int status) {
  return {Effect::kStatus, reason, status, -1, {}, {}};
}

Decision injected(const Fault& fault, int index, Duration wait) {
  switch (fault.kind) {
    case FaultKind::kStatus: return {Effect::kStatus, Reason::kInjected, fault.status, index, wait, {}};
    case FaultKind::kReset: return {Effect::kReset, Reason::kInjected, 0, index, wait, {}};
    case FaultKind::kTimeout: return {Effect::kHang, Reason::kInjected, 0, index, wait, {}};
    case FaultKind::kBadJson: return {Effect::kBadJson, Reason::kInjected, 200, index, wait, {}};
    case FaultKind::kShort: return {Effect::kShort, Reason::kInjected, 200, index, wait, {}};
    case FaultKind::kWrongType: return {Effect::kWrongType, Reason::kInjected, 200, index, wait, {}};
  }
  return {};
}

}  // namespace

Judge::Judge(Behaviour behaviour, std::uint64_t seed) : seed_(seed) {
  change(std::move(behaviour));
}

void Judge::change(Behaviour behaviour) {
  std::vector<SlidingWindow> windows;
  for (const RateLimit& limit : behaviour.limits) {
    auto same = std::ranges::find(accepted_, limit.period, &SlidingWindow::period);
    windows.push_back(same == accepted_.end() ? SlidingWindow(limit.period) : *same);
  }
  accepted_ = std::move(windows);
  behaviour_ = std::move(behaviour);
}

Decision Judge::decide(const CallFacts& call, Instant at) {
  at = latest_ = std::max(at, latest_);
  if (!first_) first_ = at;
  if (down(at)) return {Effect::kReset, Reason::kOutage, 0, -1, {}, {}};
  if (!call.authorized) return refused(Reason::kUnauthorized, 401);
  if (auto limit = reached_limit(at)) {
    Decision decision = refused(Reason::kOverLimit, behaviour_.limit_status);
    decision.over = limit;
    return decision;
  }
  Duration queued{};
  if (behaviour_.capacity_per_s > 0) {
    const Duration service = from_seconds(1 / behaviour_.capacity_per_s);
    queued = std::max(busy_until_, at) - at;
    if (queued > service * behaviour_.queue_max) return refused(Reason::kOverCapacity, 503);
    queued += service;
    busy_until_ = at + queued;
  }
  const Duration wait = queued + latency_of(call);
  Decision decision;
  if (!call.readable) {
    decision = refused(Reason::kUnreadable, 400);
  } else if (call.refuse) {
    decision = refused(Reason::kRefused, 422);
  } else if (int fault = drawn_fault(call); fault >= 0) {
    return injected(behaviour_.faults[static_cast<std::size_t>(fault)], fault, wait);
  }
  decision.wait = wait;
  return decision;
}

std::optional<RateLimit> Judge::reached_limit(Instant at) {
  for (std::size_t i = 0; i < accepted_.size(); ++i) {
    if (accepted_[i].count(at) >= behaviour_.limits[i].calls) return behaviour_.limits[i];
  }
  for (SlidingWindow& window : accepted_) window.add(at);
  return std::nullopt;
}

int Judge::drawn_fault(const CallFacts& call) const {
  double left = drawn(seed_, call, kFaultDie);
  for (std::size_t i = 0; i < behaviour_.faults.size(); ++i) {
    const Fault& fault = behaviour_.faults[i];
    left -= fault.share;
    if (left >= 0) continue;
    return fault.kind == FaultKind::kShort && !call.several ? -1 : static_cast<int>(i);
  }
  return -1;
}

Duration Judge::latency_of(const CallFacts& call) const {
  if (behaviour_.jitter == Duration::zero()) return behaviour_.latency;
  double shift = 2 * drawn(seed_, call, kJitterDie) - 1;
  return behaviour_.latency + from_seconds(shift * seconds(behaviour_.jitter));
}

bool Judge::down(Instant now) const {
  if (!first_) return false;
  return std::ranges::any_of(behaviour_.outages, [&](const Outage& outage) {
    Instant begin = *first_ + outage.after;
    return now >= begin && now - begin < outage.length;
  });
}

std::optional<Instant> Judge::next_outage(Instant now) const {
  std::optional<Instant> next;
  if (!first_) return next;
  for (const Outage& outage : behaviour_.outages) {
    Instant begin = *first_ + outage.after;
    if (begin >= now && (!next || begin < *next)) next = begin;
  }
  return next;
}

}  // namespace rowcall::mockapi
