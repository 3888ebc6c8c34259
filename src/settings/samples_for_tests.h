// SPDX-License-Identifier: Apache-2.0
// For tests: a value for every setting, and what the job must hold once it is set.
//
// A setting that is added to the table without a sample here makes `EverySetting.HasASample` fail.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "rowcall/job.h"

namespace rowcall::settings {

struct Sample {
  const char* key;
  const char* toml;                    ///< As written in a job file and with --set.
  std::vector<std::string> given;      ///< The same as texts of a flag or a variable; several for a list.
  bool (*holds)(const Job& job);       ///< Looks at the field itself, not through the table.
  std::vector<std::string> also = {};  ///< --set for other settings that this one needs.
};

std::span<const Sample> samples();

/// The smallest job file that passes all checks.
inline constexpr const char* kSmallJob =
    "[source]\npath = \"in.csv\"\n[request]\nurl = \"http://127.0.0.1:1/\"\n";

}  // namespace rowcall::settings
