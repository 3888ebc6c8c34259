// SPDX-License-Identifier: Apache-2.0
#include "telemetry/second_meter.h"

#include <algorithm>
#include <utility>

#include "policy/limiter.h"
#include "telemetry/figures.h"
#include "telemetry/resources.h"

namespace rowcall::telemetry {
namespace {

constexpr Duration kNearlyASecond = 950ms;  // ticks do not come to the nanosecond
constexpr std::int64_t kAttemptsMin = 20;   // fewer say nothing: put several seconds together
constexpr Duration kTogetherMax = 10s;

Counts minus(const Counts& a, const Counts& b) {
  Counts out = a;
  out.rows -= b.rows;
  for (std::size_t i = 0; i < out.endings.size(); ++i) out.endings[i] -= b.endings[i];
  for (std::size_t i = 0; i < out.outcomes.size(); ++i) out.outcomes[i] -= b.outcomes[i];
  out.calls -= b.calls;
  out.attempts -= b.attempts;
  out.retries -= b.retries;
  out.bytes_out -= b.bytes_out;
  out.bytes_in -= b.bytes_in;
  return out;
}

}  // namespace

void SecondMeter::on(const RunStarted& event) {
  std::vector<RateLimit> limits = policy::limits_in_calls(event.job.limits);
  forecast_.emplace(limits, event.job.request.rows_per_call);
  limit_per_s_ = calls_per_s_max(limits);
  began_ = event.at;
  cpu_before_ = cpu_used();
  for (const AnswerColumn& column : event.columns.first(std::min(event.columns.size(), kColumnsMost))) {
    names_.push_back({std::string(column.name), 0});
  }
  columns_.resize(names_.size());
  columns_before_.resize(names_.size());
  watched_columns_.resize(names_.size());
}

void SecondMeter::on(const ConnectionOpened& event) {
  if (event.resolve > Duration{}) spent_[Phase::kResolve].add(event.resolve);
  spent_[Phase::kConnect].add(event.connect);
  if (event.handshake > Duration{}) spent_[Phase::kTls].add(event.handshake);
}

std::optional<SecondMeter::Made> SecondMeter::on(const Tick& event, const std::function<WallTime()>& wall) {
  steady_ = steady_ && !event.held && !event.stopping && event.waiting > 0;
  if (forecast_) {
    forecast_->observe(event.at, event.counts.ended(), event.held ? event.held_until - event.at : Duration{});
  }
  last_counts_ = event.counts;
  last_.emplace(Tick{event.at,
                     event.started_at,
                     last_counts_,
                     event.rows_expected,
                     event.in_flight,
                     event.waiting,
                     event.sleeping,
                     event.connections,
                     event.rows_held,
                     event.bytes_held,
                     event.held,
                     event.held_until,
                     "",
                     event.stopping,
                     event.pace_per_s,
                     event.in_flight_max,
                     event.held_since,
                     event.batches_ahead,
                     {}});
  for (std::size_t c = 0; c < std::min(columns_.size(), event.columns.size()); ++c) {
    columns_[c] = {event.columns[c].values, event.columns[c].nulls};
  }
  if (event.at - began_ < kNearlyASecond) return std::nullopt;
  return make(event, wall());
}

std::optional<SecondMeter::Made> SecondMeter::finish(const std::function<WallTime()>& wall) {
  if (!last_ || last_->at <= began_) return std::nullopt;
  steady_ = false;  // the last calls of a run come in by and by
  return make(*last_, wall());
}

SecondMeter::Made SecondMeter::make(const Tick& event, WallTime wall) {
  Made out;
  SecondRecord& record = out.record;
  record.at = wall;
  record.length = event.at - began_;
  record.so_far = event.counts;
  record.here = minus(event.counts, before_);
  record.timeouts = std::exchange(timeouts_, 0);
  record.answers = latencies_.count();
  record.p50 = latencies_.quantile(0.5);
  record.p90 = latencies_.quantile(0.9);
  record.p99 = latencies_.quantile(0.99);
  record.p999 = latencies_.quantile(0.999);
  record.max = latencies_.max();
  record.spent = std::exchange(spent_, {});
  add_columns(record);
  record.batches_ahead = event.batches_ahead;
  record.pace_per_s = event.pace_per_s;
  record.in_flight_max = event.in_flight_max;
  record.in_flight = event.in_flight;
  record.waiting = event.waiting;
  record.sleeping = event.sleeping;
  record.connections = event.connections;
  record.rows_held = event.rows_held;
  record.bytes_held = event.bytes_held;
  record.held = event.held;
  record.rows_expected = event.rows_expected;
  record.limit_per_s = limit_per_s_;
  std::int64_t left = event.rows_expected - event.counts.ended();
  if (event.rows_expected > 0 && left > 0 && forecast_) record.left = forecast_->estimate(left);
  add_resources(record);
  out.second = add_to_watched(record, event.at);
  before_ = event.counts;
  began_ = event.at;
  steady_ = true;
  return out;
}

void SecondMeter::add_columns(SecondRecord& record) {
  record.nulls = names_;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::int64_t values = columns_[c].values - columns_before_[c].values;
    record.nulls[c].nulls = columns_[c].nulls - columns_before_[c].nulls;
    record.answered_rows = values;  // a row that is answered has all columns
    watched_columns_[c].values += values;
    watched_columns_[c].nulls += record.nulls[c].nulls;
  }
  columns_before_ = columns_;
}

void SecondMeter::add_resources(SecondRecord& record) {
  Duration cpu = cpu_used();
  record.cpu = cpu - std::exchange(cpu_before_, cpu);
  ProcessState state = process_state();
  record.rss_bytes = state.rss_bytes;
  record.open_files = state.open_files;
  record.threads = state.threads;
}

std::optional<policy::Second> SecondMeter::add_to_watched(const SecondRecord& record, Instant at) {
  if (watched_.length == Duration{}) watched_.steady = true;
  watched_.at = at;
  watched_.length += record.length;
  watched_.attempts += record.here.attempts;
  watched_.throttled += record.here[OutcomeClass::kThrottled];
  watched_.timeouts += record.timeouts;
  watched_.errors += std::max<std::int64_t>(0, record.here[OutcomeClass::kTransient] +
                                                   record.here[OutcomeClass::kPermanent] +
                                                   record.here[OutcomeClass::kFatal] - record.timeouts);
  watched_.steady = watched_.steady && steady_;
  watched_latencies_.merge(latencies_);
  bool enough = watched_.attempts >= kAttemptsMin || watched_.length >= kTogetherMax;
  if (!enough) return std::nullopt;
  policy::Second out = std::exchange(watched_, {});
  out.answers = watched_latencies_.count();
  out.latency_p50 = watched_latencies_.quantile(0.5);
  out.latency_p99 = watched_latencies_.quantile(0.99);
  watched_latencies_.clear();
  made_columns_ = std::exchange(watched_columns_, std::vector<policy::Second::Column>(names_.size()));
  out.columns = made_columns_;
  return out;
}

}  // namespace rowcall::telemetry
