// SPDX-License-Identifier: Apache-2.0
#include "telemetry/second_record.h"

#include <simdjson.h>

#include <cmath>

#include "base/json_text.h"
#include "telemetry/json_members.h"

namespace rowcall::telemetry {
namespace {

double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}
double milliseconds_of(Duration d) {
  return rounded(seconds(d) * 1e3);
}

void add_counts(json::Object& object, const Counts& counts) {
  object.number("rows", counts.rows);
  for (int i = 0; i < kEndings; ++i)
    object.number(name_of(static_cast<Ending>(i)), counts[static_cast<Ending>(i)]);
  object.number("calls", counts.calls);
  object.number("attempts", counts.attempts);
  object.number("retries", counts.retries);
  object.number("bytes_out", counts.bytes_out);
  object.number("bytes_in", counts.bytes_in);
  json::Object outcomes(object.key("outcomes"));
  for (int i = 0; i < kOutcomeClasses; ++i) {
    outcomes.number(name_of(static_cast<OutcomeClass>(i)), counts[static_cast<OutcomeClass>(i)]);
  }
}

Duration time_of(simdjson::dom::object object, const char* key, double unit_s) {
  return from_seconds(real(object, key) * unit_s);
}

PhaseTimes times_of(simdjson::dom::object object) {
  PhaseTimes out;
  for (std::size_t i = 0; i < kPhases; ++i) {
    simdjson::dom::object spent;
    if (object[name_of(static_cast<Phase>(i))].get(spent) != simdjson::SUCCESS) continue;
    out.of[i] = {whole(spent, "times"), time_of(spent, "ms", 1e-3)};
  }
  return out;
}

void add_times(json::Object& object, const PhaseTimes& times) {
  json::Object all(object.key("spent"));
  for (std::size_t i = 0; i < kPhases; ++i) {
    if (times.of[i].times == 0) continue;
    json::Object spent(all.key(name_of(static_cast<Phase>(i))));
    spent.number("times", times.of[i].times);
    spent.real("ms", milliseconds_of(times.of[i].total));
  }
}

SecondRecord record_of(simdjson::dom::object object) {
  SecondRecord out;
  out.at = WallTime(std::chrono::milliseconds(whole(object, "at_ms")));
  out.length = time_of(object, "length_s", 1);
  simdjson::dom::object part;
  if (object["so_far"].get(part) == simdjson::SUCCESS) out.so_far = counts_of(part);
  if (object["here"].get(part) == simdjson::SUCCESS) out.here = counts_of(part);
  out.timeouts = whole(object, "timeouts");
  out.answers = whole(object, "answers");
  if (object["latency_ms"].get(part) == simdjson::SUCCESS) {
    out.p50 = time_of(part, "p50", 1e-3);
    out.p90 = time_of(part, "p90", 1e-3);
    out.p99 = time_of(part, "p99", 1e-3);
    out.p999 = time_of(part, "p999", 1e-3);
    out.max = time_of(part, "max", 1e-3);
  }
  if (object["spent"].get(part) == simdjson::SUCCESS) out.spent = times_of(part);
  out.answered_rows = whole(object, "answered_rows");
  if (object["nulls"].get(part) == simdjson::SUCCESS) {
    for (auto [name, n] : part) {
      std::int64_t nulls = 0;
      if (n.get(nulls) == simdjson::SUCCESS) out.nulls.push_back({std::string(name), nulls});
    }
  }
  out.in_flight = static_cast<int>(whole(object, "in_flight"));
  out.waiting = static_cast<int>(whole(object, "waiting"));
  out.sleeping = static_cast<int>(whole(object, "sleeping"));
  out.connections = static_cast<int>(whole(object, "connections"));
  out.rows_held = whole(object, "rows_held");
  out.bytes_held = whole(object, "bytes_held");
  bool held = false;
  out.held = object["held"].get(held) == simdjson::SUCCESS && held;
  out.batches_ahead = static_cast<int>(whole(object, "batches_ahead"));
  out.pace_per_s = real(object, "pace_per_s");
  out.in_flight_max = static_cast<int>(whole(object, "in_flight_max"));
  out.rows_expected = whole(object, "rows_expected");
  out.limit_per_s = real(object, "limit_per_s");
  out.cpu = time_of(object, "cpu_s", 1);
  out.rss_bytes = whole(object, "rss_bytes");
  out.open_files = static_cast<int>(whole(object, "open_files"));
  out.threads = static_cast<int>(whole(object, "threads"));
  if (object["left_s"].get(part) == simdjson::SUCCESS) {
    out.left = {time_of(part, "least", 1), time_of(part, "low", 1), time_of(part, "likely", 1),
                time_of(part, "high", 1)};
  }
  return out;
}

}  // namespace

const char* name_of(Phase phase) {
  static constexpr const char* names[kPhases] = {"resolve", "connect",    "tls",         "wait",
                                                 "read",    "batch_read", "ledger_sync", "part_write"};
  return names[static_cast<std::size_t>(phase)];
}

std::string to_json_line(const SecondRecord& record) {
  std::string out;
  {
    json::Object object(out);
    object.text("at", utc_text(record.at));
    object.number("at_ms",
                  std::chrono::floor<std::chrono::milliseconds>(record.at.time_since_epoch()).count());
    object.real("length_s", rounded(seconds(record.length)));
    {
      json::Object here(object.key("here"));
      add_counts(here, record.here);
    }
    {
      json::Object so_far(object.key("so_far"));
      add_counts(so_far, record.so_far);
    }
    object.number("timeouts", record.timeouts);
    object.number("answers", record.answers);
    {
      json::Object latency(object.key("latency_ms"));
      latency.real("p50", milliseconds_of(record.p50));
      latency.real("p90", milliseconds_of(record.p90));
      latency.real("p99", milliseconds_of(record.p99));
      latency.real("p999", milliseconds_of(record.p999));
      latency.real("max", milliseconds_of(record.max));
    }
    add_times(object, record.spent);
    object.number("answered_rows", record.answered_rows);
    {
      json::Object nulls(object.key("nulls"));
      for (const ColumnNulls& column : record.nulls) nulls.number(column.name, column.nulls);
    }
    object.number("in_flight", record.in_flight);
    object.number("waiting", record.waiting);
    object.number("sleeping", record.sleeping);
    object.number("connections", record.connections);
    object.number("rows_held", record.rows_held);
    object.number("bytes_held", record.bytes_held);
    object.truth("held", record.held);
    object.number("batches_ahead", record.batches_ahead);
    object.real("pace_per_s", rounded(record.pace_per_s));
    object.number("in_flight_max", record.in_flight_max);
    object.number("rows_expected", record.rows_expected);
    object.real("limit_per_s", record.limit_per_s);
    object.real("cpu_s", rounded(seconds(record.cpu)));
    object.number("rss_bytes", record.rss_bytes);
    object.number("open_files", record.open_files);
    object.number("threads", record.threads);
    if (record.left) {
      json::Object left(object.key("left_s"));
      left.real("least", std::round(seconds(record.left->least) * 1e3) / 1e3);
      left.real("low", std::round(seconds(record.left->low) * 1e3) / 1e3);
      left.real("likely", std::round(seconds(record.left->likely) * 1e3) / 1e3);
      left.real("high", std::round(seconds(record.left->high) * 1e3) / 1e3);
    }
  }
  return out + "\n";
}

std::vector<SecondRecord> seconds_from_json(std::string_view lines) {
  std::vector<SecondRecord> out;
  simdjson::dom::parser parser;
  for (std::size_t at = 0; at < lines.size();) {
    std::size_t end = lines.find('\n', at);
    if (end == std::string_view::npos) break;
    simdjson::dom::object object;
    bool read =
        parser.parse(simdjson::padded_string(lines.substr(at, end - at))).get(object) == simdjson::SUCCESS;
    if (read && object["at_ms"].error() == simdjson::SUCCESS) out.push_back(record_of(object));
    at = end + 1;
  }
  return out;
}

}  // namespace rowcall::telemetry
