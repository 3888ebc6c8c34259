// SPDX-License-Identifier: Apache-2.0
// A run's connection to the coordinator, or to a Redis: keeps its leases alive, and its limiter's permits
// right.
//
// Connects, reports, takes over grants, and connects again when the connection is lost; meanwhile the run
// sends on until its leases run out, and then waits. Belongs to the loop thread of one run.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "lease/dialogue.h"
#include "lease/wire.h"
#include "loop/async.h"
#include "loop/clock.h"
#include "policy/lease_worker.h"
#include "policy/limiter.h"

namespace rowcall::lease {

/// What the API looks like from this run.
struct Health {
  bool broken = false;       ///< The breaker is not closed.
  Duration asked_to_wait{};  ///< What is left of a Retry-After for everyone.
};

/// What the client asks of the run and tells it.
struct ClientEvents {
  std::function<Health()> health;
  /// Permits have come, or gone.
  std::function<void()> changed;
  /// The cluster is to send nothing before that time; in the past: it may.
  std::function<void(Instant)> hold;
  /// The run cannot go on: the secret is wrong, the limits differ, or the coordinator was never reached.
  std::function<void(Error)> refused;
};

class LeaseClient {
 public:
  /// `terms`: the run's own, one for each limit. `limiter` was made with lent permits for the same limits; it
  /// and what `events` calls outlive this.
  LeaseClient(Executor executor, Clock* clock, std::vector<policy::LeaseTerms> terms,
              const settings::CoordinatorUrl& url, const std::string& secret, policy::Limiter* limiter,
              ClientEvents events);
  LeaseClient(const LeaseClient&) = delete;
  LeaseClient& operator=(const LeaseClient&) = delete;

  /// Keeps connection and leases until `stop`, then gives the permits back.
  Async<void> keep();
  /// Nothing will be sent any more.
  void stop();

 private:
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

  Async<bool> connect();
  Async<bool> greet();
  Async<Heard> listen();
  Async<void> read_grants_of(std::uint64_t connection);
  Async<void> write_out(std::uint64_t connection);
  Async<void> farewell();
  bool agree(const std::vector<policy::LeaseTerms>& terms);
  void report_if_due(Instant now);
  void take(const Grants& grants);
  void say(const Reports& reports);
  void disconnect();
  void refuse(Error why);

  Executor executor_;
  Clock* clock_;
  std::vector<policy::LeaseTerms> terms_;  // the run's own
  settings::CoordinatorUrl url_;
  Dialogue dialogue_;
  policy::Limiter* limiter_;
  ClientEvents events_;
  std::vector<std::unique_ptr<policy::LeaseWorker>> workers_;  // one a limit, from the first welcome on
  std::optional<Socket> socket_;
  std::uint64_t connection_ = 0;  // counts; those who belong to an older one end
  bool connected_ = false;
  Instant heard_at_{};
  std::array<char, 4096> in_{};
  std::string out_;
  bool writing_ = false;
  int branches_ = 0;
  bool stopping_ = false;
  bool refused_ = false;
  std::string trouble_;  // why there is no connection
};

}  // namespace rowcall::lease
