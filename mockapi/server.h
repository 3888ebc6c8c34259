// SPDX-License-Identifier: Apache-2.0
// The mock API on its socket: accepts connections, brings calls to the Api and outages to the connections.
//
// Lives on one io_context, run by one thread; every function is for that thread. The loop must have ended, or
// be destroyed, before the server is.
#pragma once

#include <memory>
#include <optional>
#include <unordered_set>

#include "mockapi/api.h"
#include "mockapi/connection.h"
#include "mockapi/due_queue.h"
#include "mockapi/net.h"
#include "mockapi/options.h"

namespace rowcall::mockapi {

class Server {
 public:
  Server(asio::io_context& loop, const MockOptions& options);

  /// Listens; from then on calls are answered. An error names the address or file that is no good.
  Result<void> listen();
  std::uint16_t port() const { return port_; }
  /// Ends listening and every connection, so that the loop runs out of work.
  void stop();

  Stats stats() { return api_.stats(traffic_); }
  void reset() { api_.reset(traffic_); }
  void change(const Behaviour& behaviour);

  // For connections.
  Answer take(const Call& call, Instant at);
  void call_began();
  void calls_ended(std::int64_t calls) { traffic_.in_flight -= calls; }
  void enter(Connection* connection) { connections_.insert(connection); }
  void leave(Connection* connection) { connections_.erase(connection); }
  Api& api() { return api_; }
  DueQueue& due() { return due_; }
  Traffic& traffic() { return traffic_; }
  const MockOptions& options() const { return options_; }

 private:
  Result<void> load_certificate();
  void accept();
  void watch_outages(Instant now);

  MockOptions options_;
  Api api_;
  Traffic traffic_;
  DueQueue due_;
  std::optional<asio::ssl::context> tls_;
  Acceptor acceptor_;
  Timer accept_pause_;
  Timer outage_timer_;
  std::optional<Instant> outage_armed_;
  std::uint16_t port_ = 0;
  std::unordered_set<Connection*> connections_;
};

}  // namespace rowcall::mockapi
