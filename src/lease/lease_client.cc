// SPDX-License-Identifier: Apache-2.0
#include "lease/lease_client.h"

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace rowcall::lease {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr Duration kLookEvery = 20ms;
constexpr Duration kConnectMax = 5s;    // to connect and shake hands, before it is tried anew
constexpr Duration kSilentMax = 2s;     // nothing heard for so long: a dead connection
constexpr Duration kPauseFirst = 50ms;  // between two tries; doubles
constexpr Duration kPauseMost = 1s;
constexpr Duration kFirstContact = 60s;  // a coordinator that was never reached is not waited for longer
constexpr Duration kFarewellMax = 300ms;

std::uint64_t draw_name() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device() | 1;
}

std::string in_words(const std::vector<policy::LeaseTerms>& limits) {
  std::string words;
  for (const policy::LeaseTerms& limit : limits) {
    words += (words.empty() ? "" : ", ") + std::to_string(limit.permits) + " in " +
             std::to_string(seconds(limit.period)) + " s";
  }
  return words;
}

}  // namespace

LeaseClient::LeaseClient(Executor executor, Clock* clock, std::vector<policy::LeaseTerms> terms,
                         const settings::CoordinatorUrl& url, const std::string& secret,
                         policy::Limiter* limiter, ClientEvents events)
    : executor_(executor),
      clock_(clock),
      terms_(std::move(terms)),
      url_(url),
      dialogue_(dialogue_with(url, secret, terms_)),
      limiter_(limiter),
      events_(std::move(events)) {
  limiter_->set_sends_end(Instant::min());
}

Async<void> LeaseClient::keep() {
  Instant begun = clock_->now();
  Duration pause = kPauseFirst;
  while (!stopping_ && !refused_) {
    Instant now = clock_->now();
    if (connected_) {
      report_if_due(now);
      pause = kPauseFirst;
      // Every report is answered: this one's other end is gone, though nobody has said so.
      if (now - heard_at_ > kSilentMax) disconnect();
      co_await sleep_until(*clock_, now + kLookEvery);
      continue;
    }
    // Whoever still reads from the old connection ends first.
    while (branches_ > 0) co_await sleep_until(*clock_, clock_->now() + 1ms);
    bool reached = co_await connect();
    if (reached || stopping_ || refused_) continue;
    for (auto& worker : workers_) worker->expire(clock_->now());
    if (workers_.empty() && clock_->now() - begun > kFirstContact) {
      refuse({ErrorCode::kNetwork, url_.shown(), "the coordinator cannot be reached (" + trouble_ + ")",
              url_.redis ? "a Redis that listens there" : "a coordinator that listens there",
              "Check the address, whether it runs, and what stands between."});
      break;
    }
    co_await sleep_until(*clock_, clock_->now() + pause);
    pause = std::min(pause * 2, kPauseMost);
  }
  if (connected_ && !workers_.empty()) co_await farewell();
  disconnect();
  while (branches_ > 0) co_await sleep_until(*clock_, clock_->now() + 1ms);
}

void LeaseClient::stop() {
  stopping_ = true;
}

Async<bool> LeaseClient::connect() {
  std::uint64_t mine = ++connection_;
  socket_.emplace(executor_);
  out_.clear();
  clock_->call_at(clock_->now() + kConnectMax, [this, mine] {
    if (connection_ == mine && !connected_) disconnect();
  });
  error_code error;
  asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(executor_);
  auto found = co_await resolver.async_resolve(url_.host, url_.port, asio::redirect_error(use_async, error));
  if (!error) co_await asio::async_connect(*socket_, found, asio::redirect_error(use_async, error));
  if (error) {
    trouble_ = error.message();
    co_return false;
  }
  socket_->set_option(asio::ip::tcp::no_delay(true), error);
  bool trusted = co_await greet();
  if (!trusted || connection_ != mine) {
    disconnect();
    co_return false;
  }
  connected_ = true;
  heard_at_ = clock_->now();
  ++branches_;
  asio::co_spawn(executor_, read_grants_of(mine), [this](std::exception_ptr) { --branches_; });
  co_return true;
}

// Until both know who the other is.
Async<bool> LeaseClient::greet() {
  trouble_ = "it ended the connection";
  Heard heard;
  heard.answer = std::visit([](auto& dialogue) { return dialogue.begin(); }, dialogue_);
  for (;;) {
    if (!heard.answer.empty()) {
      error_code error;
      co_await asio::async_write(*socket_, asio::buffer(heard.answer),
                                 asio::redirect_error(use_async, error));
      if (error) co_return false;
    }
    if (heard.terms) co_return agree(*heard.terms);
    heard = co_await listen();
    if (heard.refused) refuse(*std::move(heard.refused));
    if (refused_ || !heard.trouble.empty()) {
      trouble_ = heard.trouble;
      co_return false;
    }
  }
}

// Both must mean the same limits. The coordinator's terms hold.
bool LeaseClient::agree(const std::vector<policy::LeaseTerms>& terms) {
  bool same = terms.size() == terms_.size();
  for (std::size_t i = 0; same && i < terms.size(); ++i) {
    same = terms[i].permits == terms_[i].permits && terms[i].period == terms_[i].period;
  }
  if (!same) {
    refuse({ErrorCode::kSetting, "limits.rate", in_words(terms_), "the coordinator's: " + in_words(terms),
            "Workers and coordinator must have the same limits."});
    return false;
  }
  if (!workers_.empty()) return true;
  std::uint64_t name = draw_name();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    workers_.push_back(std::make_unique<policy::LeaseWorker>(terms[i], name, limiter_->lent(i)));
  }
  return true;
}

Async<Heard> LeaseClient::listen() {
  error_code error;
  std::size_t size =
      co_await socket_->async_read_some(asio::buffer(in_), asio::redirect_error(use_async, error));
  if (error) {
    Heard nothing;
    nothing.trouble = error.message();
    co_return nothing;
  }
  heard_at_ = clock_->now();
  std::string_view heard(in_.data(), size);
  co_return std::visit([heard](auto& dialogue) { return dialogue.hear(heard); }, dialogue_);
}

Async<void> LeaseClient::read_grants_of(std::uint64_t connection) {
  while (connection_ == connection && connected_) {
    Heard heard = co_await listen();
    if (connection_ != connection) co_return;
    for (const Grants& grants : heard.grants) take(grants);
    if (heard.refused) refuse(*std::move(heard.refused));
    if (refused_ || !heard.trouble.empty()) {
      trouble_ = heard.trouble;
      disconnect();
    }
  }
}

void LeaseClient::take(const Grants& message) {
  Instant now = clock_->now();
  for (const auto& [limit, grant] : message.grants) {
    if (limit < workers_.size()) workers_[limit]->grant(grant, now);
  }
  Instant ends = Instant::max();
  for (auto& worker : workers_) ends = std::min(ends, worker->sends_end());
  limiter_->set_sends_end(ends);
  events_.hold(now + message.hold);
  events_.changed();
}

void LeaseClient::report_if_due(Instant now) {
  bool hungry = limiter_->hungry(now);
  bool due = false;
  for (auto& worker : workers_) {
    worker->expire(now);
    due = worker->due(hungry, now) || due;
  }
  if (!due) return;
  Health health = events_.health();
  Reports message{health.broken, health.asked_to_wait, {}};
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    // Several limits: what holds calls back is the one whose permits are all in use.
    const policy::StrictLimit& limit = *limiter_->lent(i);
    bool this_one = workers_.size() == 1 || limit.live() * 10 >= limit.permits() * 9;
    message.reports.push_back(workers_[i]->report(hungry && this_one, now));
  }
  limiter_->forget_hunger(now);
  say(message);
}

// All permits go back at once, each with the time when it will have cooled.
Async<void> LeaseClient::farewell() {
  Instant now = clock_->now();
  limiter_->set_sends_end(Instant::min());
  Reports message;
  for (auto& worker : workers_) message.reports.push_back(worker->leave(now));
  say(message);
  Instant until = now + kFarewellMax;
  while (connected_ && clock_->now() < until && !workers_.front()->left()) {
    co_await sleep_until(*clock_, clock_->now() + 2ms);
  }
}

void LeaseClient::say(const Reports& reports) {
  out_ += std::visit([&reports](auto& dialogue) { return dialogue.say(reports); }, dialogue_);
  if (std::exchange(writing_, true)) return;
  ++branches_;
  asio::co_spawn(executor_, write_out(connection_), [this](std::exception_ptr) { --branches_; });
}

Async<void> LeaseClient::write_out(std::uint64_t connection) {
  while (!out_.empty() && connected_ && connection_ == connection) {
    std::string bytes = std::exchange(out_, {});
    error_code error;
    co_await asio::async_write(*socket_, asio::buffer(bytes), asio::redirect_error(use_async, error));
    if (error && connection_ == connection) disconnect();
  }
  writing_ = false;
}

void LeaseClient::disconnect() {
  connected_ = false;
  if (!socket_) return;
  error_code ignored;
  socket_->close(ignored);
}

void LeaseClient::refuse(Error why) {
  refused_ = true;
  events_.refused(std::move(why));
}

}  // namespace rowcall::lease
