// SPDX-License-Identifier: Apache-2.0
// rowcall: call an HTTP API for every row of a table.
#include <cstdio>
#include <exception>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "rowcall/version.h"

#include "cli/commands.h"
#include "files/files.h"

namespace rowcall::cli {
namespace {

int run_program(int argc, char** argv) {
  CLI::App app(
      "Call an HTTP API for every row of a table: at exactly the rate you were granted,\n"
      "losing nothing, paying for nothing twice.");
  app.name("rowcall");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("rowcall ") + kVersion);
  app.set_help_all_flag("--help-all", "Help for every command");
  app.get_formatter()->column_width(34);
  Command chosen;
  add_run(app, chosen);
  add_plan(app, chosen);
  add_health(app, chosen);
  add_retry(app, chosen);
  add_verify_rate(app, chosen);
  add_generate(app, chosen);
  add_mock_api(app, chosen);
  add_settings(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Exit::kUsage);
  }
  return static_cast<int>(chosen());
}

}  // namespace
}  // namespace rowcall::cli

int main(int argc, char** argv) {
  // First of all: it chooses the memory pool before anything can allocate from it.
  rowcall::files::FileLayer files;
  try {
    return rowcall::cli::run_program(argc, argv);
  } catch (const std::exception& unexpected) {
    std::fprintf(stderr, "rowcall: unexpected error: %s\n", unexpected.what());
    return static_cast<int>(rowcall::cli::Exit::kError);
  }
}
