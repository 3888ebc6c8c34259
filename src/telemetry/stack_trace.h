// SPDX-License-Identifier: Apache-2.0
// Where we are: the calls that led here.
#pragma once

#include <cstddef>
#include <string>

namespace rowcall::telemetry {

/// One call a line, the innermost first: "#0 name + 0x1c (rowcall+0x5a3c)". `addr2line -Cfe rowcall 0x5a3c`
/// gives file and line, also for functions the program does not export and which have no name here.
/// `skip` leaves out that many of the innermost calls, besides this one.
std::string stack_trace(std::size_t skip = 0);

}  // namespace rowcall::telemetry
