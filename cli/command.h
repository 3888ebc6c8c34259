// SPDX-License-Identifier: Apache-2.0
// What all commands of the command line share: exit codes, and how an error is shown.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "rowcall/error.h"

namespace rowcall::cli {

/// What the process ends with. Documented in docs/command-line.md.
enum class Exit : int {
  kDone = 0,           ///< All went well; every row was answered.
  kError = 1,          ///< Something went wrong.
  kUsage = 2,          ///< A flag, a setting or the job file is wrong; nothing was done.
  kStopped = 3,        ///< A cap, a fatal answer or a hold ended the run; it can go on.
  kRowsFailed = 4,     ///< The run is complete, and some rows failed or could not be read.
  kUnhealthy = 5,      ///< `health`: the API is not well.  `verify-rate`: the limit was not kept.
  kInterrupted = 130,  ///< Stopped by a signal; it can go on.
};

/// A command that was chosen, ready to be carried out.
using Command = std::function<Exit()>;

/// Prints an error for people and says what to end with.
inline Exit complain(const Error& error) {
  std::fprintf(stderr, "rowcall: %s\n", error.text().c_str());
  return error.code == ErrorCode::kSetting ? Exit::kUsage : Exit::kError;
}

}  // namespace rowcall::cli
