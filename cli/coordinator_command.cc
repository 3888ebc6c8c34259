// SPDX-License-Identifier: Apache-2.0
// `rowcall coordinator`: lends the permits of one limit to runs on whatever machines.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/parse.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/stop_signals.h"
#include "lease/coordinator_server.h"
#include "mapping/secrets.h"
#include "settings/load.h"
#include "settings/rate_text.h"
#include "settings/setting.h"

namespace rowcall::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFooter =
    "Examples:\n"
    "  export RATE_COORDINATOR_SECRET=$(openssl rand -hex 32)\n"
    "  rowcall coordinator --rate 5000/s --host 10.0.0.7 --port 7077\n"
    "  rowcall run job.toml --rate 5000/s --coordinator tcp://10.0.0.7:7077     (there, with the same "
    "secret)\n"
    "\n"
    "All runs that connect share the limit: together they never exceed it, and what one does not use, "
    "others\n"
    "do. No call waits for a word from here: permits are lent for three seconds at a time. While this "
    "process\n"
    "is away, runs go on until their leases end, then they wait for it.\n"
    "\n"
    "Whoever knows the secret may send calls; it is never sent itself, and what the two say is signed, but "
    "not\n"
    "encrypted. There is one coordinator for a limit, and it remembers nothing on disk: after a start it "
    "gives\n"
    "nothing for as long as leases of one before it may last (four seconds for a limit per second; an hour\n"
    "and three seconds for one per hour), unless --first says that there was none.\n"
    "Ctrl-C or SIGTERM ends it; runs then stop within three seconds. Exit code 0, or 1 if it could not "
    "start.";

struct CoordinatorFlags {
  std::vector<std::string> rates;
  std::string strict;
  std::string guard_max;
  std::string timeout;
  std::string secret;
  std::string env_file;
  bool no_env_file = false;
  bool first = false;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
};

// The settings these flags are, from .env and the environment as well: of a job without a table and an API.
Result<Job> settings_of(const CoordinatorFlags& flags) {
  settings::Layers layers;
  layers.environment = settings::process_environment();
  layers.use_env_file = !flags.no_env_file;
  if (!flags.env_file.empty()) layers.env_file = flags.env_file;
  layers.brought.source = true;
  auto set = [&layers](const char* key, const char* flag, const std::string& text) {
    if (!text.empty()) layers.values.push_back({key, text, flag});
  };
  set("request.url", "the command", "http://127.0.0.1/");
  set("limits.coordinator_secret", "--secret", flags.secret);
  set("limits.strict", "--strict", flags.strict);
  set("limits.guard_max", "--guard-max", flags.guard_max);
  set("request.timeout", "--timeout", flags.timeout);
  for (const std::string& rate : flags.rates) layers.flags.push_back({"--rate", rate});
  TRY(settings::Loaded loaded, settings::load(layers));
  if (!loaded.places.has("limits.rate")) {
    return failure({ErrorCode::kSetting, "--rate", "none", "the limit to share, the one that the jobs have",
                    "Give --rate, as in --rate 5000/s."});
  }
  settings::export_to_process(loaded.exports);
  return std::move(loaded.job);
}

std::string rates_text(const Job& job) {
  std::string text;
  for (const RateLimit& rate : job.limits.rate) {
    text += (text.empty() ? "" : ", ") + settings::rate_text(rate);
  }
  return text;
}

// What there was, when it ends.
void print_status(const lease::CoordinatorStatus& status) {
  std::printf("ended: %s messages in, %s out, %s refused; %s workers held a lease\n",
              grouped(status.messages_in).c_str(), grouped(status.messages_out).c_str(),
              grouped(status.refused).c_str(), grouped(status.workers).c_str());
  if (status.overdrawn > 0) {
    std::printf("%s reports told of more permits than were lent: the limit may have been exceeded\n",
                grouped(status.overdrawn).c_str());
  }
}

Result<Exit> coordinate(const CoordinatorFlags& flags) {
  TRY(Job job, settings_of(flags));
  if (job.limits.coordinator_secret.empty()) {
    return failure({ErrorCode::kSetting, "--secret", "none", "where the secret is found that runs must know",
                    "Put it into RATE_COORDINATOR_SECRET, or name a file: --secret file:PATH"});
  }
  lease::CoordinatorOptions options;
  TRY(options.secret, mapping::fetch_secret(job.limits.coordinator_secret, "--secret"));
  options.limits = job.limits;
  options.call_timeout = job.request.timeout;
  options.host = flags.host;
  options.port = flags.port;
  options.restarted = !flags.first;
  StopFlag stop;
  StopSignals signals(&stop);
  TRY(auto server, lease::CoordinatorServer::start(options));
  std::printf("coordinator of %s at %s\n", rates_text(job).c_str(), server->address().c_str());
  if (options.restarted) {
    std::printf(
        "gives nothing for the first %.1f s: another one's leases may still last (--first: there was none)\n",
        seconds(server->silence()));
  }
  std::fflush(stdout);
  // It works on a thread of its own.
  while (!stop.graceful()) std::this_thread::sleep_for(100ms);
  lease::CoordinatorStatus status = server->status();
  server.reset();
  print_status(status);
  return status.overdrawn > 0 ? Exit::kError : Exit::kDone;
}

}  // namespace

void add_coordinator(CLI::App& app, Command& chosen) {
  CLI::App* command =
      app.add_subcommand("coordinator", "Lend the permits of one limit to several runs, on any machines");
  command->footer(kFooter);
  auto flags = std::make_shared<CoordinatorFlags>();
  command->add_option("--rate", flags->rates, "The limit to share, as in 5000/s; up to four hold at once")
      ->type_name("RATE")
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--host", flags->host, "Address to listen at, one that runs can reach")
      ->capture_default_str();
  command->add_option("--port", flags->port, "Port to listen at; 0 takes a free one")->capture_default_str();
  command
      ->add_option("--secret", flags->secret,
                   "Where the secret is found that runs must know, 16 bytes or more; without it "
                   "RATE_COORDINATOR_SECRET holds it")
      ->type_name("env:NAME|file:PATH");
  command->add_option("--strict", flags->strict, "As the jobs have it in limits.strict: measured or proof")
      ->type_name("HOW");
  command->add_option("--guard-max", flags->guard_max, "The largest limits.guard_max of the jobs")
      ->type_name("TIME");
  command
      ->add_option("--timeout", flags->timeout,
                   "With --strict proof: the largest request.timeout of the jobs")
      ->type_name("TIME");
  command->add_flag("--first", flags->first,
                    "No coordinator of this limit was here a moment ago: give at once");
  command->add_option("--env-file", flags->env_file, "Read this instead of .env")->type_name("FILE");
  command->add_flag("--no-env-file", flags->no_env_file, "Read no .env");
  command->callback([&chosen, flags] {
    chosen = [flags] {
      auto exit = coordinate(*flags);
      return exit ? *exit : complain(exit.error());
    };
  });
}

}  // namespace rowcall::cli
