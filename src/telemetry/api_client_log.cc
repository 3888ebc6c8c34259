// SPDX-License-Identifier: Apache-2.0
#include "telemetry/api_client_log.h"

#include <cmath>

namespace rowcall::telemetry {
namespace {

constexpr LogFile kFile = LogFile::kApiClient;
constexpr Duration kPaceEvery = std::chrono::seconds(10);

// Throttled and transient attempts are made again by themselves; the others cost a row or the run.
LogLevel level_of(OutcomeClass outcome) {
  switch (outcome) {
    case OutcomeClass::kSuccess:
    case OutcomeClass::kNoMatch:
    case OutcomeClass::kThrottled: return LogLevel::kInfo;
    case OutcomeClass::kTransient:
    case OutcomeClass::kPermanent: return LogLevel::kWarning;
    case OutcomeClass::kFatal: return LogLevel::kError;
  }
  return LogLevel::kError;
}

LogLevel level_of(std::size_t kind) {
  if (kind >= kOutcomeClasses) return LogLevel::kInfo;
  return level_of(static_cast<OutcomeClass>(kind));
}

const char* word_of(std::size_t kind) {
  return kind >= kOutcomeClasses ? "slow" : name_of(static_cast<OutcomeClass>(kind));
}

}  // namespace

void ApiClientLog::on(const RunStarted& event) {
  pace_at_ = event.at;
  pace_attempts_ = 0;
}

void ApiClientLog::note(const AttemptEnded& event, bool fine) {
  if (trace_) write_attempt(LogLevel::kTrace, "attempt", event);
  if (fine) return;
  bool answered = event.outcome <= OutcomeClass::kNoMatch;
  std::size_t index = answered ? kSlow : static_cast<std::size_t>(event.outcome);
  Kind& kind = kinds_[index];
  if (kind.lines.admit()) return write_attempt(level_of(index), word_of(index), event);
  kind.last_row = event.row;
  kind.last_status = event.reply.status;
  kind.last_error = event.reply.error;
}

void ApiClientLog::write_attempt(LogLevel level, std::string_view message, const AttemptEnded& event) {
  if (!logs_->writes(level)) return;
  logs_->write(kFile, level, message,
               {{"row", event.row},
                {"rows", event.rows},
                {"attempt", event.attempt},
                {"outcome", name_of(event.outcome)},
                {"status", event.reply.status},
                {"error", name_of(event.reply.error)},
                {"ms", milliseconds(time_taken(event.reply))},
                {"on_wire", event.reply.on_wire},
                {"reused", event.reply.reused},
                {"retry_after", event.reply.retry_after},
                {"why", event.message}},
               Echo::kFileOnly);
}

void ApiClientLog::on(const RetryPlanned& event) {
  if (!trace_) return;
  logs_->write(kFile, LogLevel::kTrace, "retry planned",
               {{"row", event.row},
                {"attempt", event.attempt},
                {"outcome", name_of(event.outcome)},
                {"wait_ms", milliseconds(event.wait)}},
               Echo::kFileOnly);
}

void ApiClientLog::sum_up(std::size_t index, std::int64_t calls) {
  if (calls == 0) return;
  const Kind& kind = kinds_[index];
  logs_->write(kFile, level_of(index), std::string("more ") + word_of(index),
               {{"attempts", calls},
                {"in_all", kind.lines.total()},
                {"last_row", kind.last_row},
                {"last_status", kind.last_status},
                {"last_error", name_of(kind.last_error)}},
               Echo::kFileOnly);
}

void ApiClientLog::on(const Tick& event) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) sum_up(i, kinds_[i].lines.due(event.at));
  if (info_ && event.at - pace_at_ >= kPaceEvery) write_pace(event);
}

void ApiClientLog::write_pace(const Tick& event) {
  double rate = static_cast<double>(event.counts.attempts - pace_attempts_) / seconds(event.at - pace_at_);
  pace_at_ = event.at;
  pace_attempts_ = event.counts.attempts;
  logs_->write(kFile, LogLevel::kInfo, "pace",
               {{"calls_per_s", std::round(rate * 10) / 10},
                {"in_flight", event.in_flight},
                {"waiting", event.waiting},
                {"sleeping", event.sleeping},
                {"connections", event.connections},
                {"held", event.held},
                {"attempts", event.counts.attempts},
                {"p50_ms", milliseconds(latencies_->quantile(0.5))},
                {"p99_ms", milliseconds(latencies_->quantile(0.99))}},
               Echo::kFileOnly);
}

void ApiClientLog::on(const RunEnded& event) {
  for (std::size_t i = 0; i < kinds_.size(); ++i) sum_up(i, kinds_[i].lines.rest());
  const Counts& counts = event.report.counts;
  logs_->write(kFile, LogLevel::kInfo, "calls ended",
               {{"attempts", counts.attempts},
                {"success", counts[OutcomeClass::kSuccess]},
                {"no_match", counts[OutcomeClass::kNoMatch]},
                {"throttled", counts[OutcomeClass::kThrottled]},
                {"transient", counts[OutcomeClass::kTransient]},
                {"permanent", counts[OutcomeClass::kPermanent]},
                {"fatal", counts[OutcomeClass::kFatal]},
                {"p50_ms", milliseconds(latencies_->quantile(0.5))},
                {"p99_ms", milliseconds(latencies_->quantile(0.99))}},
               Echo::kFileOnly);
}

}  // namespace rowcall::telemetry
