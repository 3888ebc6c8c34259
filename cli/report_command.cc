// SPDX-License-Identifier: Apache-2.0
// `rowcall report` and `rowcall compare`: what runs came to, from their run directories alone.
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "telemetry/report_page.h"

namespace rowcall::cli {

void add_report(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("report", "Make report.html and report.json of a run again");
  command->footer(
      "Every run ends with a report. This makes it anew, also for a run that was killed or goes on.");
  auto directory = std::make_shared<std::string>();
  command->add_option("run", *directory, "The run directory, as in runs/customers")
      ->required()
      ->type_name("RUN");
  command->callback([&chosen, directory] {
    chosen = [directory] {
      auto page = telemetry::write_report(*directory);
      if (!page) return complain(page.error());
      std::printf("%s\n", page->c_str());
      return Exit::kDone;
    };
  });
}

void add_compare(CLI::App& app, Command& chosen) {
  CLI::App* command = app.add_subcommand("compare", "Two runs side by side");
  auto first = std::make_shared<std::string>();
  auto second = std::make_shared<std::string>();
  command->add_option("first", *first, "A run directory")->required()->type_name("RUN");
  command->add_option("second", *second, "Another one")->required()->type_name("RUN");
  command->callback([&chosen, first, second] {
    chosen = [first, second] {
      auto a = telemetry::read_run(*first);
      if (!a) return complain(a.error());
      auto b = telemetry::read_run(*second);
      if (!b) return complain(b.error());
      std::fputs(telemetry::compared(*a, *b).c_str(), stdout);
      return Exit::kDone;
    };
  });
}

}  // namespace rowcall::cli
