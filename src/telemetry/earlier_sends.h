// SPDX-License-Identifier: Apache-2.0
// What earlier sessions of a run have sent, as far as the limits may still count it: read from call logs, so
// that a run which goes on keeps its limits together with the one it goes on from.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::telemetry {

/// The same moment on both clocks.
struct Moment {
  Instant at;
  WallTime wall;
};

/// Tells `each` of every send in the log at `path` that one of the limits may still count, as times of this
/// machine's monotonic clock. Those that the log lost when the disk was full count as sent now, as heavy as
/// the last one. A log that is not there has none.
Result<void> tell_earlier_sends(const std::filesystem::path& path, std::span<const RateLimit> limits,
                                const Moment& now,
                                const std::function<void(Instant at, std::int64_t weight)>& each);

}  // namespace rowcall::telemetry
