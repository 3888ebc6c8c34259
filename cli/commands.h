// SPDX-License-Identifier: Apache-2.0
// The commands, each adding itself to the program.
//
// `chosen` becomes what is to be done when the command was given; the flags live inside it.
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "cli/command.h"

namespace rowcall::cli {

void add_run(CLI::App& app, Command& chosen);
void add_retry(CLI::App& app, Command& chosen);
void add_status(CLI::App& app, Command& chosen);
/// `spark_arguments`: what stood behind `--`, for spark-submit.
void add_submit(CLI::App& app, Command& chosen, std::vector<std::string> spark_arguments);
void add_plan(CLI::App& app, Command& chosen);
void add_health(CLI::App& app, Command& chosen);
void add_report(CLI::App& app, Command& chosen);
void add_compare(CLI::App& app, Command& chosen);
void add_verify_rate(CLI::App& app, Command& chosen);
void add_coordinator(CLI::App& app, Command& chosen);
void add_generate(CLI::App& app, Command& chosen);
void add_mock_api(CLI::App& app, Command& chosen);
void add_settings(CLI::App& app, Command& chosen);

}  // namespace rowcall::cli
