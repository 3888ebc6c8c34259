// SPDX-License-Identifier: Apache-2.0
// One second of a run: a line of metrics.ndjson, a point in every plot.
//
// The members of a line are described in docs/run-directory.md. Plain data; any thread.
#pragma once

#include <array>
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

/// What takes time, besides an attempt as a whole.
enum class Phase : std::uint8_t {
  kResolve,     ///< The host's name to addresses; once for many connections.
  kConnect,     ///< Of a new connection.
  kTls,         ///< Its handshake.
  kWait,        ///< From the whole request to the first byte of the answer.
  kRead,        ///< From there to the last.
  kBatchRead,   ///< A batch from the source.
  kLedgerSync,  ///< A group of answers made durable.
  kPartWrite,   ///< The write that published a part.
};
inline constexpr std::size_t kPhases = 8;
const char* name_of(Phase phase);  ///< "resolve", "connect", "tls", "wait", "read", "batch_read", ...

/// How often something was done, and how long it took in all.
struct Spent {
  std::int64_t times = 0;
  Duration total{};
  void add(Duration took) {
    ++times;
    total += took;
  }
  void add(const Spent& other) {
    times += other.times;
    total += other.total;
  }
  Duration mean() const { return times > 0 ? total / times : Duration{}; }
};
struct PhaseTimes {
  std::array<Spent, kPhases> of{};
  Spent& operator[](Phase phase) { return of[static_cast<std::size_t>(phase)]; }
  const Spent& operator[](Phase phase) const { return of[static_cast<std::size_t>(phase)]; }
  void add(const PhaseTimes& other) {
    for (std::size_t i = 0; i < kPhases; ++i) of[i].add(other.of[i]);
  }
};

/// Nulls of one response column.
struct ColumnNulls {
  std::string name;
  std::int64_t nulls = 0;
};

struct SecondRecord {
  WallTime at{};              ///< Its end.
  Duration length{};          ///< A second, or a bit more: it ends with a tick.
  Counts so_far;              ///< Since the start of the session.
  Counts here;                ///< In this second.
  std::int64_t timeouts = 0;  ///< Attempts in this second that timed out.
  std::int64_t answers = 0;   ///< Complete answers in this second: those the latencies are of.
  Duration p50{}, p90{}, p99{}, p999{}, max{};
  PhaseTimes spent;                ///< In this second.
  std::int64_t answered_rows = 0;  ///< Rows in this second whose answer was taken in.
  std::vector<ColumnNulls> nulls;  ///< Among them, by response column (the first 32).
  // At its end:
  int in_flight = 0;
  int waiting = 0;
  int sleeping = 0;
  int connections = 0;
  std::int64_t rows_held = 0;
  std::int64_t bytes_held = 0;
  bool held = false;
  std::int64_t rows_expected = -1;
  int batches_ahead = 0;
  double pace_per_s = 0;   ///< What the adaptive control allows, when that is less than the limits; else 0.
  int in_flight_max = 0;   ///< Calls that may be in flight; 0: not known.
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
