// SPDX-License-Identifier: Apache-2.0
// What the process has used so far.
#pragma once

#include <cstdint>

#include "rowcall/time.h"

namespace rowcall::telemetry {

/// User and system time of all threads of this process.
Duration cpu_used();

/// The most memory that was ever resident (VmHWM); 0 where the system does not say.
std::int64_t rss_max_bytes();

/// What the process holds at the moment; zero where the system does not say.
struct ProcessState {
  std::int64_t rss_bytes = 0;
  int open_files = 0;
  int threads = 0;
};
ProcessState process_state();

}  // namespace rowcall::telemetry
