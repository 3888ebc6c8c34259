// SPDX-License-Identifier: Apache-2.0
#include "cli/watchers.h"

#include <cstdio>

#include <CLI/Option.hpp>
#include <CLI/Validators.hpp>

#include "base/try.h"
#include "mapping/secrets.h"
#include "settings/secrets.h"

namespace rowcall::cli {
namespace {

Result<std::string> secret_at(const std::string& place, const char* flag) {
  if (!settings::is_secret_place(place)) {
    // What stands there may be the secret itself, so it is not repeated.
    return failure({ErrorCode::kSetting, flag, "a text that names no place", "\"env:NAME\" or \"file:PATH\"",
                    "Put it into an environment variable, and write env: and its name here."});
  }
  return mapping::fetch_secret(SecretRef{place}, flag);
}

}  // namespace

void add_watch_flags(CLI::App& command, WatchOptions& options) {
  command
      .add_option("--dashboard", options.dashboard,
                  "Serve a live page of the run there; port 0 takes a free one")
      ->type_name("HOST:PORT");
  command.add_option("--metrics", options.metrics, "Serve /metrics for Prometheus there")
      ->type_name("HOST:PORT");
  command
      .add_option("--watch-token", options.token,
                  "Where the token is found that both ask for; needed elsewhere than on loopback")
      ->type_name("env:NAME");
  command
      .add_option("--webhook", options.webhook,
                  "Where the URL is found that alarms and the end are posted to")
      ->type_name("env:NAME");
  command
      .add_option("--price-per-call", options.price_per_call, "What one attempt costs, in whatever currency")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  command.add_flag("--cloudwatch", options.cloudwatch,
                   "Print metrics to standard output in CloudWatch's embedded metric format");
}

Result<Watchers> open_watchers(const WatchOptions& options, const std::string& job,
                               const telemetry::Board* board) {
  Watchers out;
  if (!options.webhook.empty()) {
    TRY(std::string url, secret_at(options.webhook, "--webhook"));
    TRY(out.webhook, page::Webhook::start(url, job));
    out.secrets.push_back(std::move(url));
  }
  if (options.metrics.empty() && options.dashboard.empty()) return out;
  page::PageOptions served{options.metrics, options.dashboard, ""};
  if (!options.token.empty()) {
    TRY(served.token, secret_at(options.token, "--watch-token"));
    out.secrets.push_back(served.token);
  }
  TRY(out.server, page::PageServer::start(served, board));
  for (const std::string* url : {&out.server->dashboard_url(), &out.server->metrics_url()}) {
    if (!url->empty()) std::fprintf(stderr, "Watch it at %s\n", url->c_str());
  }
  return out;
}

}  // namespace rowcall::cli
