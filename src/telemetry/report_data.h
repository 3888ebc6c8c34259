// SPDX-License-Identifier: Apache-2.0
// What a run directory tells of its run, whether it ended well or was killed: read from its files alone.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rowcall/error.h"
#include "rowcall/outcome.h"

#include "telemetry/latency_sketch.h"
#include "telemetry/rate_verdict.h"
#include "telemetry/second_record.h"
#include "telemetry/story.h"

namespace rowcall::telemetry {

/// The members of summary.json that a report shows; of a killed run, what can be said instead.
struct ReportSummary {
  bool from_file = false;  ///< false: the run was killed, or is going on.
  std::string end;         ///< "complete", "stopped", "failed", or "not finished".
  std::string error;
  std::string next_step;
  std::string sink;
  std::vector<std::string> notes;
  Counts counts;
  std::int64_t rows_expected = -1;
  double duration_s = 0;
  double cpu_s = 0;
  std::int64_t rss_max_bytes = 0;
  double rate_mean = 0;       ///< Attempts a second while sending.
  double share_of_limit = 0;  ///< From 0 to 1.
  std::int64_t parts = 0;
  std::string failures;  ///< Path of the failure table; empty: none.
};

struct ReportData {
  std::filesystem::path dir;
  ReportSummary summary;
  ToldStory story;
  std::vector<SecondRecord> seconds;  ///< Of all sessions.
  std::string job;                    ///< job.toml; it holds no secrets.
  LatencySketch latencies;            ///< Of complete answers, from the call log.
  /// Attempts by class and by what came: "200", "timeout".
  std::map<std::pair<OutcomeClass, std::string>, std::int64_t> attempts;
  std::optional<RateVerdict> rate;
  std::string rate_problem;  ///< Why there is no verdict.
};

/// Fails when `dir` holds no run.
Result<ReportData> read_run(const std::filesystem::path& dir);

}  // namespace rowcall::telemetry
