// SPDX-License-Identifier: Apache-2.0
#include "telemetry/processor_log.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

constexpr LogFile kFile = LogFile::kProcessor;

// A source may be a thousand files; the first ones tell which it is.
std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return excerpt(out, 1000);
}

std::string limits_text(const std::vector<RateLimit>& limits) {
  std::vector<std::string> texts;
  for (const RateLimit& limit : limits) texts.push_back(limit_text(limit));
  return texts.empty() ? "none" : joined(texts);
}

}  // namespace

void ProcessorLog::on(const RunStarted& event) {
  const Job& job = event.job;
  now_ = event.at;
  logs_->write(kFile, LogLevel::kInfo, "run started",
               {{"job", job.name},
                {"version", version_},
                {"source", joined(job.source.paths)},
                {"files", event.source.files.size()},
                {"rows_expected", event.source.rows},
                {"method", job.request.method},
                {"url", job.request.url},
                {"sink", job.sink.path}});
  logs_->write(kFile, LogLevel::kInfo, "limits",
               {{"rate", limits_text(job.limits.rate)},
                {"strict", job.limits.strict == Strictness::kProof ? "proof" : "measured"},
                {"in_flight_max", job.limits.in_flight_max},
                {"rows_held_max", job.limits.rows_held_max},
                {"rows_per_call", job.request.rows_per_call},
                {"max_attempts", job.retry.max_attempts},
                {"order", job.run.order == Order::kInput ? "input" : "any"}});
  logs_->flush();
}

void ProcessorLog::on(const BatchRead& event) {
  if (!logs_->writes(LogLevel::kDebug)) return;
  logs_->write(kFile, LogLevel::kDebug, "batch read",
               {{"rows", event.rows}, {"ms", milliseconds(event.took)}});
}

void ProcessorLog::on(const PartPublished& event) {
  logs_->write(kFile, LogLevel::kInfo, "part published",
               {{"path", event.part.path},
                {"rows", event.part.rows},
                {"bytes", event.part.bytes},
                {"ms", milliseconds(event.took)}});
}

// Not on the console: the progress display shows it, and a breaker may open and close often.
void ProcessorLog::on(const HoldChanged& event) {
  if (!event.held) {
    logs_->write(kFile, LogLevel::kInfo, "sending again", {{"why", event.why}});
    return;
  }
  logs_->write(
      kFile, LogLevel::kWarning, "held: nothing is sent for a while",
      {{"why", event.why}, {"next_probe_s", rounded_seconds(std::max(event.until - now_, Duration{}))}},
      Echo::kFileOnly);
}

// Not on the console either: an API at its limit is tried for more every other second.
void ProcessorLog::on(const PaceChanged& event) {
  if (!logs_->writes(LogLevel::kInfo)) return;
  std::string pace = std::isinf(event.per_s) ? "unlimited" : rate_words(event.per_s) + "/s";
  logs_->write(kFile, LogLevel::kInfo, "pace",
               {{"why", event.why}, {"pace", pace}, {"in_flight_max", event.in_flight_max}});
}

void ProcessorLog::on(const Warning& event) {
  logs_->write(kFile, LogLevel::kWarning, event.text);
}

void ProcessorLog::on(const RowUnreadable& event) {
  bool on_console = unreadable_on_console_.admit();
  if (!unreadable_.admit()) return;
  logs_->write(
      kFile, LogLevel::kWarning, "row could not be read",
      {{"row", event.row.row}, {"file", event.file}, {"line", event.row.line}, {"why", event.row.reason}},
      on_console ? Echo::kConsole : Echo::kFileOnly);
  if (unreadable_on_console_.total() == kOnConsoleFirst) {
    logs_->tell(LogLevel::kWarning, "further unreadable rows are counted; logs/processor.log tells of them");
  }
  if (unreadable_.total() == kUnreadableFirst) {
    logs_->write(kFile, LogLevel::kWarning, "further unreadable rows are only counted here", {},
                 Echo::kFileOnly);
  }
}

ProcessorLog::FailedClass& ProcessorLog::failed_class(std::string_view name) {
  auto found = std::ranges::find(failed_, name, &FailedClass::name);
  if (found != failed_.end()) return *found;
  if (failed_.size() < kClassesMax)
    return failed_.emplace_back(FailedClass{std::string(name), LineSampler(), 0});
  if (failed_.size() == kClassesMax) failed_.emplace_back(FailedClass{"other", LineSampler(), 0});
  return failed_.back();
}

void ProcessorLog::on(const RowsFailed& event) {
  FailedClass& failed = failed_class(event.error_class);
  bool on_console = failed_on_console_.admit();
  if (!failed.calls.admit()) {
    failed.rows_untold += event.rows;
    return;
  }
  logs_->write(
      kFile, LogLevel::kWarning, event.rows == 1 ? "row failed" : "rows failed",
      {{"row", event.row}, {"rows", event.rows}, {"class", event.error_class}, {"why", event.message}},
      on_console ? Echo::kConsole : Echo::kFileOnly);
  if (failed_on_console_.total() == kOnConsoleFirst) {
    logs_->tell(LogLevel::kWarning, "further failed rows are counted; logs/processor.log tells of them");
  }
}

void ProcessorLog::sum_up(FailedClass& failed, std::int64_t calls) {
  if (calls == 0) return;
  logs_->write(kFile, LogLevel::kWarning, "more rows failed",
               {{"class", failed.name}, {"calls", calls}, {"rows", std::exchange(failed.rows_untold, 0)}},
               Echo::kFileOnly);
}

void ProcessorLog::sum_up_unreadable(std::int64_t rows) {
  if (rows == 0) return;
  logs_->write(kFile, LogLevel::kWarning, "more rows could not be read",
               {{"rows", rows}, {"in_all", unreadable_.total()}}, Echo::kFileOnly);
}

void ProcessorLog::on(const Tick& event) {
  now_ = event.at;
  for (FailedClass& failed : failed_) sum_up(failed, failed.calls.due(event.at));
}

void ProcessorLog::on(const RunEnded& event) {
  for (FailedClass& failed : failed_) sum_up(failed, failed.calls.rest());
  sum_up_unreadable(unreadable_.rest());
  log_counts(event.report);
  const Report& report = event.report;
  LogLevel level = report.end == RunEnd::kFailed ? LogLevel::kError : LogLevel::kInfo;
  // The host prints how it ended; a second time on the console would be one too many.
  logs_->write(
      kFile, level, "run ended",
      {{"end", name_of(report.end)}, {"s", rounded_seconds(report.duration)}, {"error", report.error.text()}},
      Echo::kFileOnly);
  logs_->flush();
}

void ProcessorLog::log_counts(const Report& report) {
  const Counts& counts = report.counts;
  logs_->write(kFile, LogLevel::kInfo, "rows",
               {{"rows", counts.rows},
                {"ok", counts[Ending::kOk]},
                {"no_match", counts[Ending::kNoMatch]},
                {"failed", counts[Ending::kFailed]},
                {"unreadable", counts[Ending::kUnreadable]},
                {"skipped", counts[Ending::kSkipped]}});
  logs_->write(kFile, LogLevel::kInfo, "calls",
               {{"calls", counts.calls},
                {"attempts", counts.attempts},
                {"retries", counts.retries},
                {"bytes_out", counts.bytes_out},
                {"bytes_in", counts.bytes_in}});
}

}  // namespace rowcall::telemetry
