// SPDX-License-Identifier: Apache-2.0
// `rowcall verify-rate`: was the limit kept? From the call log alone.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "settings/rate_text.h"
#include "telemetry/rate_verdict.h"

namespace rowcall::cli {

void add_verify_rate(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("verify-rate", "Read a run's call log and print its fullest window");
  command->footer(
      "Counts every attempt, retries included, in every window of the limit's length: what was sent, not\n"
      "what was meant. Exit code 0: never over the limit; 5: over it, or calls are missing in the log.");
  auto directory = std::make_shared<std::string>();
  auto rates = std::make_shared<std::vector<std::string>>();
  command->add_option("run", *directory, "The run directory, as in runs/customers")
      ->required()
      ->type_name("RUN");
  command->add_option("--rate", *rates, "Hold the run to this instead of its own limits")->type_name("RATE");
  command->callback([&chosen, directory, rates] {
    chosen = [directory, rates] {
      std::vector<RateLimit> limits;
      for (const std::string& text : *rates) {
        auto limit = settings::parse_rate(text);
        if (!limit)
          return complain({ErrorCode::kSetting, "--rate", "\"" + text + "\"", "a rate such as 5000/s", ""});
        limits.push_back(*limit);
      }
      auto verdict = telemetry::verify_rate(std::filesystem::path(*directory) / "calls.log", limits);
      if (!verdict) return complain(verdict.error());
      std::fputs(verdict->text().c_str(), stdout);
      return verdict->kept() ? Exit::kDone : Exit::kUnhealthy;
    };
  });
}

}  // namespace rowcall::cli
