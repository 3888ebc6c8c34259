// SPDX-License-Identifier: Apache-2.0
// What nobody foresaw reaches processor.log before the process ends: the message and where it came from.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/logs.h"
#include "telemetry/stack_trace.h"

namespace rowcall::telemetry {

/// Writes an unexpected error with its trace: as JSON one line, as text one line for each call. Any thread.
void log_unexpected(Logs& logs, std::string_view what, const std::string& trace = stack_trace());

/// Makes std::terminate (an exception nobody caught, in any thread) write to every log that is watched, and
/// then do what it did before. For a program's `main`; a library inside somebody else's process leaves the
/// handler alone. Calling it twice does no harm.
void install_terminate_handler();

/// Watches `logs` as long as it lives. At most 16 at once; further ones are not watched.
class TerminateWatch {
 public:
  explicit TerminateWatch(Logs* logs);
  ~TerminateWatch();
  TerminateWatch(const TerminateWatch&) = delete;
  TerminateWatch& operator=(const TerminateWatch&) = delete;

 private:
  int slot_ = -1;
};

}  // namespace rowcall::telemetry
