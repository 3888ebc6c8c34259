// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/json_text.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kFailedClassesMax = 50;
constexpr std::array<double, 14> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                            0.25,  0.5,    1,     2.5,  5,     10,   30};

void append_label(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

// The text, family by family.
class Page {
 public:
  void family(const char* name, const char* type, const char* help) {
    name_ = name;
    out_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    out_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
  }
  void sample(double value, std::initializer_list<std::pair<const char*, std::string_view>> labels = {},
              const char* suffix = "") {
    out_.append(name_).append(suffix);
    if (labels.size() > 0) {
      char before = '{';
      for (const auto& [label, text] : labels) {
        out_ += before;
        out_.append(label).append("=\"");
        append_label(out_, text);
        out_ += '"';
        before = ',';
      }
      out_ += '}';
    }
    out_ += ' ';
    if (std::isfinite(value)) {
      json::append_double(out_, value);
    } else {
      out_ += "NaN";
    }
    out_ += '\n';
  }
  void sample(std::int64_t value, std::initializer_list<std::pair<const char*, std::string_view>> labels = {},
              const char* suffix = "") {
    sample(static_cast<double>(value), labels, suffix);
  }
  template <class Number>
  void one(const char* name, const char* type, const char* help, Number value) {
    family(name, type, help);
    sample(static_cast<double>(value));
  }
  std::string text() && { return std::move(out_); }

 private:
  std::string out_;
  const char* name_ = "";
};

double rate_of(const SecondRecord& record, std::int64_t n) {
  return record.length > Duration{} ? static_cast<double>(n) / seconds(record.length) : 0;
}

void add_counts(Page& page, const Counts& counts) {
  page.one("rowcall_rows_read_total", "counter", "Records read from the source.", counts.rows);
  page.family("rowcall_rows_total", "counter", "Rows by what became of them.");
  for (int i = 0; i < kEndings; ++i) {
    page.sample(counts[static_cast<Ending>(i)], {{"ending", name_of(static_cast<Ending>(i))}});
  }
  page.one("rowcall_calls_total", "counter", "Calls that took at least one permit.", counts.calls);
  page.family("rowcall_attempts_total", "counter", "Permits taken: every try on the wire, by outcome.");
  for (int i = 0; i < kOutcomeClasses; ++i) {
    page.sample(counts[static_cast<OutcomeClass>(i)], {{"outcome", name_of(static_cast<OutcomeClass>(i))}});
  }
  page.one("rowcall_retries_total", "counter", "Attempts beyond a call's first.", counts.retries);
  page.one("rowcall_sent_bytes_total", "counter", "Bytes of requests.", counts.bytes_out);
  page.one("rowcall_received_bytes_total", "counter", "Bytes of answers.", counts.bytes_in);
}

void add_latency(Page& page, const LatencySketch& all, const SecondRecord& last) {
  page.family("rowcall_attempt_duration_seconds", "histogram",
              "Time from the complete request to the complete answer; bounds are exact to 1 %.");
  for (double bound : kBounds) {
    std::string text;
    json::append_double(text, bound);
    page.sample(all.count_to(from_seconds(bound)), {{"le", text}}, "_bucket");
  }
  page.sample(all.count(), {{"le", "+Inf"}}, "_bucket");
  page.sample(seconds(all.sum()), {}, "_sum");
  page.sample(all.count(), {}, "_count");
  page.family("rowcall_latency_seconds", "gauge",
              "Latency of the last second's complete answers, by percentile.");
  for (auto [percentile, value] :
       {std::pair{"50", last.p50}, {"90", last.p90}, {"99", last.p99}, {"99.9", last.p999}}) {
    page.sample(seconds(value), {{"percentile", percentile}});
  }
}

void add_spent(Page& page, const char* name, const char* help, const Spent& spent) {
  page.family(name, "summary", help);
  page.sample(seconds(spent.total), {}, "_sum");
  page.sample(spent.times, {}, "_count");
}

void add_phases(Page& page, const PhaseTimes& spent) {
  add_spent(page, "rowcall_attempt_wait_seconds", "From the complete request to the answer's first byte.",
            spent[Phase::kWait]);
  add_spent(page, "rowcall_attempt_read_seconds", "From the answer's first byte to its last.",
            spent[Phase::kRead]);
  page.family("rowcall_connect_seconds", "summary", "Steps of opening connections.");
  for (Phase phase : {Phase::kResolve, Phase::kConnect, Phase::kTls}) {
    page.sample(seconds(spent[phase].total), {{"phase", name_of(phase)}}, "_sum");
    page.sample(spent[phase].times, {{"phase", name_of(phase)}}, "_count");
  }
}

// The shape of the answers: rows taken in, and how many of them had nothing in a column.
void add_shape(Page& page, std::int64_t rows, const std::vector<ColumnNulls>& nulls) {
  page.one("rowcall_answered_rows_total", "counter", "Rows whose answer was taken in.", rows);
  page.family("rowcall_null_values_total", "counter", "Nulls among their values, by response column.");
  for (const ColumnNulls& column : nulls) page.sample(column.nulls, {{"column", column.name}});
}

void add_api(Page& page, const Api& api) {
  auto unix_time = [](WallTime at) { return seconds(at.time_since_epoch()); };
  page.one("rowcall_last_success_time_seconds", "gauge",
           "When the API last did its work, in Unix time; 0: not yet.", unix_time(api.last_success));
  page.one("rowcall_error_ratio", "gauge", "Share of the last minute's attempts that were not answered well.",
           api.error_share);
  page.one("rowcall_address_changes_total", "counter", "Times the API's name resolved to other addresses.",
           api.moves);
  page.family("rowcall_certificate_end_time_seconds", "gauge",
              "When the API's certificate ends, in Unix time.");
  if (api.certificate_end) page.sample(unix_time(*api.certificate_end));
  page.family("rowcall_health_checks_total", "counter", "Times the health URL was asked, by what it said.");
  page.sample(api.checks - api.checks_ill, {{"well", "yes"}});
  page.sample(api.checks_ill, {{"well", "no"}});
}

void add_queues(Page& page, const SecondRecord& last) {
  page.one("rowcall_in_flight", "gauge", "Calls on the wire.", last.in_flight);
  page.one("rowcall_in_flight_max", "gauge", "Calls that may be on the wire at a time.", last.in_flight_max);
  page.one("rowcall_pace_calls_per_second", "gauge",
           "What the adaptive control allows, when that is less than the limits; else 0.", last.pace_per_s);
  page.one("rowcall_waiting", "gauge", "Calls waiting for a permit or a connection.", last.waiting);
  page.one("rowcall_sleeping", "gauge", "Calls waiting for their next attempt.", last.sleeping);
  page.one("rowcall_connections", "gauge", "Connections open.", last.connections);
  page.one("rowcall_rows_held", "gauge", "Rows between reader and sink.", last.rows_held);
  page.one("rowcall_held_bytes", "gauge", "Memory they take.", last.bytes_held);
  page.one("rowcall_hold", "gauge", "1 while nothing is sent because the API is down or said so.",
           last.held ? 1.0 : 0.0);
}

void add_time_left(Page& page, const std::optional<policy::FinishForecast>& left) {
  page.family("rowcall_time_left_seconds", "gauge",
              "When the run will be over: bounds of the 90 % interval and middle.");
  if (!left) return;
  for (auto [bound, value] : {std::pair{"least", left->least},
                              {"low", left->low},
                              {"likely", left->likely},
                              {"high", left->high}}) {
    page.sample(seconds(value), {{"bound", bound}});
  }
}

void add_process(Page& page, const SecondRecord& last, double cpu_s) {
  page.one("process_cpu_seconds_total", "counter", "User and system time of the run.", cpu_s);
  page.one("process_resident_memory_bytes", "gauge", "Memory that is resident.", last.rss_bytes);
  page.one("process_open_fds", "gauge", "Open files and sockets.", last.open_files);
  page.one("process_threads", "gauge", "Threads.", last.threads);
}

}  // namespace

void Metrics::on(const RunStarted& event) {
  job_ = event.job.name;
  limits_ = event.job.limits.rate;
}

void Metrics::on(const RowsFailed& event) {
  bool room = failed_.size() < kFailedClassesMax || failed_.contains(std::string(event.error_class));
  failed_[room ? std::string(event.error_class) : "others"] += event.rows;
}

void Metrics::on(const HoldChanged& event) {
  holds_ += event.held;
}

void Metrics::on(const BatchRead& event) {
  batch_rows_ += event.rows;
}

void Metrics::on(const PartPublished& event) {
  part_rows_ += event.part.rows;
  part_bytes_ += event.part.bytes;
}

void Metrics::on(const SecondRecord& record) {
  if (started_at_s_ == 0) started_at_s_ = seconds(record.at.time_since_epoch() - record.length);
  cpu_s_ += seconds(record.cpu);
  spent_.add(record.spent);
  answered_rows_ += record.answered_rows;
  nulls_.resize(record.nulls.size());
  for (std::size_t i = 0; i < nulls_.size(); ++i) {
    nulls_[i].name = record.nulls[i].name;
    nulls_[i].nulls += record.nulls[i].nulls;
  }
  last_ = record;
}

void Metrics::on(const policy::Anomaly& anomaly) {
  if (!anomaly.over) ++anomalies_[static_cast<std::size_t>(anomaly.signal)];
  anomalies_open_ += anomaly.over ? -1 : 1;
}

std::vector<std::pair<int, std::int64_t>> Metrics::statuses() const {
  std::vector<std::pair<int, std::int64_t>> out;
  for (int i = 0; i < kStatuses; ++i) {
    if (std::int64_t n = statuses_[static_cast<std::size_t>(i)]; n > 0) out.emplace_back(i, n);
  }
  return out;
}

std::string Metrics::prometheus_text() const {
  Page page;
  page.family("rowcall_build_info", "gauge", "Always 1; the labels say what runs.");
  page.sample(1.0, {{"version", version_}, {"name", job_}});
  page.one("rowcall_start_time_seconds", "gauge", "When the session began, in Unix time.", started_at_s_);
  add_counts(page, last_.so_far);
  page.one("rowcall_rows_expected", "gauge", "Rows of the source, or an estimate; -1 when not known.",
           last_.rows_expected);
  page.family("rowcall_responses_total", "counter", "Attempts by HTTP status; 0 when no answer arrived.");
  for (auto [status, n] : statuses()) page.sample(n, {{"status", std::to_string(status)}});
  page.family("rowcall_transport_errors_total", "counter", "Attempts that broke below HTTP, by kind.");
  for (std::size_t i = 1; i < kErrors; ++i) {
    page.sample(errors_[i], {{"error", name_of(static_cast<TransportError>(i))}});
  }
  page.family("rowcall_failed_rows_total", "counter", "Rows that failed, by class of error.");
  for (const auto& [error_class, rows] : failed_) page.sample(rows, {{"class", error_class}});
  add_latency(page, *latencies_, last_);
  add_phases(page, spent_);
  page.family("rowcall_limit_calls", "gauge", "Calls that each limit allows in its period.");
  for (const RateLimit& limit : limits_) page.sample(limit.calls, {{"limit", limit_text(limit)}});
  double rate = rate_of(last_, last_.here.attempts);
  page.one("rowcall_attempts_per_second", "gauge", "Attempts in the last second.", rate);
  page.one("rowcall_limit_used_ratio", "gauge",
           "Share of the tightest limit used in the last second; 0 without one.",
           last_.limit_per_s > 0 ? rate / last_.limit_per_s : 0);
  add_queues(page, last_);
  page.one("rowcall_holds_total", "counter", "Times that sending was held.", holds_);
  add_spent(page, "rowcall_batch_read_seconds", "Time for reading a batch.", spent_[Phase::kBatchRead]);
  page.one("rowcall_batch_rows_total", "counter", "Rows in the batches read.", batch_rows_);
  page.one("rowcall_batches_ahead", "gauge", "Batches read that wait for room.", last_.batches_ahead);
  add_spent(page, "rowcall_part_write_seconds", "Time for the write that published a part.",
            spent_[Phase::kPartWrite]);
  page.one("rowcall_part_rows_total", "counter", "Rows in the parts published.", part_rows_);
  page.one("rowcall_part_bytes_total", "counter", "Bytes of the parts published.", part_bytes_);
  add_spent(page, "rowcall_ledger_sync_seconds", "Time for making a group of answers durable.",
            spent_[Phase::kLedgerSync]);
  add_shape(page, answered_rows_, nulls_);
  add_api(page, *api_);
  add_time_left(page, last_.left);
  if (price_per_call_ > 0) {
    page.one("rowcall_cost_total", "counter",
             "What the attempts have cost, in the currency of the price given.",
             static_cast<double>(last_.so_far.attempts) * price_per_call_);
  }
  page.family("rowcall_anomalies_total", "counter", "Anomalies found, by what was not as before.");
  for (std::size_t i = 0; i < anomalies_.size(); ++i) {
    page.sample(anomalies_[i], {{"signal", policy::name_of(static_cast<policy::Signal>(i))}});
  }
  page.one("rowcall_anomalies_open", "gauge", "Anomalies that go on.", anomalies_open_);
  add_process(page, last_, cpu_s_);
  return std::move(page).text();
}

std::string Metrics::cloudwatch_line() const {
  struct Value {
    const char* name;
    const char* unit;
    double value;
  };
  const Counts& here = last_.here;
  const Value values[] = {
      {"AttemptsPerSecond", "Count/Second", rate_of(last_, here.attempts)},
      {"RowsPerSecond", "Count/Second", rate_of(last_, here.ended())},
      {"Throttled", "Count", static_cast<double>(here[OutcomeClass::kThrottled])},
      {"Errors", "Count",
       static_cast<double>(here[OutcomeClass::kTransient] + here[OutcomeClass::kPermanent] +
                           here[OutcomeClass::kFatal])},
      {"LatencyP50", "Milliseconds", seconds(last_.p50) * 1e3},
      {"LatencyP99", "Milliseconds", seconds(last_.p99) * 1e3},
      {"RowsDone", "Count", static_cast<double>(last_.so_far.ended())},
      {"RowsFailed", "Count", static_cast<double>(last_.so_far[Ending::kFailed])},
      {"Memory", "Bytes", static_cast<double>(last_.rss_bytes)},
  };
  std::string out;
  {
    json::Object object(out);
    {
      json::Object aws(object.key("_aws"));
      aws.number("Timestamp",
                 std::chrono::floor<std::chrono::milliseconds>(last_.at.time_since_epoch()).count());
      json::Array directives(aws.key("CloudWatchMetrics"));
      json::Object directive(directives.item());
      directive.text("Namespace", "rowcall");
      directive.key("Dimensions") += R"([["Job"]])";
      json::Array metrics(directive.key("Metrics"));
      for (const Value& value : values) {
        json::Object metric(metrics.item());
        metric.text("Name", value.name);
        metric.text("Unit", value.unit);
      }
    }
    object.text("Job", job_);
    for (const Value& value : values) object.real(value.name, value.value);
  }
  return out + "\n";
}

}  // namespace rowcall::telemetry
