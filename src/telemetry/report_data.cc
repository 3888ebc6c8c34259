// SPDX-License-Identifier: Apache-2.0
#include "telemetry/report_data.h"

#include <simdjson.h>

#include <system_error>
#include <utility>

#include "base/disk.h"
#include "base/try.h"
#include "telemetry/call_log_reader.h"
#include "telemetry/json_members.h"

namespace rowcall::telemetry {
namespace {

namespace fs = std::filesystem;

std::string content_or_nothing(const fs::path& path) {
  return read_file(path).value_or("");
}

std::optional<ReportSummary> summary_from(const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (json.empty() || parser.parse(json).get(object) != simdjson::SUCCESS) return std::nullopt;
  ReportSummary out;
  out.from_file = true;
  out.end = text(object, "end");
  out.error = text(object, "error");
  out.next_step = text(object, "next_step");
  out.sink = text(object, "sink");
  out.counts = counts_of(object);
  out.rows_expected = whole(object, "rows_expected");
  out.duration_s = real(object, "duration_s");
  out.cpu_s = real(object, "cpu_s");
  out.rss_max_bytes = whole(object, "rss_max_bytes");
  out.rate_mean = real(object, "rate_mean");
  out.share_of_limit = real(object, "share_of_limit");
  simdjson::dom::array list;
  if (object["notes"].get(list) == simdjson::SUCCESS) {
    for (simdjson::dom::element note : list) {
      std::string_view words;
      if (note.get(words) == simdjson::SUCCESS) out.notes.emplace_back(words);
    }
  }
  if (object["parts"].get(list) == simdjson::SUCCESS) out.parts = static_cast<std::int64_t>(list.size());
  simdjson::dom::object failures;
  if (object["failures"].get(failures) == simdjson::SUCCESS) out.failures = text(failures, "path");
  return out;
}

// Of a run that was killed, or goes on: what its last second tells.
ReportSummary summary_so_far(const ReportData& data) {
  ReportSummary out;
  out.end = "not finished";
  out.sink = data.story.sink;
  out.next_step = "run the same command again; what is done is not called again";
  for (const SecondRecord& second : data.seconds) {
    if (second.at < data.story.session_began) continue;
    out.counts = second.so_far;
    out.rows_expected = second.rows_expected;
    out.cpu_s += seconds(second.cpu);
    out.duration_s += seconds(second.length);
    out.rss_max_bytes = std::max(out.rss_max_bytes, second.rss_bytes);
  }
  if (data.rate) {
    out.rate_mean = data.rate->rate_mean;
    for (const WindowVerdict& limit : data.rate->limits)
      out.share_of_limit = std::max(out.share_of_limit, limit.share);
  }
  return out;
}

std::string what_came(const LoggedCall& call) {
  if (call.error != TransportError::kNone) return name_of(call.error);
  return std::to_string(call.status);
}

// The call log in one pass for latencies and attempts; the verdict reads it again in its own way.
Result<void> read_calls(const fs::path& path, ReportData& out) {
  TRY(CallLogReader reader, CallLogReader::open(path));
  LoggedCall call;
  for (;;) {
    TRY(bool more, reader.next(call));
    if (!more) break;
    ++out.attempts[{call.outcome, what_came(call)}];
    if (call.error == TransportError::kNone) out.latencies.add(std::chrono::microseconds(call.latency_us));
  }
  TRY(out.rate, verify_rate(path));
  return {};
}

}  // namespace

Result<ReportData> read_run(const fs::path& dir) {
  ReportData out;
  out.dir = dir;
  std::string story = content_or_nothing(dir / "events.ndjson");
  std::string summary = content_or_nothing(dir / "summary.json");
  if (story.empty() && summary.empty()) {
    return failure({ErrorCode::kInput, dir.string(), "neither events.ndjson nor summary.json",
                    "a run directory", "Give the folder of a run, as in runs/NAME."});
  }
  out.story = story_from_json(story);
  out.seconds = seconds_from_json(content_or_nothing(dir / "metrics.ndjson"));
  out.job = content_or_nothing(dir / "job.toml");
  std::error_code ignored;
  if (!fs::exists(dir / "calls.log", ignored)) {
    out.rate_problem = "there is no calls.log (run.call_log = false, or it was deleted)";
  } else if (Result<void> read = read_calls(dir / "calls.log", out); !read) {
    out.rate_problem = read.error().text();
  }
  std::optional<ReportSummary> told = summary_from(summary);
  // A summary may be that of the session before.
  bool whole_story = story.empty() || out.story.ended;
  out.summary = told && whole_story ? *std::move(told) : summary_so_far(out);
  return out;
}

}  // namespace rowcall::telemetry
