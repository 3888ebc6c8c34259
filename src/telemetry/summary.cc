// SPDX-License-Identifier: Apache-2.0
#include "telemetry/summary.h"

#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "base/parse.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

double thousandths(double value) {
  return std::round(value * 1e3) / 1e3;
}
double milliseconds(Duration d) {
  return thousandths(seconds(d) * 1e3);
}

void add_rows(json::Object& object, const Counts& counts) {
  object.number("rows", counts.rows);
  for (int i = 0; i < kEndings; ++i) {
    auto ending = static_cast<Ending>(i);
    object.number(name_of(ending), counts[ending]);
  }
}

void add_calls(json::Object& object, const Counts& counts) {
  object.number("calls", counts.calls);
  object.number("attempts", counts.attempts);
  object.number("retries", counts.retries);
  json::Object outcomes(object.key("outcomes"));
  for (int i = 0; i < kOutcomeClasses; ++i) {
    auto outcome = static_cast<OutcomeClass>(i);
    outcomes.number(name_of(outcome), counts[outcome]);
  }
}

void add_rate(json::Object& object, const Summary& summary) {
  const Report& report = summary.report;
  {
    json::Array limits(object.key("rate_limit"));
    for (const RateLimit& limit : summary.limits) json::append_string(limits.item(), limit_text(limit));
  }
  {
    json::Array windows(object.key("worst_window"));
    for (const WorstWindow& worst : report.worst) {
      json::Object window(windows.item());
      window.number("calls", worst.calls);
      window.number("limit", worst.limit);
      window.real("period_s", seconds(worst.period));
    }
  }
  object.real("rate_mean", thousandths(mean_rate(report.counts.attempts, report.sending)));
  object.real("share_of_limit", thousandths(share_of_limits(summary)));
}

void add_latency(json::Object& object, const Summary& summary) {
  json::Object latency(object.key("latency_ms"));
  latency.real("p50", milliseconds(summary.latency_p50));
  latency.real("p90", milliseconds(summary.latency_p90));
  latency.real("p99", milliseconds(summary.latency_p99));
  latency.real("max", milliseconds(summary.latency_max));
}

void add_part(std::string& out, const PartInfo& part) {
  json::Object object(out);
  object.text("path", part.path);
  object.number("rows", part.rows);
  object.number("bytes", part.bytes);
}

void add_places(json::Object& object, const Summary& summary) {
  object.text("sink", summary.sink);
  {
    json::Array parts(object.key("parts"));
    for (const PartInfo& part : summary.report.parts) add_part(parts.item(), part);
  }
  if (summary.report.failures.path.empty()) {
    object.key("failures") += "null";
  } else {
    add_part(object.key("failures"), summary.report.failures);
  }
}

void add_error(json::Object& object, const Summary& summary) {
  const Error& error = summary.report.error;
  std::string text = error.text();
  object.text("error", text);
  object.text("error_code", text.empty() ? "" : name_of(error.code));
  {
    json::Array notes(object.key("notes"));
    for (const std::string& note : summary.notes) json::append_string(notes.item(), note);
  }
  object.text("next_step", summary.next_step);
}

// Breaks compact JSON into lines: two blanks for each level, empty lists and objects stay together.
std::string indented(std::string_view compact) {
  std::string out;
  int level = 0;
  bool in_text = false;
  auto new_line = [&] { out.append("\n").append(std::size_t{2} * static_cast<std::size_t>(level), ' '); };
  for (std::size_t i = 0; i < compact.size(); ++i) {
    char c = compact[i];
    if (in_text) {
      out += c;
      if (c == '\\') out += compact[++i];
      in_text = c != '"';
      continue;
    }
    bool closes = c == '}' || c == ']';
    bool empty = closes && (compact[i - 1] == '{' || compact[i - 1] == '[');
    if (closes) --level;
    if (closes && !empty) new_line();
    out += c;
    if (c == '"') in_text = true;
    if (c == ':') out += ' ';
    if (c == '{' || c == '[') ++level;
    char after = i + 1 < compact.size() ? compact[i + 1] : '\0';
    bool opens = (c == '{' || c == '[') && after != '}' && after != ']';
    if (opens || c == ',') new_line();
  }
  return out + "\n";
}

}  // namespace

void set_latencies(Summary& summary, const LatencySketch& latencies) {
  summary.latency_p50 = latencies.quantile(0.5);
  summary.latency_p90 = latencies.quantile(0.9);
  summary.latency_p99 = latencies.quantile(0.99);
  summary.latency_max = latencies.max();
}

std::string next_step_after(const Report& report, const NextSteps& steps) {
  std::int64_t failed = report.counts[Ending::kFailed];
  if (report.end != RunEnd::kComplete) return steps.go_on + "; what is done is not called again";
  if (failed == 0) return {};
  return steps.retry + (failed == 1 ? "   calls the failed row again" : "   calls the failed rows again");
}

double share_of_limits(const Summary& summary) {
  double share = 0;
  for (const RateLimit& limit : summary.limits) {
    share = std::max(share, share_of_limit(summary.report.counts.attempts, summary.report.sending, limit));
  }
  return share;
}

void mask(Summary& summary, const Redactor& redactor) {
  Report& report = summary.report;
  for (std::string* text :
       {&summary.name, &summary.run_dir, &summary.sink, &summary.next_step, &report.failures.path,
        &report.error.place, &report.error.found, &report.error.expected, &report.error.mend}) {
    redactor.mask(*text);
  }
  for (PartInfo& part : report.parts) redactor.mask(part.path);
  for (std::string& note : summary.notes) redactor.mask(note);
}

std::string summary_json(const Summary& summary) {
  const Report& report = summary.report;
  std::string out;
  {
    json::Object object(out);
    object.text("name", summary.name);
    object.text("end", name_of(report.end));
    object.text("version", summary.version);
    object.text("started_at", utc_text(summary.started_at));
    object.text("ended_at", utc_text(summary.ended_at));
    object.number("rows_expected", summary.rows_expected);
    add_rows(object, report.counts);
    add_calls(object, report.counts);
    object.number("bytes_out", report.counts.bytes_out);
    object.number("bytes_in", report.counts.bytes_in);
    object.real("duration_s", thousandths(seconds(report.duration)));
    object.real("sending_s", thousandths(seconds(report.sending)));
    object.real("cpu_s", thousandths(seconds(summary.cpu)));
    object.number("rss_max_bytes", summary.rss_max_bytes);
    add_rate(object, summary);
    add_latency(object, summary);
    add_places(object, summary);
    add_error(object, summary);
  }
  return indented(out);
}

}  // namespace rowcall::telemetry
