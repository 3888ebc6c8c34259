// SPDX-License-Identifier: Apache-2.0
#include "telemetry/report_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "rowcall/version.h"

#include "base/disk.h"
#include "base/json_text.h"
#include "base/parse.h"
#include "base/try.h"
#include "telemetry/chart.h"
#include "telemetry/figures.h"
#include "telemetry/html_page.h"

namespace rowcall::telemetry {
namespace {

constexpr std::size_t kTimelineMax = 200;

std::string percent(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f %%", 100 * share);
  return buffer;
}

const char* colour_of(const std::string& end) {
  if (end == "complete") return "good";
  return end == "failed" ? "bad" : "warn";
}

std::string headline(const ReportData& data) {
  const ReportSummary& summary = data.summary;
  std::string name = data.story.name.empty() ? data.dir.filename().string() : data.story.name;
  std::string out = "<header><h1>" + html_escaped(name) + "</h1><span class=\"badge " +
                    colour_of(summary.end) + "\">" + html_escaped(summary.end) + "</span><p>" +
                    grouped(summary.counts.ended()) + " rows";
  // What is complete has as many rows as there are; what was expected may have been an estimate.
  if (summary.end != "complete" && summary.rows_expected > summary.counts.ended())
    out += " of " + grouped(summary.rows_expected);
  out += " in " + duration_words(from_seconds(summary.duration_s));
  if (data.story.began != WallTime{}) out += ", begun " + utc_text(data.story.session_began);
  if (data.story.sessions > 1) out += " (session " + std::to_string(data.story.sessions) + " of this run)";
  out += ".</p>";
  if (!summary.error.empty()) out += "<p class=\"bad\">" + html_escaped(summary.error) + "</p>";
  for (const std::string& note : summary.notes) out += "<p class=\"warn\">" + html_escaped(note) + "</p>";
  return out + "</header>";
}

std::string next_step(const ReportSummary& summary) {
  std::string step = summary.next_step.empty() ? "Nothing: every row was answered." : summary.next_step;
  return "<section class=\"next\" aria-label=\"What to do next\"><strong>Next:</strong> " +
         html_escaped(step) + "</section>";
}

std::string tiles(const ReportData& data) {
  const ReportSummary& summary = data.summary;
  const Counts& counts = summary.counts;
  std::string out = "<dl class=\"tiles\">";
  auto answered = counts[Ending::kOk] + counts[Ending::kNoMatch];
  out += tile_html("answered", grouped(answered),
                   percent_words(answered, std::max<std::int64_t>(1, counts.ended())) + " of the rows");
  out += tile_html("failed, unreadable", grouped(counts[Ending::kFailed] + counts[Ending::kUnreadable]));
  out +=
      tile_html("rate while sending", rate_words(summary.rate_mean) + "/s",
                data.story.limits.empty() ? "no limit" : percent(summary.share_of_limit) + " of the limit");
  if (data.rate) {
    for (const WindowVerdict& limit : data.rate->limits) {
      out += tile_html("worst window", grouped(limit.worst) + " of " + grouped(limit.limit.calls),
                       limit.over() ? "OVER THE LIMIT" : "the limit was kept");
    }
  }
  if (data.latencies.count() > 0) {
    out += tile_html("latency", latency_words(data.latencies.quantile(0.5)),
                     "p99 " + latency_words(data.latencies.quantile(0.99)) + ", max " +
                         latency_words(data.latencies.max()));
  }
  out +=
      tile_html("retries", grouped(counts.retries), grouped(counts[OutcomeClass::kThrottled]) + " throttled");
  if (counts.rows > 0) {
    out += tile_html("processor",
                     rate_words(1e6 * summary.cpu_s / static_cast<double>(counts.rows)) + " us a row",
                     duration_words(from_seconds(summary.cpu_s)) + " in all");
  }
  out += tile_html("memory at most", bytes_words(summary.rss_max_bytes));
  if (data.story.price_per_call > 0) {
    out += tile_html("cost", cost_words(static_cast<double>(counts.attempts) * data.story.price_per_call));
  }
  return out + "</dl>";
}

std::string plots(const ReportData& data) {
  PlotInput input;
  input.seconds = data.seconds;
  input.began = data.story.began;
  for (const ToldStory::Hold& hold : data.story.holds) input.holds.emplace_back(hold.from, hold.until);
  for (const ToldStory::Alarm& alarm : data.story.alarms) {
    if (!alarm.anomaly.over) input.alarms.push_back(alarm.at);
  }
  std::string out = "<section aria-label=\"Plots\"><h2>Over time</h2>";
  if (data.seconds.empty()) return out + "<p>There is no metrics.ndjson to plot.</p></section>";
  out += "<div class=\"charts\">";
  for (const std::string& plot : plots_html(input)) out += plot;
  return out + "</div></section>";
}

std::string endings_table(const Counts& counts) {
  std::string out = "<section><h2>Rows</h2><table><tbody>";
  for (int i = 0; i < kEndings; ++i) {
    auto n = counts[static_cast<Ending>(i)];
    out += std::string("<tr><th scope=\"row\">") + name_of(static_cast<Ending>(i)) + "</th><td class=\"n\">" +
           grouped(n) + "</td><td class=\"n\">" + percent_words(n, std::max<std::int64_t>(1, counts.rows)) +
           "</td></tr>";
  }
  out += "<tr><th scope=\"row\">read</th><td class=\"n\">" + grouped(counts.rows) + "</td><td class=\"n\">";
  out += counts.ended() == counts.rows ? "the endings add up"
                                       : grouped(counts.rows - counts.ended()) + " had no ending yet";
  return out + "</td></tr></tbody></table></section>";
}

std::string attempts_table(const ReportData& data) {
  if (data.attempts.empty()) return "";
  std::string out =
      "<section><h2>Attempts</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">class</th>"
      "<th scope=\"col\">what came</th><th scope=\"col\" class=\"n\">attempts</th></tr></thead><tbody>";
  for (const auto& [kind, n] : data.attempts) {
    out += std::string("<tr><td>") + name_of(kind.first) + "</td><td>" + html_escaped(kind.second) +
           "</td><td class=\"n\">" + grouped(n) + "</td></tr>";
  }
  return out + "</tbody></table></div></section>";
}

// Bounds of the histogram: three in each power of ten.
std::string histogram(const LatencySketch& latencies) {
  if (latencies.count() == 0) return "";
  constexpr std::array<double, 18> bounds_ms = {0.5, 1,   2,   5,   10,  20,  50,  100, 200,
                                                500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 3.6e6};
  Bars bars{"Latency", "complete answers", {}};
  std::int64_t before = 0;
  std::string from = "0";
  for (double bound : bounds_ms) {
    std::int64_t to_here = latencies.count_to(from_seconds(bound / 1e3));
    std::string to = latency_words(from_seconds(bound / 1e3));
    from.append(" to ").append(to);
    if (to_here > before) bars.bars.emplace_back(std::move(from), static_cast<double>(to_here - before));
    before = to_here;
    from = std::move(to);
  }
  return "<section><h2>Latencies</h2>" + bars_html(bars) + "</section>";
}

std::string times(const ReportData& data) {
  PhaseTimes all;
  for (const SecondRecord& second : data.seconds) all.add(second.spent);
  return "<section><h2>Where the time goes</h2>" + times_html(all) + "</section>";
}

// The shape of the answers.
std::string shape(const ReportData& data) {
  std::map<std::string, std::int64_t> nulls;
  std::int64_t rows = 0;
  for (const SecondRecord& second : data.seconds) {
    rows += second.answered_rows;
    for (const ColumnNulls& column : second.nulls) nulls[column.name] += column.nulls;
  }
  if (rows == 0 || nulls.empty()) return "";
  std::string out =
      "<section><h2>Nulls in the answers</h2><div class=\"scroll\"><table><thead><tr><th "
      "scope=\"col\">column</th><th scope=\"col\" class=\"n\">nulls</th><th scope=\"col\" "
      "class=\"n\">share</th></tr></thead><tbody>";
  for (const auto& [name, n] : nulls) {
    out += "<tr><th scope=\"row\">" + html_escaped(name) + "</th><td class=\"n\">" + grouped(n) +
           "</td><td class=\"n\">" + percent_words(n, rows) + "</td></tr>";
  }
  return out + "</tbody></table></div></section>";
}

std::string audit(const ReportData& data) {
  std::string out = "<section><h2>Audit of the rate</h2>";
  if (!data.rate) return out + "<p>" + html_escaped(data.rate_problem) + "</p></section>";
  return out + "<p>Counted from calls.log, every attempt in every window:</p><pre>" +
         html_escaped(data.rate->text()) + "</pre></section>";
}

struct Moment {
  WallTime at;
  const char* kind;
  std::string text;
};

std::string timeline(const ToldStory& story) {
  std::vector<Moment> moments;
  for (const ToldStory::Alarm& alarm : story.alarms) {
    moments.push_back({alarm.at, alarm.anomaly.over ? "over" : "alarm", alarm_words(alarm.anomaly)});
  }
  for (const ToldStory::Hold& hold : story.holds) {
    std::string lasted =
        hold.until == WallTime{} ? "to the end" : "for " + duration_words(hold.until - hold.from);
    moments.push_back({hold.from, "held", hold.why + " (" + lasted + ")"});
  }
  for (const auto& [at, text] : story.warnings) moments.push_back({at, "warning", text});
  std::ranges::sort(
      moments, [](const Moment& a, const Moment& b) { return a.at != b.at ? a.at < b.at : a.text < b.text; });
  std::string out = "<section><h2>What happened</h2>";
  if (moments.empty()) return out + "<p>No alarm, no hold, no warning.</p></section>";
  out +=
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">at</th><th scope=\"col\">what</th><th "
      "scope=\"col\"></th></tr></thead><tbody>";
  for (std::size_t i = 0; i < std::min(moments.size(), kTimelineMax); ++i) {
    const Moment& moment = moments[i];
    out += "<tr><td class=\"n\">" + duration_words(std::max(Duration{}, Duration(moment.at - story.began))) +
           "</td><td>" + moment.kind + "</td><td class=\"wrap\">" + html_escaped(moment.text) + "</td></tr>";
  }
  out += "</tbody></table></div>";
  if (moments.size() > kTimelineMax)
    out += "<p>" + grouped(static_cast<std::int64_t>(moments.size() - kTimelineMax)) +
           " more stand in events.ndjson.</p>";
  return out + "</section>";
}

std::string places(const ReportData& data) {
  const ReportSummary& summary = data.summary;
  std::string out = "<section><h2>Places</h2><table><tbody>";
  auto row = [&](const char* name, const std::string& text) {
    if (!text.empty())
      out += std::string("<tr><th scope=\"row\">") + name + "</th><td class=\"wrap\">" + html_escaped(text) +
             "</td></tr>";
  };
  row("output", summary.sink + (summary.parts > 0 ? " (" + std::to_string(summary.parts) +
                                                        (summary.parts == 1 ? " part)" : " parts)")
                                                  : ""));
  row("failure table", summary.failures);
  row("run directory", data.dir.string());
  out += "</tbody></table>";
  if (!data.job.empty()) {
    out += "<details><summary>The job, as it was carried out</summary><pre>" + html_escaped(data.job) +
           "</pre></details>";
  }
  return out + "</section>";
}

void add_alarms(json::Object& object, const ToldStory& story) {
  json::Array alarms(object.key("alarms"));
  for (const ToldStory::Alarm& alarm : story.alarms) {
    json::Object item(alarms.item());
    item.text("at", utc_text(alarm.at));
    item.text("signal", policy::name_of(alarm.anomaly.signal));
    item.truth("over", alarm.anomaly.over);
    item.real("normal", alarm.anomaly.normal);
    item.real("now", alarm.anomaly.now);
    item.real("sigmas", alarm.anomaly.sigmas);
    item.text("text", alarm_words(alarm.anomaly));
  }
}

void add_causes(json::Object& object, const std::vector<Cause>& causes) {
  json::Array list(object.key("causes"));
  for (const Cause& cause : causes) {
    json::Object item(list.item());
    item.text("class", cause.error_class);
    item.text("message", cause.message);
    item.number("rows", cause.rows);
    json::Array examples(item.key("examples"));
    for (std::int64_t row : cause.examples) json::append_int(examples.item(), row);
  }
}

void add_times(json::Object& object, const std::vector<SecondRecord>& seconds_told) {
  PhaseTimes all;
  for (const SecondRecord& second : seconds_told) all.add(second.spent);
  json::Object means(object.key("mean_ms"));
  for (std::size_t i = 0; i < kPhases; ++i) {
    if (all.of[i].times > 0) means.real(name_of(static_cast<Phase>(i)), seconds(all.of[i].mean()) * 1e3);
  }
}

void add_rate(json::Object& object, const ReportData& data) {
  json::Object rate(object.key("rate"));
  rate.truth("known", data.rate.has_value());
  if (!data.rate) return;
  rate.number("sends", data.rate->sends);
  rate.real("mean", data.rate->rate_mean);
  rate.truth("over", data.rate->over());
  json::Array limits(rate.key("limits"));
  for (const WindowVerdict& limit : data.rate->limits) {
    json::Object item(limits.item());
    item.text("limit", limit_text(limit.limit));
    item.number("worst", limit.worst);
    item.real("share", limit.share);
  }
}

}  // namespace

std::string report_html(const ReportData& data) {
  std::string name = data.story.name.empty() ? data.dir.filename().string() : data.story.name;
  std::string body = "<main>" + headline(data) + next_step(data.summary) + tiles(data) + plots(data);
  body += "<section><h2>Failures by cause</h2>" + causes_html(data.story.causes) + "</section>";
  body += timeline(data.story) + "<div class=\"pair\">" + endings_table(data.summary.counts) +
          attempts_table(data) + times(data) + shape(data) + "</div>" + histogram(data.latencies) +
          audit(data) + places(data);
  body += "<footer><p class=\"soft\">rowcall " +
          html_escaped(data.story.version.empty() ? kVersion : data.story.version) +
          "; figures as text: report.json, summary.json, metrics.ndjson.</p></footer></main>";
  return html_page("rowcall: " + name, body);
}

std::string report_json(const ReportData& data) {
  const ReportSummary& summary = data.summary;
  std::string out;
  {
    json::Object object(out);
    object.text("name", data.story.name);
    object.text("end", summary.end);
    object.text("error", summary.error);
    object.text("next_step", summary.next_step);
    object.number("sessions", data.story.sessions);
    object.number("rows_expected", summary.rows_expected);
    object.number("rows", summary.counts.rows);
    for (int i = 0; i < kEndings; ++i) {
      object.number(name_of(static_cast<Ending>(i)), summary.counts[static_cast<Ending>(i)]);
    }
    object.number("attempts", summary.counts.attempts);
    object.number("retries", summary.counts.retries);
    object.real("duration_s", summary.duration_s);
    object.real("cpu_s", summary.cpu_s);
    object.number("rss_max_bytes", summary.rss_max_bytes);
    object.real("cost", static_cast<double>(summary.counts.attempts) * data.story.price_per_call);
    {
      json::Object latency(object.key("latency_ms"));
      for (auto [name, q] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}}) {
        latency.real(name, seconds(data.latencies.quantile(q)) * 1e3);
      }
      latency.real("max", seconds(data.latencies.max()) * 1e3);
    }
    add_times(object, data.seconds);
    {
      json::Array attempts(object.key("attempts_by"));
      for (const auto& [kind, n] : data.attempts) {
        json::Object item(attempts.item());
        item.text("class", name_of(kind.first));
        item.text("what", kind.second);
        item.number("attempts", n);
      }
    }
    add_rate(object, data);
    add_causes(object, data.story.causes);
    add_alarms(object, data.story);
    json::Array holds(object.key("holds"));
    for (const ToldStory::Hold& hold : data.story.holds) {
      json::Object item(holds.item());
      item.text("from", utc_text(hold.from));
      item.text("until", hold.until == WallTime{} ? "" : utc_text(hold.until));
      item.text("why", hold.why);
    }
  }
  return out + "\n";
}

Result<std::filesystem::path> write_report(const std::filesystem::path& dir) {
  TRY(ReportData data, read_run(dir));
  TRY_VOID(write_file(dir / "report.json", report_json(data)));
  TRY_VOID(write_file(dir / "report.html", report_html(data)));
  return dir / "report.html";
}

std::string compared(const ReportData& a, const ReportData& b) {
  std::string out;
  auto line = [&](const char* name, const std::string& left, const std::string& right,
                  const std::string& change) {
    char buffer[200];
    std::snprintf(buffer, sizeof buffer, "%-20s %18s %18s %12s\n", name, left.c_str(), right.c_str(),
                  change.c_str());
    out += buffer;
  };
  auto change = [](double left, double right) -> std::string {
    if (left == right) return "same";
    if (left == 0) return "new";
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%+.1f %%", 100 * (right - left) / left);
    return buffer;
  };
  auto number = [&](const char* name, double left, double right, auto words) {
    line(name, words(left), words(right), change(left, right));
  };
  auto count = [](double n) { return grouped(std::llround(n)); };
  auto length = [](double s) { return duration_words(from_seconds(s)); };
  line("", clipped(a.dir.string(), 18), clipped(b.dir.string(), 18), "change");
  line("end", a.summary.end, b.summary.end, a.summary.end == b.summary.end ? "same" : "differs");
  number("duration", a.summary.duration_s, b.summary.duration_s, length);
  for (int i = 0; i < kEndings; ++i) {
    auto ending = static_cast<Ending>(i);
    number(name_of(ending), static_cast<double>(a.summary.counts[ending]),
           static_cast<double>(b.summary.counts[ending]), count);
  }
  number("attempts", static_cast<double>(a.summary.counts.attempts),
         static_cast<double>(b.summary.counts.attempts), count);
  number("retries", static_cast<double>(a.summary.counts.retries),
         static_cast<double>(b.summary.counts.retries), count);
  number("rate", a.summary.rate_mean, b.summary.rate_mean, [](double r) { return rate_words(r) + "/s"; });
  number("share of the limit", a.summary.share_of_limit, b.summary.share_of_limit, percent);
  for (auto [name, q] : {std::pair{"latency p50", 0.5}, {"latency p90", 0.9}, {"latency p99", 0.99}}) {
    number(name, seconds(a.latencies.quantile(q)), seconds(b.latencies.quantile(q)),
           [](double s) { return latency_words(from_seconds(s)); });
  }
  auto us_a_row = [](const ReportSummary& s) {
    return s.counts.rows > 0 ? 1e6 * s.cpu_s / static_cast<double>(s.counts.rows) : 0;
  };
  number("CPU a row", us_a_row(a.summary), us_a_row(b.summary),
         [](double us) { return rate_words(us) + " us"; });
  number("memory at most", static_cast<double>(a.summary.rss_max_bytes),
         static_cast<double>(b.summary.rss_max_bytes),
         [](double bytes) { return bytes_words(std::llround(bytes)); });
  auto alarms = [](const ReportData& d) {
    return static_cast<double>(
        std::ranges::count_if(d.story.alarms, [](const auto& alarm) { return !alarm.anomaly.over; }));
  };
  number("alarms", alarms(a), alarms(b), count);
  return out;
}

}  // namespace rowcall::telemetry
