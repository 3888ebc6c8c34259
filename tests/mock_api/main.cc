// SPDX-License-Identifier: Apache-2.0
// The mock API as a program of its own: `rowcall mock-api` without the rest of rowcall.
#include <cstdio>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/mock_api_command.h"
#include "mockapi/mock_api.h"

int main(int argc, char** argv) {
  CLI::App app;
  app.require_subcommand(1);
  rowcall::cli::MockApiFlags flags;
  rowcall::cli::add_mock_api_command(app, flags);
  CLI11_PARSE(app, argc, argv);
  auto options = rowcall::cli::mock_options(flags);
  rowcall::Result<void> served = rowcall::failure({});
  served = options ? rowcall::mockapi::serve(*options) : rowcall::failure(options.error());
  if (served) return 0;
  std::fprintf(stderr, "error: %s\n", served.error().text().c_str());
  return 2;
}
