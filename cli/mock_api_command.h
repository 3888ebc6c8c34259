// SPDX-License-Identifier: Apache-2.0
// The command `rowcall mock-api`: its flags, and the options made of them.
//
//   CLI::App app;
//   MockApiFlags flags;
//   CLI::App* command = add_mock_api_command(app, flags);
//   ... CLI11_PARSE(app, argc, argv) ...
//   if (command->parsed()) { auto options = mock_options(flags); ... mockapi::serve(*options) ... }
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "mockapi/options.h"

namespace rowcall::cli {

/// The flags as the user wrote them.
struct MockApiFlags {
  mockapi::MockOptions options;  ///< What needs no reading of ours goes straight here.
  std::vector<std::string> limits;
  std::vector<std::string> audit;
  std::vector<std::string> outages;
  std::string latency;
  std::string jitter;
  std::string errors;
  std::string capacity;
  std::string script;
  std::string token;
  std::string stamp = "read";
};

/// Adds the command to `app`. `flags` must outlive the parsing.
CLI::App* add_mock_api_command(CLI::App& app, MockApiFlags& flags);

/// Makes options of flags; an error names the flag. Reads the token from where the flag says it is.
Result<mockapi::MockOptions> mock_options(const MockApiFlags& flags);

}  // namespace rowcall::cli
