// SPDX-License-Identifier: Apache-2.0
#include "mockapi/auditor.h"

#include <algorithm>

namespace rowcall::mockapi {

std::int64_t SlidingWindow::count(Instant now) {
  while (!entries_.empty() && now - entries_.front().at >= period_) {
    held_ -= entries_.front().arrivals;
    entries_.pop_front();
  }
  return held_;
}

void SlidingWindow::add(Instant at) {
  count(at);
  ++held_;
  if (held_ > worst_) {
    worst_ = held_;
    worst_end_ = at;
  }
  // Rounded up to a fixed grid, so that a chain of close arrivals cannot grow into one entry.
  const Duration slice = period_ / kExactMax;
  if (entries_.size() >= kExactMax && slice > Duration::zero()) at += slice - at.time_since_epoch() % slice;
  if (!entries_.empty() && entries_.back().at >= at) {
    ++entries_.back().arrivals;
  } else {
    entries_.push_back({at, 1});
  }
}

double Findings::mean_rate() const {
  return duration() > Duration::zero() ? static_cast<double>(arrivals) / seconds(duration()) : 0;
}

Auditor::Auditor(const std::vector<RateLimit>& enforced, const std::vector<RateLimit>& audited,
                 Duration disorder)
    : disorder_(disorder) {
  for (const RateLimit& limit : enforced) watch(limit, true);
  for (const RateLimit& limit : audited) watch(limit, false);
}

void Auditor::watch(const RateLimit& limit, bool refuses) {
  for (Watch& known : watches_) {
    if (known.limit != limit) continue;
    known.refuses |= refuses;
    return;
  }
  watches_.push_back({limit, refuses, SlidingWindow(limit.period)});
}

void Auditor::enforce(const std::vector<RateLimit>& limits) {
  for (Watch& known : watches_) known.refuses = false;
  for (const RateLimit& limit : limits) watch(limit, true);
}

void Auditor::arrived(Instant at) {
  if (disorder_ == Duration::zero()) return settle(at);
  newest_ = std::max(newest_, at);
  waiting_.push(at);
  while (newest_ - waiting_.top() > disorder_) {
    settle(waiting_.top());
    waiting_.pop();
  }
}

void Auditor::settle(Instant at) {
  if (settled_ == 0) first_ = last_ = at;
  last_ = std::max(last_, at);
  ++settled_;
  second_.add(last_);
  tenth_.add(last_);
  for (Watch& watch : watches_) {
    watch.window.add(last_);
    if (watch.window.count(last_) > watch.limit.calls) ++watch.over;
  }
}

Findings Auditor::findings() {
  for (; !waiting_.empty(); waiting_.pop()) settle(waiting_.top());
  Findings found{settled_, first_, last_, second_.worst(), tenth_.worst(), {}};
  for (const Watch& watch : watches_) {
    // In less than one period the limit allows all its calls; so a short run is measured against these.
    Duration span = std::max(found.duration(), watch.limit.period);
    double allowed = static_cast<double>(watch.limit.calls) * (seconds(span) / seconds(watch.limit.period));
    LimitFinding finding{watch.limit, watch.refuses, watch.window.worst(), {}, watch.over, 0};
    if (finding.worst > 0) finding.worst_after = watch.window.worst_end() - first_;
    finding.share_used = static_cast<double>(settled_) / allowed;
    found.limits.push_back(finding);
  }
  return found;
}

}  // namespace rowcall::mockapi
