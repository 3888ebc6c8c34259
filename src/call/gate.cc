// SPDX-License-Identifier: Apache-2.0
#include "call/gate.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/asio/post.hpp>

namespace rowcall {

using namespace std::chrono_literals;

namespace {

// First attempts lined up: what the limits let through in four milliseconds, and some to spare.
int backlog_for(double rate_per_s) {
  constexpr double kMost = 512;
  constexpr double kUnlimited = 64;
  return static_cast<int>(std::isinf(rate_per_s) ? kUnlimited
                                                 : std::clamp(rate_per_s * 0.004 + 8, 8.0, kMost));
}

}  // namespace

Gate::Gate(Executor executor, Clock* clock, Policies* policies, std::int64_t max_calls,
           std::function<void()> on_cap)
    : executor_(executor),
      clock_(clock),
      policies_(policies),
      max_calls_(max_calls),
      on_cap_(std::move(on_cap)),
      backlog_(backlog_for(policies->limiter.pace_per_s())),
      wanted_(executor) {}

Async<Pass> Gate::enter(bool retry, std::int64_t weight) {
  return suspended<Pass>([this, retry, weight](Resume<Pass> resume) {
    (retry ? retries_ : fresh_).push_back({std::move(resume), weight});
    // When a look is planned anyway, nothing can be had before it.
    if (wake_at_ == Instant::max() || stopping_) look();
  });
}

void Gate::look() {
  while (waiting() > 0) {
    if (stopping_) {
      grant(Pass{});
      continue;
    }
    Instant now = clock_->now();
    Instant chance = next_chance(now);
    note_hold(now);
    if (chance > now) {
      if (chance != Instant::max()) wake_at(chance);
      return;
    }
    auto line = transport_->take();
    if (!line) {
      open_lines(now);
      return;
    }
    Pass pass;
    pass.kind = Pass::Kind::kGo;
    pass.line = *line;
    pass.permit = policies_->limiter.take(now, next_weight());
    pass.granted_at = now;
    pass.probe = policies_->breaker.state() != policy::Breaker::State::kClosed;
    policies_->breaker.sent(now);
    policies_->adaptive.sent(now);
    grant(std::move(pass));
    warm_lines();
    if (++permits_given_ == max_calls_) on_cap_();
  }
}

Instant Gate::next_chance(Instant now) {
  Instant chance = std::max(
      {policies_->throttle.held_until(), policies_->cluster_held_until, policies_->breaker.next(now)});
  if (chance > now) return chance;
  int in_flight = transport_->lines().busy;
  // Until the first answer nobody knows whether the calls are any good.
  if (!answered_ && in_flight >= kFirstFlight) return Instant::max();
  chance = policies_->adaptive.next(in_flight, now);
  if (chance > now) return chance;
  double share = policies_->breaker.pace_share(now);
  policies_->limiter.set_pace_share(share);
  policies_->limiter.set_pace(share * policies_->adaptive.pace_per_s(now));
  return policies_->limiter.next(now, next_weight());
}

bool Gate::retry_is_next() const {
  return fresh_.empty() || (!retries_.empty() && fresh_since_retry_ >= kFreshPerRetry);
}

// Of the call whose turn it is: a heavy one is not overtaken, or it might wait for ever.
std::int64_t Gate::next_weight() const {
  return (retry_is_next() ? retries_ : fresh_).front().weight;
}

void Gate::open_lines(Instant now) {
  if (now < dial_not_before_) {
    wake_at(dial_not_before_);
    return;
  }
  LineCounts lines = transport_->lines();
  int wanted = std::min(waiting() - lines.dialing, policies_->adaptive.in_flight_max() - lines.open());
  if (dial_pause_ > Duration(0)) wanted = std::min(wanted, 2 - lines.dialing);
  transport_->dial(std::max(wanted, lines.open() == 0 ? 1 : 0));
}

// A few idle lines more than are in use: when answers become slower, the lines this takes are there.
void Gate::warm_lines() {
  if (dial_pause_ > Duration(0)) return;
  LineCounts lines = transport_->lines();
  int spare = std::clamp(lines.busy / kSpareOf, 1, kSpareMost);
  spare = std::min(spare, policies_->adaptive.in_flight_max() - lines.busy);
  int missing = spare - lines.idle - lines.dialing;
  if (missing > 0) transport_->dial(missing);
}

void Gate::dial_failed(Reply failure) {
  Instant now = clock_->now();
  dial_pause_ = std::clamp(dial_pause_ * 2, Duration(5ms), Duration(250ms));
  dial_not_before_ = now + dial_pause_;
  if (waiting() == 0) return;
  Pass pass;
  pass.kind = Pass::Kind::kDialFailed;
  pass.failure = std::make_unique<Reply>(std::move(failure));
  pass.granted_at = now;
  pass.probe = policies_->breaker.state() != policy::Breaker::State::kClosed;
  // To try to connect is to probe.
  if (policies_->breaker.next(now) <= now) policies_->breaker.sent(now);
  grant(std::move(pass));
  look();
}

void Gate::grant(Pass pass) {
  bool retry = retry_is_next();
  fresh_since_retry_ = retry ? 0 : fresh_since_retry_ + 1;
  auto& queue = retry ? retries_ : fresh_;
  Resume<Pass> resume = std::move(queue.front().resume);
  queue.pop_front();
  // Later, not here: the call may come back to the gate before this function is through.
  boost::asio::post(
      executor_, [resume = std::move(resume), pass = std::move(pass)]() mutable { resume(std::move(pass)); });
  if (wants_more()) wanted_.raise();
}

void Gate::left(const Pass& pass, const Reply& reply, OutcomeClass outcome,
                std::optional<Duration> retry_after) {
  Instant now = reply.done_at;
  if (pass.kind == Pass::Kind::kGo) {
    dial_pause_ = Duration(0);
    answered_ = answered_ || reply.error == TransportError::kNone;
    if (!reply.on_wire) {
      policies_->limiter.unsent(pass.permit);
    } else if (reply.error == TransportError::kNone) {
      policies_->limiter.answered(pass.permit, reply.sent_at, now);
    } else {
      policies_->limiter.unanswered(pass.permit, now);
    }
  }
  if (reply.error == TransportError::kCancelled) {
    policies_->breaker.withdraw(pass.granted_at);
  } else {
    policies_->throttle.record(outcome, pass.granted_at, now, retry_after);
    policies_->adaptive.ended(outcome, reply, pass.granted_at, transport_->lines().busy, now);
    policies_->breaker.record(outcome, pass.granted_at, now, retry_after.value_or(Duration(0)));
  }
  if (outcome == OutcomeClass::kTransient) last_trouble_ = policy::why(reply);
  note_hold(now);
  // A probe's result may let others pass.
  if (waiting() > 0 && wake_at_ == Instant::max()) look();
}

Async<void> Gate::rest(Instant until) {
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>, void()>(
      [this, until](auto handler) {
        std::uint64_t id = next_rest_++;
        resting_.emplace(id, std::move(handler));
        if (stopping_) until_now(id);
        clock_->call_at(until, [this, id] { until_now(id); });
      },
      use_async);
}

void Gate::until_now(std::uint64_t id) {
  auto found = resting_.find(id);
  if (found == resting_.end()) return;
  Resume<> resume = std::move(found->second);
  resting_.erase(found);
  boost::asio::post(executor_, std::move(resume));
}

void Gate::stop() {
  stopping_ = true;
  look();
  while (!resting_.empty()) until_now(resting_.begin()->first);
  wanted_.raise();
}

void Gate::wake_at(Instant at) {
  if (at >= wake_at_) return;
  wake_at_ = at;
  clock_->call_at(at, [this, at] {
    if (wake_at_ != at) return;  // an earlier one was planned, and has looked
    wake_at_ = Instant::max();
    look();
  });
}

void Gate::note_hold(Instant now) {
  Instant refused_since = policies_->adaptive.held_since(now);
  bool held = policies_->breaker.state() != policy::Breaker::State::kClosed ||
              policies_->throttle.held_until() > now || policies_->cluster_held_until > now ||
              policies_->limiter.lease_over(now) || policies_->limiter.used_up_until() > now ||
              refused_since != Instant::max();
  if (held == (held_since_ != Instant::max())) return;
  if (held) {
    held_since_ = std::min(refused_since, now);
  } else {
    held_before_ += now - held_since_;
    held_since_ = Instant::max();
  }
}

Duration Gate::held_for(Instant now) const {
  return held_before_ + (held_since_ == Instant::max() ? Duration(0) : now - held_since_);
}

Hold Gate::hold(Instant now) {
  note_hold(now);
  Hold hold;
  hold.held = held_since_ != Instant::max();
  if (!hold.held) return hold;
  hold.since = held_since_;
  bool broken = policies_->breaker.state() != policy::Breaker::State::kClosed;
  hold.until = std::max(policies_->throttle.held_until(), policies_->breaker.next(now));
  if (hold.until == Instant::max()) hold.until = now;
  if (broken) {
    hold.why = policies_->breaker.reason() + "; the last one: " + last_trouble_;
  } else if (policies_->throttle.held_until() > now) {
    hold.why = "the API asked everyone to wait (Retry-After)";
  } else if (Instant renewed = policies_->limiter.used_up_until(); renewed > now) {
    hold.why = "the quota of limits.rate is used up until it is renewed";
    hold.until = renewed;
    hold.by_quota = true;
  } else if (policies_->limiter.lease_over(now)) {
    hold.why = "no permits: nothing was heard from the coordinator";
  } else if (policies_->cluster_held_until > now) {
    hold.why = "the coordinator holds all workers: one of them found the API ill, or was asked to wait";
    hold.until = policies_->cluster_held_until;
  } else {
    hold.why = policies_->adaptive.held_why(now);
    hold.until = policies_->adaptive.held_until(now);
  }
  return hold;
}

}  // namespace rowcall
