// SPDX-License-Identifier: Apache-2.0
// What earlier sessions of a run have sent, as far as the limits may still count it, so that a run which goes
// on keeps its limits together with the one it goes on from: read from call logs; what a session that was
// killed may have sent without logging it; or, where the run directory was lost with its call log, what was
// noted at the sink. That is kept in the new run directory, since the notes go on, and what is sent from here
// is in a call log again.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

namespace rowcall::telemetry {

/// The same moment on both clocks.
struct Moment {
  Instant at;
  WallTime wall;
};

/// A run whose directory was lost.
struct LostRun {
  struct Calls {
    WallTime sent_by;  ///< The latest time at which they can have been sent; 1970: nobody knows.
    std::int64_t count = 0;
  };
  Moment ended;              ///< Nothing was sent from there after this.
  std::vector<Calls> noted;  ///< What is known of its calls.
};

/// Keeps it in a file.
Result<void> write_lost_run(const std::filesystem::path& path, const LostRun& lost);
/// What the file says, as a time of this machine's monotonic clock; nothing when there is none.
Result<std::optional<LostRun>> read_lost_run(const std::filesystem::path& path, const Moment& now);
/// Tells `each` of the calls that are known and that one of the limits may still count, each of that weight.
void tell_lost_sends(const LostRun& lost, std::span<const RateLimit> limits, const Moment& now,
                     std::int64_t weight, const std::function<void(Instant at, std::int64_t weight)>& each);

/// What a session may have sent that was killed, and that is in no call log.
struct UnloggedSends {
  Moment by;  ///< The latest time at which they can have been sent.
  std::int64_t count = 0;
  std::int64_t weight = 1;
};

/// Adds it to those that the file has; it is durable then.
Result<void> add_unlogged_sends(const std::filesystem::path& path, const UnloggedSends& sends);
/// Tells `each` of those that one of the limits may still count. A file that is not there has none.
Result<void> tell_unlogged_sends(const std::filesystem::path& path, std::span<const RateLimit> limits,
                                 const Moment& now,
                                 const std::function<void(Instant at, std::int64_t weight)>& each);

/// Tells `each` of every send in the log at `path` that one of the limits may still count, as times of this
/// machine's monotonic clock. Those that the log lost when the disk was full count as sent now, as heavy as
/// the last one. A log that is not there has none.
Result<void> tell_earlier_sends(const std::filesystem::path& path, std::span<const RateLimit> limits,
                                const Moment& now,
                                const std::function<void(Instant at, std::int64_t weight)>& each);

}  // namespace rowcall::telemetry
