// SPDX-License-Identifier: Apache-2.0
// What came to the mock API, in numbers: as a struct for tests, as JSON for programs, as a paragraph for
// people. Plain data; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "mockapi/auditor.h"
#include "mockapi/row_book.h"

namespace rowcall::mockapi {

/// Connections, and calls on their way.
struct Traffic {
  std::int64_t in_flight = 0;  ///< Calls that arrived and are not answered; those that never will be, until
                               ///< their connection ends.
  std::int64_t in_flight_max = 0;
  std::int64_t connections_open = 0;
  std::int64_t connections_opened = 0;
  std::int64_t malformed = 0;  ///< Requests that were not HTTP, or too long: no arrivals.
};

struct Stats {
  Findings findings;
  double first_arrival_unix_s = 0;  ///< Wall-clock times; 0 without arrivals.
  double last_arrival_unix_s = 0;
  /// What arrivals ended with: a status, "reset" or "timeout" (both on purpose), "outage". Adds up to all.
  std::map<std::string, std::int64_t> by_status;
  std::map<std::string, std::int64_t> errors_injected;  ///< By kind, as in --errors.
  RowCounts rows;
  std::int64_t calls_with_key = 0;  ///< Arrivals with an Idempotency-Key.
  std::int64_t key_violations = 0;  ///< Of these, the ones whose key first came with another body.
  Traffic traffic;
};

/// One JSON object, in lines, ending in a line end.
std::string stats_json(const Stats& stats);
/// The verdict: arrivals, worst window against each limit, over or not, share of the limit used.
std::string verdict(const Stats& stats);

}  // namespace rowcall::mockapi
