// SPDX-License-Identifier: Apache-2.0
// From everything a user has written to one job.
//
// Layers, each winning over the ones before it: defaults, the job file, the .env file, the environment,
// flags, --set, values of a host. A list is replaced as a whole; a table keeps the entries that a later layer
// does not name.
//
// `load` reads files and changes nothing. Any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"

#include "settings/check.h"
#include "settings/value.h"

namespace rowcall::settings {

/// One flag as it was given: {"--rate", "5000/s"}. For a table "--response score=/score:double".
struct FlagText {
  std::string flag;
  std::string text;
};

/// One setting as a host has it that needs no texts, such as a Python keyword.
struct GivenValue {
  std::string key;  ///< As for --set: "retry.max_attempts", or an entry of a table.
  Value value;
  std::string place;  ///< What errors call it: "keyword max_attempts".
};

struct Layers {
  std::optional<std::filesystem::path> job_file;
  std::optional<std::filesystem::path>
      env_file;              ///< Must exist. Not given: .env in the working directory, if any.
  bool use_env_file = true;  ///< false: no .env at all.
  NamedTexts environment;    ///< `process_environment()`, or what a test wants.
  bool environment_sets =
      true;  ///< false: .env and environment give secrets only, no settings (a frozen job).
  std::vector<FlagText> flags;  ///< In the order given. Repeated for a list: all of them are its items.
  std::vector<std::string>
      sets;  ///< "KEY=VALUE" of --set, after all flags; the value is TOML if it can be, else text.
  std::vector<GivenValue> values;  ///< After everything else.
  Brought brought;
};

struct Loaded {
  Job job;
  Places places;
  /// Names of .env which are for others: AWS_*, and those a secret of the job refers to.
  NamedTexts exports;
};

/// The job of all layers together, checked. The error names file and line, variable or flag.
Result<Loaded> load(const Layers& layers);

/// The variables of this process that settings know, with their values.
NamedTexts process_environment();

/// Puts names of .env into the environment of this process, where the AWS chain and env:NAME look. What is
/// there already stays. Only before other threads are started: the environment has no lock.
void export_to_process(const NamedTexts& names);

}  // namespace rowcall::settings
