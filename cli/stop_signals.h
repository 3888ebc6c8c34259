// SPDX-License-Identifier: Apache-2.0
// Ctrl-C and its relatives: the first asks a run to stop, the second to stop at once, the third ends the
// process.
#pragma once

#include "rowcall/run.h"

namespace rowcall::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP raise `flag` (but for those that were ignored before, as nohup
/// has it), and SIGPIPE is ignored. One at a time.
class StopSignals {
 public:
  explicit StopSignals(StopFlag* flag);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The first signal that came, or 0.
  static int received();
};

}  // namespace rowcall::cli
