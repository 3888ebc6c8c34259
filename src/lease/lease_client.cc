// SPDX-License-Identifier: Apache-2.0
#include "lease/lease_client.h"

#include <algorithm>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace rowcall::lease {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr Duration kLookEvery = 20ms;
constexpr Duration kConnectMax = 5s;    // to connect and shake hands, before it is tried anew
constexpr Duration kPauseFirst = 50ms;  // between two tries; doubles
constexpr Duration kPauseMost = 1s;
constexpr Duration kFirstContact = 60s;  // a coordinator that was never reached is not waited for longer
constexpr Duration kFarewellMax = 300ms;

std::uint64_t draw_name() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device() | 1;
}

std::string in_words(const RateLimit& limit) {
  return std::to_string(limit.calls) + " in " + std::to_string(seconds(limit.period)) + " s";
}

}  // namespace

LeaseClient::LeaseClient(Executor executor, Clock* clock, const std::vector<RateLimit>& limits,
                         Address address, std::string secret, policy::Limiter* limiter, ClientEvents events)
    : executor_(executor),
      clock_(clock),
      limits_(limits),
      address_(std::move(address)),
      secret_(std::move(secret)),
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
      co_await sleep_until(*clock_, now + kLookEvery);
      continue;
    }
    // Whoever still reads from the old connection ends first.
    while (branches_ > 0) co_await sleep_until(*clock_, clock_->now() + 1ms);
    bool reached = co_await connect();
    if (reached || stopping_ || refused_) continue;
    for (auto& worker : workers_) worker->expire(clock_->now());
    if (workers_.empty() && clock_->now() - begun > kFirstContact) {
      refuse({ErrorCode::kNetwork, "rowcall://" + address_.host + ":" + address_.port,
              "the coordinator cannot be reached (" + trouble_ + ")", "a coordinator that listens there",
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
  auto found =
      co_await resolver.async_resolve(address_.host, address_.port, asio::redirect_error(use_async, error));
  if (!error) co_await asio::async_connect(*socket_, found, asio::redirect_error(use_async, error));
  if (error) {
    trouble_ = error.message();
    co_return false;
  }
  socket_->set_option(asio::ip::tcp::no_delay(true), error);
  bool trusted = co_await shake_hands();
  if (!trusted || connection_ != mine) {
    disconnect();
    co_return false;
  }
  connected_ = true;
  ++branches_;
  asio::co_spawn(executor_, read_grants_of(mine), [this](std::exception_ptr) { --branches_; });
  co_return true;
}

Async<bool> LeaseClient::shake_hands() {
  trouble_ = "it ended the connection";
  std::string body = co_await read_frame();
  auto hello = read_hello(body);
  if (!hello) co_return false;
  Nonce nonce = draw_nonce();
  std::string proof = frame(Proof{nonce, code_of(secret_, "worker", hello->nonce, nonce)});
  error_code error;
  co_await asio::async_write(*socket_, asio::buffer(proof), asio::redirect_error(use_async, error));
  body = co_await read_frame();
  if (auto refused = read_refused(body)) {
    refuse({ErrorCode::kDenied, "rowcall://" + address_.host + ":" + address_.port, refused->why,
            "the coordinator's own", "Give this run the secret that its coordinator was started with."});
    co_return false;
  }
  auto welcome = read_welcome(body);
  if (!welcome) co_return false;
  if (!same_code(welcome->code, code_of(secret_, "coordinator", hello->nonce, nonce))) {
    trouble_ = "it does not know the secret";
    co_return false;
  }
  co_return agree(*welcome);
}

// Both must mean the same limits. The coordinator's terms hold.
bool LeaseClient::agree(const Welcome& welcome) {
  bool same = welcome.terms.size() == limits_.size();
  for (std::size_t i = 0; same && i < limits_.size(); ++i) {
    same = welcome.terms[i].permits == limits_[i].calls && welcome.terms[i].period == limits_[i].period;
  }
  if (!same) {
    std::string theirs;
    for (const policy::LeaseTerms& terms : welcome.terms) {
      theirs += (theirs.empty() ? "" : ", ") + in_words({terms.permits, terms.period});
    }
    std::string ours;
    for (const RateLimit& limit : limits_) ours += (ours.empty() ? "" : ", ") + in_words(limit);
    refuse({ErrorCode::kSetting, "limits.rate", ours, "the coordinator's: " + theirs,
            "Workers and coordinator must have the same limits."});
    return false;
  }
  if (!workers_.empty()) return true;
  std::uint64_t name = draw_name();
  for (std::size_t i = 0; i < limits_.size(); ++i) {
    workers_.push_back(std::make_unique<policy::LeaseWorker>(welcome.terms[i], name, limiter_->lent(i)));
  }
  return true;
}

Async<std::string> LeaseClient::read_frame() {
  std::string bytes(kLengthBytes, '\0');
  error_code error;
  co_await asio::async_read(*socket_, asio::buffer(bytes), asio::redirect_error(use_async, error));
  auto length = frame_length(bytes);
  if (error || !length) {
    if (error) trouble_ = error.message();
    co_return "";
  }
  bytes.resize(*length);
  co_await asio::async_read(*socket_, asio::buffer(bytes), asio::redirect_error(use_async, error));
  if (error) bytes.clear();
  co_return bytes;
}

Async<void> LeaseClient::read_grants_of(std::uint64_t connection) {
  while (connection_ == connection && connected_) {
    std::string body = co_await read_frame();
    auto grants = read_grants(body);
    if (connection_ != connection) co_return;
    if (!grants) {
      disconnect();
      co_return;
    }
    take(*grants);
  }
}

void LeaseClient::take(const Grants& message) {
  Instant now = clock_->now();
  for (std::size_t i = 0; i < message.grants.size(); ++i) {
    if (message.limits[i] < workers_.size()) workers_[message.limits[i]]->grant(message.grants[i], now);
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
  send(frame(message));
}

// All permits go back at once, each with the time when it will have cooled.
Async<void> LeaseClient::farewell() {
  Instant now = clock_->now();
  limiter_->set_sends_end(Instant::min());
  Reports message;
  for (auto& worker : workers_) message.reports.push_back(worker->leave(now));
  send(frame(message));
  Instant until = now + kFarewellMax;
  while (connected_ && clock_->now() < until && !workers_.front()->left()) {
    co_await sleep_until(*clock_, clock_->now() + 2ms);
  }
}

void LeaseClient::send(const std::string& bytes) {
  out_ += bytes;
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
