// SPDX-License-Identifier: Apache-2.0
// For the tests of this room: how often this thread has called operator new.
#pragma once

#include <cstdint>

namespace rowcall::telemetry {

std::int64_t allocations_so_far();

}  // namespace rowcall::telemetry
