// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <algorithm>
#include <cmath>

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

bool Breaker::is_probe(Instant sent_at) const {
  return state_ == State::kHalfOpen && probes_out_ > 0 && sent_at >= open_until_;
}

void Breaker::withdraw(Instant sent_at) {
  if (!is_probe(sent_at)) return;
  --probes_out_;
  --probes_sent_;
}

void Breaker::record(OutcomeClass outcome, Instant sent_at, Instant now, Duration retry_after) {
  if (!spec_.enabled) return;
  bool failure = outcome == OutcomeClass::kTransient;
  bool success = outcome == OutcomeClass::kSuccess || outcome == OutcomeClass::kNoMatch;
  if (is_probe(sent_at)) {
    --probes_out_;
    record_probe(failure, now, retry_after);
  } else if (state_ == State::kClosed && sent_at >= closed_at_ && (failure || success)) {
    record_closed(failure, now, retry_after);
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
  int results = 0;
  int failures = 0;
  for (const Tenth& t : tenths_) {
    results += t.results;
    failures += t.failures;
  }
  bool in_a_row = in_a_row_ >= spec_.failures_in_a_row && now - first_in_a_row_ >= kRowMin;
  // Six tenths apart are at least half a second.
  bool long_enough = tenth - tenths_.front().number >= 6;
  bool most = results >= kResultsMin && long_enough && failures >= spec_.failure_share * results;
  if (!in_a_row && !most) return;
  reason_ = in_a_row ? std::to_string(in_a_row_) + " failures in a row"
                     : std::to_string(failures) + " of the last " + std::to_string(results) + " calls failed";
  held_since_ = now;
  if (now - kSoon >= closed_at_) times_open_ = 0;
  open(now, retry_after);
}

void Breaker::record_probe(bool failure, Instant now, Duration retry_after) {
  (failure ? probe_failures_ : probe_successes_) += 1;
  if (probe_failures_ >= 2 && probe_failures_ > probe_successes_) {
    open(now, retry_after);
    return;
  }
  bool all_back = probes_sent_ >= kProbesMax && probes_out_ == 0;
  if (probe_successes_ >= kSuccessesToClose || all_back) close(now);
}

void Breaker::open(Instant now, Duration retry_after) {
  state_ = State::kOpen;
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
}

double Breaker::pace_share(Instant now) const {
  if (closed_at_ == Instant::min()) return 1;
  double steps = std::floor(seconds(now - closed_at_) / 0.1);
  return steps > 40 ? 1 : std::min(1.0, ramp_from_ * std::pow(1.25, steps));
}

}  // namespace rowcall::policy
