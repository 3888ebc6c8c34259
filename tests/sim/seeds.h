// SPDX-License-Identifier: Apache-2.0
// How many seeds a simulation test plays.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace rowcall::sim {

/// `count`, or as much less as ROWCALL_SIM_PART says: with 5, a fifth. Sanitizers make runs ten times
/// slower.
inline std::uint64_t seeds(std::uint64_t count) {
  const char* part = std::getenv("ROWCALL_SIM_PART");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  std::uint64_t divisor = part == nullptr ? 1 : std::strtoull(part, nullptr, 10);
  return std::max<std::uint64_t>(count / std::max<std::uint64_t>(divisor, 1), 1);
}

}  // namespace rowcall::sim
