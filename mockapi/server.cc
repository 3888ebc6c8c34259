// SPDX-License-Identifier: Apache-2.0
#include "mockapi/server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "mockapi/clocks.h"
#include "mockapi/kernel_stamp.h"

namespace rowcall::mockapi {
namespace {

constexpr int kBacklog = 4096;

}  // namespace

Server::Server(asio::io_context& loop, const MockOptions& options)
    : options_(options),
      api_(options, moment_now()),
      due_(loop),
      acceptor_(loop),
      accept_pause_(loop),
      outage_timer_(loop) {}

Result<void> Server::listen() {
  if (auto loaded = load_certificate(); !loaded) return loaded;
  if (!api_.calls_file_is_good()) {
    return failure(
        {ErrorCode::kSetting, "--calls-file", options_.calls_file, "a file that can be written", {}});
  }
  error_code error;
  auto address = asio::ip::make_address(options_.host == "localhost" ? "127.0.0.1" : options_.host, error);
  if (error) {
    return failure(
        {ErrorCode::kSetting, "--host", "'" + options_.host + "'", "an IP address, such as 127.0.0.1", {}});
  }
  tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && options_.stamp == Stamp::kKernel && !ask_for_stamps(acceptor_.native_handle())) {
    return failure({ErrorCode::kSetting, "--stamp", "kernel", "a system that stamps TCP segments",
                    "Leave out --stamp."});
  }
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(kBacklog, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) {
    return failure({ErrorCode::kNetwork, options_.host + ":" + std::to_string(options_.port), error.message(),
                    "a free port of this machine", "Choose another --port; 0 takes a free one."});
  }
  accept();
  return {};
}

Result<void> Server::load_certificate() {
  if (options_.tls_cert.empty()) return {};
  tls_.emplace(asio::ssl::context::tls_server);
  error_code error;
  tls_->set_options(
      asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
      error);
  tls_->use_certificate_chain_file(options_.tls_cert, error);
  if (error) {
    return failure({ErrorCode::kSetting,
                    "--tls-cert " + options_.tls_cert,
                    error.message(),
                    "a file with a certificate in PEM form",
                    {}});
  }
  tls_->use_private_key_file(options_.tls_key, asio::ssl::context::pem, error);
  if (error) {
    return failure({ErrorCode::kSetting,
                    "--tls-key " + options_.tls_key,
                    error.message(),
                    "the certificate's private key in PEM form",
                    {}});
  }
  return {};
}

void Server::accept() {
  acceptor_.async_accept([this](const error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (error) {
      // Most likely out of file descriptors: without a pause this would spin.
      accept_pause_.expires_after(std::chrono::milliseconds(20));
      return accept_pause_.async_wait([this](const error_code& stopped) {
        if (!stopped) accept();
      });
    }
    if (connections_.size() < options_.connections_max) {
      std::make_shared<Connection>(*this, std::move(socket), tls_ ? &*tls_ : nullptr)->start();
    }
    accept();
  });
}

void Server::stop() {
  error_code ignored;
  acceptor_.close(ignored);
  accept_pause_.cancel();
  outage_timer_.cancel();
  std::vector<Connection*> open(connections_.begin(), connections_.end());
  for (Connection* connection : open) connection->close();
  due_.clear();
}

void Server::change(const Behaviour& behaviour) {
  api_.change(behaviour);
  outage_armed_.reset();
  outage_timer_.cancel();
  watch_outages(steady_now());
}

Answer Server::take(const Call& call, Instant at) {
  Answer answer = api_.take(call, at, traffic_);
  if (!api_.judge().behaviour().outages.empty()) watch_outages(at);
  return answer;
}

void Server::call_began() {
  ++traffic_.in_flight;
  traffic_.in_flight_max = std::max(traffic_.in_flight_max, traffic_.in_flight);
}

/// At the beginning of an outage every connection is reset, the idle ones too.
void Server::watch_outages(Instant now) {
  if (outage_armed_ && *outage_armed_ <= now) return;  // About to fire.
  std::optional<Instant> next = api_.judge().next_outage(now);
  if (next == outage_armed_) return;
  outage_armed_ = next;
  if (!next) {
    outage_timer_.cancel();
    return;
  }
  outage_timer_.expires_at(*next);
  outage_timer_.async_wait([this](const error_code& error) {
    if (error) return;
    std::vector<Connection*> open(connections_.begin(), connections_.end());
    for (Connection* connection : open) connection->reset();
    outage_armed_.reset();
    watch_outages(steady_now());
  });
}

}  // namespace rowcall::mockapi
