// SPDX-License-Identifier: Apache-2.0
// The coordinator of one job's limits, for workers that connect to it over TCP.
//
// Lives in one process of the cluster (Spark's driver, say), on a thread of its own. Workers connect out
// to it and prove that they know the secret; nobody else learns anything. docs/decisions/0011-leases.md.
//
// The public functions may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::lease {

struct CoordinatorOptions {
  LimitSpec limits;                ///< `rate`: up to four limits, all of them shared by all workers.
  Duration call_timeout = 30s;     ///< The job's request.timeout; counts with strict = "proof".
  std::string host = "127.0.0.1";  ///< The address to listen at; workers must be able to reach it.
  std::uint16_t port = 0;          ///< 0: any that is free.
  std::string secret;              ///< What workers must know; 16 bytes or more.
  /// A coordinator of the same limits was here before, less than a lease ago: renew, but give nothing new
  /// until its leases are surely over.
  bool restarted = false;
};

/// What can be seen of one limit.
struct LimitStatus {
  std::int64_t permits = 0;
  std::int64_t lent = 0;         ///< What workers can hold at most.
  std::int64_t quarantined = 0;  ///< Not free yet.
  std::int64_t free = 0;
};
struct CoordinatorStatus {
  std::int64_t workers = 0;
  std::int64_t messages_in = 0;
  std::int64_t messages_out = 0;
  std::int64_t refused = 0;  ///< Connections that did not know the secret, or sent what they had not signed.
  std::int64_t overdrawn = 0;  ///< Must stay 0.
  bool held = false;           ///< Retry-After or an open breaker holds the cluster.
  std::vector<LimitStatus> limits;
};

class CoordinatorServer {
 public:
  /// Fails when the address cannot be listened at, there is no limit, or the secret is short.
  static Result<std::unique_ptr<CoordinatorServer>> start(const CoordinatorOptions& options);
  /// Ends all connections. Workers stop when their leases run out.
  ~CoordinatorServer();
  CoordinatorServer(const CoordinatorServer&) = delete;
  CoordinatorServer& operator=(const CoordinatorServer&) = delete;

  /// For `limits.coordinator` of a job: "tcp://HOST:PORT".
  const std::string& address() const { return address_; }
  CoordinatorStatus status() const;
  /// How long a restarted one gives nothing new.
  Duration silence() const;

 private:
  class Service;
  explicit CoordinatorServer(std::unique_ptr<Service> service);

  std::unique_ptr<Service> service_;
  std::string address_;
};

}  // namespace rowcall::lease
