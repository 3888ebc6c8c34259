// SPDX-License-Identifier: Apache-2.0
#include "lease/coordinator_server.h"

#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "lease/wire.h"
#include "loop/async.h"
#include "loop/loop_clock.h"
#include "policy/cluster_hold.h"
#include "policy/lease_coordinator.h"

namespace rowcall::lease {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

namespace {

constexpr std::size_t kSecretMin = 16;
constexpr Duration kHandshakeMax = 5s;
constexpr Duration kCloseMax = 20ms;
constexpr Duration kAcceptAgain = 100ms;  // after accept failed (no more files, say)
constexpr std::size_t kOutMax = 1 << 20;  // a worker that does not read is cut off

// One worker's connection. Lives as long as its coroutines.
struct Link {
  explicit Link(Socket&& socket_taken) : socket(std::move(socket_taken)) {}
  Socket socket;
  bool trusted = false;
  std::optional<Seal> mine;
  std::optional<Seal> theirs;
  bool over = false;
  std::uint64_t worker = 0;  // 0: has not reported yet
  std::string out;           // to be written
  bool writing = false;
};

using LinkPtr = std::shared_ptr<Link>;

std::uint64_t new_epoch() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / 1us);
}

}  // namespace

class CoordinatorServer::Service {
 public:
  explicit Service(const CoordinatorOptions& options)
      : secret_(options.secret), clock_(context_), acceptor_(context_.get_executor()) {
    Instant now = clock_.now();
    for (const RateLimit& limit : options.limits.rate) {
      policy::LeaseTerms terms = policy::terms_of(limit, options.limits, options.call_timeout);
      Instant silent_until =
          options.restarted ? now + policy::LeaseCoordinator::silence(terms) : Instant::min();
      limits_.emplace_back(terms, new_epoch(), silent_until);
    }
    note_status();
  }

  ~Service() {
    if (!thread_.joinable()) return;
    asio::post(context_, [this] { close_all(); });
    thread_.join();
  }

  Result<std::string> listen(const std::string& host, std::uint16_t port) {
    Error wrong{ErrorCode::kNetwork, host + ":" + std::to_string(port), "", "an address to listen at",
                "Give an address of this machine, and port 0 for any that is free."};
    error_code error;
    auto address = asio::ip::make_address(host, error);
    if (error) {
      asio::ip::basic_resolver<asio::ip::tcp, Executor> resolver(context_.get_executor());
      auto found = resolver.resolve(host, "", error);
      if (error || found.empty()) {
        wrong.found = "the name cannot be resolved (" + error.message() + ")";
        return failure(wrong);
      }
      address = found.begin()->endpoint().address();
    }
    asio::ip::tcp::endpoint at(address, port);
    acceptor_.open(at.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(at, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      wrong.found = error.message();
      return failure(wrong);
    }
    std::string shown = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::thread([this] { context_.run(); });
    return "tcp://" + shown + ":" + std::to_string(acceptor_.local_endpoint().port());
  }

  // The terms never change: any thread.
  Duration silence() const {
    Duration longest{};
    for (const policy::LeaseCoordinator& limit : limits_) {
      longest = std::max(longest, policy::LeaseCoordinator::silence(limit.terms()));
    }
    return longest;
  }
  CoordinatorStatus status() const {
    std::scoped_lock lock(status_mutex_);
    return status_;
  }

 private:
  // Coroutines end by themselves when what they wait for fails; a context that is merely stopped would keep
  // their sockets open.
  void close_all() {
    closing_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (const auto& known : open_links_) {
      if (LinkPtr link = known.lock()) close(*link);
    }
    clock_.call_at(clock_.now() + kCloseMax, [this] { context_.stop(); });
  }

  Async<void> accept() {
    while (!closing_) {
      error_code error;
      Socket socket = co_await acceptor_.async_accept(asio::redirect_error(use_async, error));
      if (closing_) co_return;
      if (error) {
        co_await sleep_until(clock_, clock_.now() + kAcceptAgain);
        continue;
      }
      socket.set_option(asio::ip::tcp::no_delay(true), error);
      auto link = std::make_shared<Link>(std::move(socket));
      std::erase_if(open_links_, [](const auto& known) { return known.expired(); });
      open_links_.push_back(link);
      clock_.call_at(clock_.now() + kHandshakeMax, [link] {
        if (!link->trusted) close(*link);
      });
      asio::co_spawn(context_, serve(link), asio::detached);
    }
  }

  Async<void> serve(LinkPtr link) {
    bool trusted = co_await shake_hands(link);
    while (trusted) {
      std::string body = co_await read_frame(link);
      if (body.empty()) break;
      auto said = link->theirs->check(body);
      auto reports = said ? read_reports(*said) : std::nullopt;
      if (!said) ++refused_;
      if (!reports || !take(link, *reports)) break;
    }
    // A broken connection says nothing about the worker: its lease runs on.
    close(*link);
  }

  Async<std::string> read_frame(LinkPtr link) {
    std::string bytes(kLengthBytes, '\0');
    error_code error;
    co_await asio::async_read(link->socket, asio::buffer(bytes), asio::redirect_error(use_async, error));
    auto length = frame_length(bytes);
    if (error || !length) co_return "";
    bytes.resize(*length);
    co_await asio::async_read(link->socket, asio::buffer(bytes), asio::redirect_error(use_async, error));
    if (error) bytes.clear();
    co_return bytes;
  }

  Async<bool> shake_hands(LinkPtr link) {
    Nonce nonce = draw_nonce();
    send(link, frame(Hello{nonce}));
    std::string body = co_await read_frame(link);
    auto proof = read_proof(body);
    if (!proof || !same_code(proof->code, code_of(secret_, "worker", nonce, proof->nonce))) {
      ++refused_;
      note_status();
      if (proof) {
        send(link, frame(Refused{"the secret is not the coordinator's"}));
        // Long enough to be read, and to make guessing slow.
        co_await sleep_until(clock_, clock_.now() + 1s);
      }
      co_return false;
    }
    link->trusted = true;
    link->mine.emplace(secret_, "coordinator", nonce, proof->nonce);
    link->theirs.emplace(secret_, "worker", nonce, proof->nonce);
    Welcome welcome;
    for (const policy::LeaseCoordinator& limit : limits_) welcome.terms.push_back(limit.terms());
    send(link, link->mine->sign(frame(welcome)));
    co_return true;
  }

  bool take(const LinkPtr& link, const Reports& message) {
    if (message.reports.size() != limits_.size()) return false;
    std::uint64_t worker = message.reports[0].worker;
    Instant now = clock_.now();
    ++messages_in_;
    links_[worker] = link;
    link->worker = worker;
    bool leaving = message.reports[0].leaving;
    for (std::size_t i = 0; i < limits_.size(); ++i) limits_[i].report(message.reports[i], now);
    if (leaving) {
      hold_.forget(worker);
    } else {
      hold_.report(worker, message.broken, message.asked_to_wait, now);
    }
    send_grants(now);
    if (leaving) links_.erase(worker);
    if (!ticking_) tick();
    return true;
  }

  void tick() {
    Instant now = clock_.now();
    ticking_ = false;
    for (policy::LeaseCoordinator& limit : limits_) {
      limit.tick(now);
      ticking_ = ticking_ || limit.busy();
    }
    send_grants(now);
    std::erase_if(links_, [this](const auto& entry) {
      if (!entry.second->over || limits_[0].charged(entry.first) > 0) return false;
      hold_.forget(entry.first);
      return true;
    });
    note_status();
    if (ticking_) clock_.call_at(now + policy::LeaseCoordinator::kTick, [this] { tick(); });
  }

  void send_grants(Instant now) {
    std::map<std::uint64_t, Grants> by_worker;
    for (std::size_t i = 0; i < limits_.size(); ++i) {
      for (const policy::LeaseGrant& grant : limits_[i].take_grants()) {
        Grants& grants = by_worker[grant.worker];
        grants.grants.push_back({i, grant});
      }
    }
    if (hold_.take_changed()) {
      for (const auto& [worker, link] : links_) by_worker.try_emplace(worker);
    }
    for (auto& [worker, grants] : by_worker) {
      grants.hold = hold_.hold(worker, now);
      auto link = links_.find(worker);
      if (link != links_.end()) send(link->second, link->second->mine->sign(frame(grants)));
    }
  }

  void send(const LinkPtr& link, const std::string& bytes) {
    if (link->over) return;
    ++messages_out_;
    link->out += bytes;
    if (link->out.size() > kOutMax) {
      close(*link);
      return;
    }
    if (!std::exchange(link->writing, true)) asio::co_spawn(context_, write_out(link), asio::detached);
  }

  static Async<void> write_out(LinkPtr link) {
    while (!link->out.empty() && !link->over) {
      std::string bytes = std::exchange(link->out, {});
      error_code error;
      co_await asio::async_write(link->socket, asio::buffer(bytes), asio::redirect_error(use_async, error));
      if (error) close(*link);
    }
    link->writing = false;
  }

  static void close(Link& link) {
    link.over = true;
    error_code ignored;
    link.socket.close(ignored);
  }

  void note_status() {
    std::scoped_lock lock(status_mutex_);
    status_ = {};
    status_.messages_in = messages_in_;
    status_.messages_out = messages_out_;
    status_.refused = refused_;
    status_.held = hold_.held(clock_.now());
    for (const policy::LeaseCoordinator& limit : limits_) {
      status_.workers = std::max(status_.workers, limit.workers());
      status_.overdrawn += limit.overdrawn();
      status_.limits.push_back({limit.terms().permits, limit.charged(), limit.quarantined(), limit.free()});
    }
  }

  std::string secret_;
  asio::io_context context_{1};
  LoopClock clock_;
  Acceptor acceptor_;
  std::vector<policy::LeaseCoordinator> limits_;
  policy::ClusterHold hold_;
  std::map<std::uint64_t, LinkPtr> links_;  // by worker: its newest connection
  std::vector<std::weak_ptr<Link>> open_links_;
  bool closing_ = false;
  bool ticking_ = false;
  std::int64_t messages_in_ = 0;
  std::int64_t messages_out_ = 0;
  std::int64_t refused_ = 0;
  mutable std::mutex status_mutex_;
  CoordinatorStatus status_;
  std::thread thread_;
};

Result<std::unique_ptr<CoordinatorServer>> CoordinatorServer::start(const CoordinatorOptions& options) {
  if (options.limits.rate.empty()) {
    return failure(
        {ErrorCode::kSetting, "limits.rate", "unlimited", "a limit to share out", "Set limits.rate."});
  }
  if (options.secret.size() < kSecretMin) {
    return failure({ErrorCode::kSetting, "the coordinator's secret", "a short one", "16 bytes or more",
                    "Make one with: openssl rand -hex 32"});
  }
  auto service = std::make_unique<Service>(options);
  auto address = service->listen(options.host, options.port);
  if (!address) return failure(std::move(address).error());
  std::unique_ptr<CoordinatorServer> server(new CoordinatorServer(std::move(service)));
  server->address_ = *std::move(address);
  return server;
}

CoordinatorServer::CoordinatorServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
CoordinatorServer::~CoordinatorServer() = default;
CoordinatorStatus CoordinatorServer::status() const {
  return service_->status();
}

Duration CoordinatorServer::silence() const {
  return service_->silence();
}

}  // namespace rowcall::lease
