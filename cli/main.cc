// SPDX-License-Identifier: Apache-2.0
// rowcall: call an HTTP API for every row of a table.
#include <signal.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "rowcall/version.h"

#include "base/nearest.h"
#include "cli/commands.h"
#include "files/files.h"

namespace rowcall::cli {
namespace {

// What the user may have meant by a flag that does not exist: "; did you mean --rate?", or nothing.
std::string meant(const CLI::App& app, const std::string& given) {
  std::vector<std::string> flags;
  for (const CLI::App* command : app.get_subcommands()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
    }
  }
  std::string found(nearest(given.substr(0, given.find('=')), flags));
  return found.empty() ? "" : "; did you mean " + found + "?";
}

int complain_of(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr) {
    int code = app.exit(error);
    return code == 0 ? 0 : static_cast<int>(Exit::kUsage);
  }
  for (const std::string& given : app.remaining(/*recurse=*/true)) {
    bool flag = given.starts_with("-");
    std::fprintf(stderr, "rowcall: %s: there is no such %s%s\n", given.c_str(), flag ? "flag" : "argument",
                 flag ? meant(app, given).c_str() : "");
    if (flag) break;  // what follows may be its value
  }
  std::fprintf(stderr, "--help shows the flags of a command.\n");
  return static_cast<int>(Exit::kUsage);
}

// What stands behind `--` of `submit` is for another program; it is taken off here, for CLI11 would read it.
std::vector<std::string> take_behind_mark(int& argc, char** argv) {
  if (argc < 2 || std::string_view(argv[1]) != "submit") return {};
  for (int i = 2; i < argc; ++i) {
    if (std::string_view(argv[i]) != "--") continue;
    std::vector<std::string> behind(argv + i + 1, argv + argc);
    argc = i;
    return behind;
  }
  return {};
}

int run_program(int argc, char** argv) {
  std::vector<std::string> behind = take_behind_mark(argc, argv);
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
  add_submit(app, chosen, std::move(behind));
  add_plan(app, chosen);
  add_health(app, chosen);
  add_retry(app, chosen);
  add_status(app, chosen);
  add_report(app, chosen);
  add_compare(app, chosen);
  add_verify_rate(app, chosen);
  add_coordinator(app, chosen);
  add_generate(app, chosen);
  add_mock_api(app, chosen);
  add_settings(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return complain_of(app, error);
  }
  return static_cast<int>(chosen());
}

}  // namespace
}  // namespace rowcall::cli

int main(int argc, char** argv) {
  // A file that may not grow any more (ulimit -f) is an error of its write, not the end of the process.
  ::signal(SIGXFSZ, SIG_IGN);
  // First of all: it chooses the memory pool before anything can allocate from it.
  rowcall::files::FileLayer files;
  try {
    return rowcall::cli::run_program(argc, argv);
  } catch (const std::exception& unexpected) {
    std::fprintf(stderr, "rowcall: unexpected error: %s\n", unexpected.what());
    return static_cast<int>(rowcall::cli::Exit::kError);
  }
}
