// SPDX-License-Identifier: Apache-2.0
// What a run would do, without doing it: columns, first requests, calls, time, memory. Nothing is sent.
//
// Plain data; the source is read as far as its first batch, on the calling thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/job.h"
#include "rowcall/table.h"
#include "rowcall/time.h"

namespace rowcall::engine {

struct Plan {
  SourceInfo source;
  std::string columns;                    ///< Of the source: "name: type", a line each.
  std::string added;                      ///< The answers' columns, in the same form.
  std::int64_t calls = -1;                ///< -1: not known.
  std::optional<Duration> time_at_least;  ///< Not set: no limit, or the calls are not known.
  int in_flight_max = 0;
  std::int64_t memory_at_most = 0;        ///< Of a run of the command, about, in bytes.
  std::vector<std::string> requests;      ///< The first three, without secrets, or why one cannot be made.
  std::string file;                       ///< The first batch's.
  std::vector<UnreadableRow> unreadable;  ///< In the first batch.
};

/// Opens the source, reads its first batch and renders its first requests.
Result<Plan> plan(const Job& job, TableSource& source);

}  // namespace rowcall::engine
