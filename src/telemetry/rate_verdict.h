// SPDX-License-Identifier: Apache-2.0
// Was the limit kept? Counted from calls.log alone, knowing nothing of the limiter.
//
// A call counts as what it weighs. For a quota of the calendar, what counts is the time from one renewal to
// the next. For the other limits a window is half-open, (t - period, t], for every send t. The count is exact
// for every period: two readers go over the log, one a period behind the other. Calls are logged in the order
// in which they ended; a first pass measures how far that is from the order of sending, and a heap of just
// that depth sorts them. So the memory is that of the calls sent during the longest call, not that of the
// log; 32 million calls (512 MB) at most, then an error.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/time.h"

#include "telemetry/plain_text.h"

namespace rowcall::telemetry {

/// The fullest window of one length.
struct WindowVerdict {
  RateLimit limit;         ///< `calls` 0: nothing was allowed or forbidden, only counted.
  std::int64_t worst = 0;  ///< Calls in the fullest window.
  WallTime worst_end{};    ///< The last send in it.
  double share = 0;        ///< Used of the limit on average, while sending.

  bool over() const { return limit.calls > 0 && worst > limit.calls; }
};

struct RateVerdict {
  std::int64_t sends = 0;
  int sessions = 0;
  WallTime first{};  ///< The first send; not set without sends.
  WallTime last{};
  Duration sending{};                 ///< From first to last, summed over sessions.
  double rate_mean = 0;               ///< Calls a second while sending.
  std::vector<WindowVerdict> limits;  ///< One for each limit.
  WindowVerdict one_second;           ///< Windows of 1 s and 100 ms, whatever the limits are.
  WindowVerdict tenth_of_second;
  std::int64_t lost = 0;  ///< Calls that could not be logged: the verdict is not about them.
  bool torn = false;      ///< The last record was cut off, and is left out.

  bool over() const;
  /// Not over, and no call is missing.
  bool kept() const { return !over() && lost == 0; }
  /// Several lines for people, the last of them the verdict.
  std::string text() const;
};

/// Counts the log at `path`. With no `limits`, each session is held to those written in it: a window over
/// several sessions counts the calls of those that had the limit.
Result<RateVerdict> verify_rate(const std::filesystem::path& path, std::span<const RateLimit> limits = {});

}  // namespace rowcall::telemetry
