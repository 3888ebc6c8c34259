// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_server.h"

#include <algorithm>

namespace rowcall::sim {

using namespace std::chrono_literals;

SimServer::SimServer(Executor executor, Clock* clock, ServerOptions options, std::uint64_t seed)
    : executor_(executor), clock_(clock), options_(std::move(options)), dice_(seed) {}

std::optional<Line> SimServer::take() {
  if (counts_.idle == 0) return std::nullopt;
  --counts_.idle;
  ++counts_.busy;
  in_flight_most_ = std::max(in_flight_most_, counts_.busy);
  return 0;
}

bool SimServer::out(Instant at) const {
  if (first_arrival_ == Instant{}) return false;
  return std::ranges::any_of(options_.outages, [&](const auto& outage) {
    return at - first_arrival_ >= outage.first && at - first_arrival_ < outage.second;
  });
}

void SimServer::dial(int wanted) {
  for (; wanted > 0 && counts_.open() < options_.lines_max && !closed_; --wanted) {
    ++counts_.dialing;
    clock_->call_at(clock_->now() + options_.dial_time, [this] {
      --counts_.dialing;
      if (closed_) return;
      if (out(clock_->now())) {
        Reply failure;
        failure.error = TransportError::kConnect;
        failure.detail = "refused";
        failure.sent_at = failure.done_at = clock_->now();
        events_.dial_failed(std::move(failure));
      } else {
        ++counts_.idle;
        events_.ready();
      }
    });
  }
}

Async<Reply> SimServer::send(Line, const Request& request, OnSent on_sent) {
  Instant sent = clock_->now();
  on_sent(sent);
  if (options_.book != nullptr) options_.book->sent.push_back(sent);
  follow_regimes(sent);
  Duration way = from_seconds(seconds(options_.latency) + seconds(options_.jitter) * dice_.share());
  co_await sleep_until(*clock_, sent + way / 2);
  std::size_t number = seen_.size();
  Reply reply = answer(request);
  reply.on_wire = true;
  reply.sent_at = sent;
  Duration back = way / 2 + options_.service;
  if (reply.error == TransportError::kTimeout) {
    back = options_.timeout;
  } else if (reply.status == 200 && options_.capacity > 0) {
    busy_until_ = std::max(busy_until_, clock_->now()) + from_seconds(1 / options_.capacity);
    back += busy_until_ - clock_->now();
  }
  co_await sleep_until(*clock_, clock_->now() + back);
  reply.done_at = clock_->now();
  seen_[number].latency = reply.latency();
  reply.bytes_in = static_cast<std::uint32_t>(reply.body.size());
  reply.bytes_out = static_cast<std::uint32_t>(request.body.size());
  --counts_.busy;
  if (closed_) {
    ++cancelled_;
    reply.error = TransportError::kCancelled;
    co_return reply;
  }
  if (reply.error == TransportError::kNone) ++counts_.idle;
  events_.ready();
  co_return reply;
}

void SimServer::follow_regimes(Instant now) {
  while (arrivals_ > 0 && regimes_begun_ < options_.regimes.size() &&
         now - first_arrival_ >= options_.regimes[regimes_begun_].from) {
    const Regime& regime = options_.regimes[regimes_begun_++];
    options_.latency = regime.latency;
    options_.limit = regime.limit;
    options_.fail_503 = regime.fail_503;
  }
}

bool SimServer::over_limit(Instant now) {
  auto limit = static_cast<double>(options_.limit);
  if (limit <= 0) return false;
  if (options_.limiting == Limiting::kBucket) {
    double room = std::max(limit / 20, 1.0);
    bucket_ = std::min(room, bucket_ + limit * seconds(now - bucket_at_));
    bucket_at_ = now;
    if (bucket_ < 1) return true;
    bucket_ -= 1;
    return false;
  }
  bool fixed = options_.limiting == Limiting::kFixed;
  auto over = [&](Instant at) {
    return fixed ? at.time_since_epoch() / 1s != now.time_since_epoch() / 1s : at + 1s <= now;
  };
  while (!accepted_.empty() && over(accepted_.front())) accepted_.pop_front();
  if (static_cast<double>(accepted_.size()) >= limit) return true;
  accepted_.push_back(now);
  return false;
}

Reply SimServer::answer(const Request& request) {
  Instant now = clock_->now();
  if (arrivals_++ == 0) first_arrival_ = now;
  while (steps_taken_ < options_.steps.size() && now - first_arrival_ >= options_.steps[steps_taken_].first) {
    auto change = options_.steps[steps_taken_++].second;
    change(options_);
  }
  seen_.push_back({now, 0, {}});
  Reply reply;
  if (out(now)) {
    reply.error = TransportError::kClosed;
    reply.detail = "outage";
    return reply;
  }
  double dice = dice_.share();
  auto drawn = [&](double share) { return (dice -= share) < 0; };
  reply.body = R"({"error":"on purpose"})";
  reply.rate_headers = options_.rate_headers;
  if (options_.always != 0) {
    reply.status = options_.always;
    if (reply.status == 429 || reply.status == 503) reply.retry_after = options_.retry_after;
  } else if (over_limit(now)) {
    reply.status = options_.limit_status;
    if (reply.status == 429) reply.retry_after = options_.retry_after;
  } else if (drawn(options_.fail_closed)) {
    reply.error = TransportError::kClosed;
  } else if (drawn(options_.fail_timeout)) {
    reply.error = TransportError::kTimeout;
  } else if (drawn(options_.fail_503)) {
    reply.status = 503;
  } else if (drawn(options_.fail_429)) {
    reply.status = 429;
    reply.retry_after = options_.retry_after;
  } else if (drawn(options_.fail_400)) {
    reply.status = 400;
  } else if (options_.refuses && options_.refuses(request.body)) {
    note_done(request);
    reply.status = 400;
  } else {
    note_done(request);
    reply.status = 200;
    ++answered_[request.body];
    // The score is the length of the body: something that follows from the row.
    std::string echo = request.body.empty() ? "null" : request.body;
    reply.body = R"({"score":)" + std::to_string(request.body.size()) + R"(,"echo":)" + echo + "}";
  }
  seen_.back().status = reply.status;
  return reply;
}

void SimServer::note_done(const Request& request) {
  if (options_.book == nullptr) return;
  SimBook::Seen& seen = options_.book->calls[request.body];
  ++seen.done;
  if (std::ranges::find(seen.keys, request.header_lines) == seen.keys.end())
    seen.keys.push_back(request.header_lines);
}

void SimServer::close() {
  closed_ = true;
}

std::int64_t SimServer::worst_second() const {
  std::size_t worst = 0;
  for (std::size_t from = 0, to = 0; to < seen_.size(); ++to) {
    while (seen_[from].at + 1s <= seen_[to].at) ++from;
    worst = std::max(worst, to - from + 1);
  }
  return static_cast<std::int64_t>(worst);
}

std::int64_t SimServer::answered_twice() const {
  return std::ranges::count_if(answered_, [](const auto& row) { return row.second > 1; });
}

}  // namespace rowcall::sim
