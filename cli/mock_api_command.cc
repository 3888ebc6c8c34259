// SPDX-License-Identifier: Apache-2.0
#include "cli/mock_api_command.h"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/commands.h"
#include "mockapi/mock_api.h"
#include "mockapi/notation.h"
#include "mockapi/script.h"

namespace rowcall::cli {
namespace {

constexpr const char* kAbout =
    "Serve a mock scoring API that audits the rate of the calls it gets.\n"
    "Every path is the scored call, except GET /health, GET /stats (JSON) and POST /reset.\n"
    "A row that holds \"refuse\": true is refused with 422. Ctrl-C ends it with a verdict.";

template <class T, class Read>
Result<void> read_all(const std::vector<std::string>& texts, std::vector<T>& into, const char* flag,
                      Read read) {
  for (const std::string& text : texts) {
    auto value = read(text, flag);
    if (!value) return failure(std::move(value).error());
    into.push_back(*value);
  }
  return {};
}

Result<void> read_duration_into(const std::string& text, Duration& into, const char* flag) {
  if (text.empty()) return {};
  auto value = mockapi::read_duration(text, flag);
  if (!value) return failure(std::move(value).error());
  into = *value;
  return {};
}

/// A rate such as 3000/s, as calls a second.
Result<void> read_rate_into(const std::string& text, double& into, const char* flag) {
  if (text.empty()) return {};
  auto limit = mockapi::read_limit(text, flag);
  if (!limit) return failure(std::move(limit).error());
  into = static_cast<double>(limit->calls) / seconds(limit->period);
  return {};
}

/// The secret behind "env:NAME" or "file:PATH". The flag never holds the value, as others can read it there.
Result<std::string> read_token(const std::string& place) {
  auto no = [&](std::string found, std::string expected) {
    return failure({ErrorCode::kSetting, "--token", std::move(found), std::move(expected), {}});
  };
  std::string value;
  if (place.starts_with("env:")) {
    const char* text = std::getenv(place.c_str() + 4);
    if (text == nullptr) return no("no environment variable " + place.substr(4), "one that holds the token");
    value = text;
  } else if (place.starts_with("file:")) {
    std::ifstream file(place.substr(5));
    if (!file) return no("no file " + place.substr(5), "one whose first line is the token");
    std::getline(file, value);
  } else {
    // What was given may be the token itself, so it is not repeated.
    return no("a text that is no place", "env:NAME or file:PATH");
  }
  if (value.empty()) return no(place + " is empty", "a token");
  return value;
}

/// A script itself, or the name of a file that holds one.
Result<std::vector<mockapi::ScriptStep>> read_script(const std::string& text) {
  std::ifstream file(text);
  if (!file) return mockapi::read_script(text, "--script");
  std::ostringstream whole;
  whole << file.rdbuf();
  return mockapi::read_script(whole.str(), "--script " + text);
}

Result<void> read_behaviour(const MockApiFlags& flags, mockapi::Behaviour& behaviour) {
  if (auto good = read_all(flags.limits, behaviour.limits, "--limit", mockapi::read_limit); !good)
    return good;
  if (auto good = read_all(flags.outages, behaviour.outages, "--outage", mockapi::read_outage); !good)
    return good;
  if (auto good = read_duration_into(flags.latency, behaviour.latency, "--latency"); !good) return good;
  if (auto good = read_duration_into(flags.jitter, behaviour.jitter, "--jitter"); !good) return good;
  if (auto good = read_rate_into(flags.capacity, behaviour.capacity_per_s, "--capacity"); !good) return good;
  if (flags.errors.empty()) return {};
  auto faults = mockapi::read_faults(flags.errors, "--errors");
  if (!faults) return failure(std::move(faults).error());
  behaviour.faults = *std::move(faults);
  return {};
}

void add_behaviour_flags(CLI::App& command, MockApiFlags& flags) {
  mockapi::Behaviour& behaviour = flags.options.behaviour;
  command
      .add_option("--limit", flags.limits,
                  "Refuse with 429 what exceeds this in any sliding window; repeatable")
      ->type_name("CALLS/TIME");
  command
      .add_option("--audit", flags.audit, "Hold arrivals against this limit without refusing any; repeatable")
      ->type_name("CALLS/TIME");
  command.add_option("--retry-after", behaviour.retry_after, "Seconds to ask for with each 429")
      ->type_name("SECONDS");
  command.add_option("--latency", flags.latency, "From a call to its answer")->type_name("TIME");
  command.add_option("--jitter", flags.jitter, "Vary the latency evenly by that much, up and down")
      ->type_name("TIME");
  command
      .add_option("--errors", flags.errors,
                  "Shares of calls to fail: a status, reset, timeout, badjson, short or wrongtype, "
                  "as in 503:0.02,reset:0.001")
      ->type_name("KIND:SHARE,...");
  command
      .add_option("--outage", flags.outages, "Be down, counted from the first call, as in 10s+5s; repeatable")
      ->type_name("START+LENGTH");
  command.add_option("--capacity", flags.capacity, "Carry out no more than that; further calls queue")
      ->type_name("CALLS/TIME");
  command
      .add_option("--queue-max", behaviour.queue_max, "Calls that may queue for capacity; one more gets 503")
      ->type_name("CALLS")
      ->capture_default_str();
}

void add_script_flags(CLI::App& command, MockApiFlags& flags) {
  command
      .add_option("--script", flags.script,
                  "Change while running: steps such as '10s limit 400/s; 50s limit none', or a file of them")
      ->type_name("FILE|TEXT");
  command.add_option("--calls-file", flags.options.calls_file, "Write every call there: time, status, wait")
      ->type_name("PATH");
}

void add_server_flags(CLI::App& command, MockApiFlags& flags) {
  mockapi::MockOptions& options = flags.options;
  command.add_option("--port", options.port, "Port to listen on; 0 takes a free one")->capture_default_str();
  command.add_option("--host", options.host, "Address to listen on")->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of injected errors and jitter")->capture_default_str();
  command.add_option("--token", flags.token, "Where the bearer token is found that calls must carry")
      ->type_name("env:NAME");
  command.add_option("--tls-cert", options.tls_cert, "Certificate chain, to serve HTTPS")->type_name("PEM");
  command.add_option("--tls-key", options.tls_key, "Its private key")->type_name("PEM");
  command
      .add_option(
          "--stamp", flags.stamp,
          "What counts as arrival: read (the request has been read) or kernel (the system received it; "
          "free of the server's own delays)")
      ->check(CLI::IsMember({"read", "kernel"}))
      ->capture_default_str();
  command.add_option("--stats-file", options.stats_file, "Write the final statistics there, as JSON")
      ->type_name("PATH");
  command.add_flag("--quiet", options.quiet, "Print the address and nothing else");
}

}  // namespace

CLI::App* add_mock_api_command(CLI::App& app, MockApiFlags& flags) {
  CLI::App* command = app.add_subcommand("mock-api", kAbout);
  add_server_flags(*command, flags);
  add_behaviour_flags(*command, flags);
  add_script_flags(*command, flags);
  return command;
}

Result<mockapi::MockOptions> mock_options(const MockApiFlags& flags) {
  mockapi::MockOptions options = flags.options;
  if (auto good = read_behaviour(flags, options.behaviour); !good) return failure(std::move(good).error());
  if (auto good = read_all(flags.audit, options.audit, "--audit", mockapi::read_limit); !good) {
    return failure(std::move(good).error());
  }
  if (!flags.script.empty()) {
    auto script = read_script(flags.script);
    if (!script) return failure(std::move(script).error());
    options.script = *std::move(script);
  }
  if (flags.stamp == "kernel") options.stamp = mockapi::Stamp::kKernel;
  if (!flags.token.empty()) {
    auto token = read_token(flags.token);
    if (!token) return failure(std::move(token).error());
    options.token = *std::move(token);
  }
  if (auto valid = mockapi::validate(options); !valid) return failure(std::move(valid).error());
  return options;
}

void add_mock_api(CLI::App& app, Command& chosen) {
  auto flags = std::make_shared<MockApiFlags>();
  add_mock_api_command(app, *flags)->callback([&chosen, flags] {
    chosen = [flags] {
      auto options = mock_options(*flags);
      if (!options) return complain(options.error());
      auto served = mockapi::serve(*options);
      return served ? Exit::kDone : complain(served.error());
    };
  });
}

}  // namespace rowcall::cli
