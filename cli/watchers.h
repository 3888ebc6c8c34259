// SPDX-License-Identifier: Apache-2.0
// Those who watch a run from outside: page, metrics, webhook. No part of the job: the same run may go on with
// other watchers, or none.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "rowcall/error.h"

#include "page/page_server.h"
#include "page/webhook.h"

namespace rowcall::cli {

struct WatchOptions {
  std::string dashboard;      ///< HOST:PORT of the live page; empty: none.
  std::string metrics;        ///< HOST:PORT for Prometheus; empty: none.
  std::string token;          ///< "env:NAME" or "file:PATH": what both ask for; needed off loopback.
  std::string webhook;        ///< The same for the URL that alarms are posted to.
  double price_per_call = 0;  ///< In any currency; 0: not known.
  bool cloudwatch = false;    ///< Print CloudWatch's embedded metric format to standard output.
};

void add_watch_flags(CLI::App& command, WatchOptions& options);

struct Watchers {
  std::unique_ptr<page::PageServer> server;
  std::unique_ptr<page::Webhook> webhook;
  std::vector<std::string> secrets;  ///< Never to be written anywhere.
};

/// Begins to serve and says where, on standard error. `board` outlives the watchers.
Result<Watchers> open_watchers(const WatchOptions& options, const std::string& job,
                               const telemetry::Board* board);

}  // namespace rowcall::cli
