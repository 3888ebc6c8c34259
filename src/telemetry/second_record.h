// SPDX-License-Identifier: Apache-2.0
// One second of a run: a line of metrics.ndjson, a point in every plot.
//
// The members of a line are described in docs/run-directory.md. Plain data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/report.h"
#include "rowcall/time.h"

#include "policy/forecast.h"
#include "telemetry/plain_text.h"

namespace rowcall::telemetry {

struct SecondRecord {
  WallTime at{};              ///< Its end.
  Duration length{};          ///< A second, or a bit more: it ends with a tick.
  Counts so_far;              ///< Since the start of the session.
  Counts here;                ///< In this second.
  std::int64_t timeouts = 0;  ///< Attempts in this second that timed out.
  std::int64_t answers = 0;   ///< Complete answers in this second: those the latencies are of.
  Duration p50{}, p90{}, p99{}, p999{}, max{};
  // At its end:
  int in_flight = 0;
  int waiting = 0;
  int sleeping = 0;
  int connections = 0;
  std::int64_t rows_held = 0;
  std::int64_t bytes_held = 0;
  bool held = false;
  std::int64_t rows_expected = -1;
  double limit_per_s = 0;  ///< Calls a second the tightest limit allows; 0: none.
  Duration cpu{};          ///< Of the process, in this second.
  std::int64_t rss_bytes = 0;
  int open_files = 0;
  int threads = 0;
  std::optional<policy::FinishForecast> left;
};

/// One line, with its end.
std::string to_json_line(const SecondRecord& record);
/// Reads lines back. A line that is not whole (the last one of a killed run) or of another kind is left out.
std::vector<SecondRecord> seconds_from_json(std::string_view lines);

}  // namespace rowcall::telemetry
