// SPDX-License-Identifier: Apache-2.0
// What a run came to, for programs (summary.json) and for the person at the terminal (the closing text).
//
// Both are pure functions of a `Summary`. The members of summary.json are described in
// docs/run-directory.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rowcall/job.h"
#include "rowcall/report.h"

#include "telemetry/latency_sketch.h"
#include "telemetry/plain_text.h"
#include "telemetry/redactor.h"

namespace rowcall::telemetry {

struct Summary {
  std::string name;     ///< Of the job.
  std::string version;  ///< Of the program.
  std::string run_dir;
  std::string sink;  ///< Where the output is, as the user wrote it.
  std::vector<RateLimit> limits;
  Report report;
  std::int64_t rows_expected = -1;  ///< -1: not known.
  WallTime started_at{};
  WallTime ended_at{};
  Duration cpu{};
  std::int64_t rss_max_bytes = 0;  ///< 0: not known.
  Duration latency_p50{};          ///< Of complete answers; all zero when there were none.
  Duration latency_p90{};
  Duration latency_p99{};
  Duration latency_max{};
  std::vector<std::string> notes;  ///< What the user should know of the run besides.
  std::string next_step;           ///< What to do now; empty: nothing.
};

/// Takes the four latencies from a sketch.
void set_latencies(Summary& summary, const LatencySketch& latencies);

/// How to go on in this host's words.
struct NextSteps {
  std::string retry;  ///< Calls the failed rows again, as in "rowcall retry runs/scores".
  std::string go_on;  ///< Takes a stopped run up again, as in "run the same command again".
};
/// What to do after a run that ended like this; empty: nothing.
std::string next_step_after(const Report& report, const NextSteps& steps);

/// The largest share of any limit that was used on average while sending, from 0 to 1.
double share_of_limits(const Summary& summary);

/// Masks secrets in every text of it.
void mask(Summary& summary, const Redactor& redactor);

/// The content of summary.json: one object, indented.
std::string summary_json(const Summary& summary);

/// The closing lines: how it ended, what became of the rows, what it cost, where things are, what to do next.
/// Plain text, each line ended.
std::string closing_text(const Summary& summary);

}  // namespace rowcall::telemetry
