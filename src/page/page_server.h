// SPDX-License-Identifier: Apache-2.0
// Serves the live page and the metrics of a run over HTTP, on a thread of its own.
//
//   GET /          the live page          GET /metrics   for Prometheus
//   GET /events    its updates (SSE)      GET /health    "ok"
//
// It only reads the board, so nothing that a browser does can hold up the run. Bound elsewhere than to
// loopback, it asks for the token. On loopback it answers only to a loopback name in Host, so that no web
// page opened in the same browser can reach it under a name of its own. Nothing is cached, nothing fetched.
#pragma once

#include <memory>
#include <string>

#include "rowcall/error.h"

#include "telemetry/board.h"

namespace rowcall::page {

struct PageOptions {
  std::string metrics;    ///< HOST:PORT; empty: none. Port 0: a free one.
  std::string dashboard;  ///< The same; may be the same address.
  std::string token;      ///< Empty: none is asked for.
};

class PageServer {
 public:
  /// Binds and begins to serve. `board` outlives this. Fails when an address cannot be bound.
  static Result<std::unique_ptr<PageServer>> start(const PageOptions& options, const telemetry::Board* board);
  /// Gives open pages the last state, for at most half a second, and ends.
  ~PageServer();
  PageServer(const PageServer&) = delete;
  PageServer& operator=(const PageServer&) = delete;

  /// Where they are, as in "http://127.0.0.1:9090/metrics"; empty: not asked for.
  const std::string& metrics_url() const;
  const std::string& dashboard_url() const;

 private:
  struct Parts;
  explicit PageServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace rowcall::page
