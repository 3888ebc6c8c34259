// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace rowcall::policy {

using namespace std::chrono_literals;

Instant Breaker::next(Instant now) {
  if (state_ == State::kOpen) {
    if (now < open_until_) return open_until_;
    state_ = State::kHalfOpen;
    probes_out_ = probes_sent_ = probe_successes_ = probe_failures_ = 0;
  }
  if (state_ == State::kClosed) return now;
  // Half-open: two probes, and two more for every success.
  int allowed = std::min(2 + 2 * probe_successes_, kProbesMax);
  return probes_sent_ < allowed ? now : Instant::max();
}

void Breaker::sent(Instant) {
  if (state_ != State::kHalfOpen) return;
  ++probes_sent_;
  ++probes_out_;
}

void Breaker::withdraw() {
  if (state_ != State::kHalfOpen || probes_out_ == 0) return;
  --probes_out_;
  --probes_sent_;
}

void Breaker::record(OutcomeClass outcome, Instant sent_at, Instant now, Duration retry_after) {
  if (!spec_.enabled) return;
  bool failed = outcome == OutcomeClass::kTransient;
  bool throttled = outcome == OutcomeClass::kThrottled;
  switch (state_) {
    case State::kClosed:
      if (!throttled && sent_at >= closed_at_) record_closed(failed, now, retry_after);
      break;
    case State::kOpen:
      break;  // sent before it opened: old news
    case State::kHalfOpen:
      if (sent_at < open_until_) break;
      --probes_out_;
      // A throttled probe reached a living API.
      record_probe(failed, now, retry_after);
      break;
  }
}

void Breaker::record_closed(bool failure, Instant now, Duration retry_after) {
  std::int64_t tenth = now.time_since_epoch() / 100ms;
  while (!tenths_.empty() && tenths_.front().number <= tenth - 10) tenths_.pop_front();
  if (tenths_.empty() || tenths_.back().number != tenth) tenths_.push_back({tenth, 0, 0});
  ++tenths_.back().results;
  tenths_.back().failures += failure ? 1 : 0;
  if (!failure) {
    in_a_row_ = 0;
    return;
  }
  if (in_a_row_++ == 0) first_in_a_row_ = now;
  if (in_a_row_ >= spec_.failures_in_a_row && now - first_in_a_row_ >= 200ms) {
    open(now, retry_after, std::to_string(in_a_row_) + " failures in a row");
    return;
  }
  int results = 0;
  int failures = 0;
  for (const Second& t : tenths_) {
    results += t.results;
    failures += t.failures;
  }
  bool long_enough = tenths_.back().number - tenths_.front().number >= 5;
  if (results >= 100 && long_enough && failures >= spec_.failure_share * results) {
    open(now, retry_after,
         std::to_string(failures) + " of the last " + std::to_string(results) + " calls failed");
  }
}

void Breaker::record_probe(bool failure, Instant now, Duration retry_after) {
  (failure ? probe_failures_ : probe_successes_) += 1;
  if (probe_failures_ >= 2 && probe_failures_ > probe_successes_) {
    open(now, retry_after, "probes failed");
    return;
  }
  bool all_back = probes_sent_ >= kProbesMax && probes_out_ <= 0;
  if (probe_successes_ >= kSuccessesToClose || all_back) close(now);
}

void Breaker::open(Instant now, Duration retry_after, std::string reason) {
  if (state_ == State::kClosed) {
    held_since_ = now;
    reason_ = std::move(reason);
  }
  state_ = State::kOpen;
  opened_at_ = now;
  double length = seconds(spec_.open) * std::exp2(std::min(times_open_, 20));
  length = std::min(length, seconds(spec_.open_max)) * (0.9 + 0.2 * dice_->share());
  open_until_ = now + std::max(from_seconds(length), retry_after);
  ++times_open_;
  in_a_row_ = 0;
  tenths_.clear();
}

void Breaker::close(Instant now) {
  state_ = State::kClosed;
  closed_at_ = now;
  // A blip comes back at half the pace, an outage at a tenth: the API may need to warm up.
  ramp_from_ = times_open_ <= 1 ? 0.5 : 0.1;
  times_open_ = 0;
}

double Breaker::pace_share(Instant now) const {
  if (closed_at_ == Instant::min()) return 1;
  double steps = std::floor(seconds(now - closed_at_) / 0.1);
  return steps > 40 ? 1 : std::min(1.0, ramp_from_ * std::pow(1.25, steps));
}

}  // namespace rowcall::policy
