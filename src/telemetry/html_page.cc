// SPDX-License-Identifier: Apache-2.0
#include "telemetry/html_page.h"

#include <array>
#include <cmath>
#include <limits>

#include "base/parse.h"
#include "telemetry/chart.h"
#include "telemetry/figures.h"

namespace rowcall::telemetry {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d0d7de;--card:#f6f8fa;--c1:#0a58ca;--c2:#8250df;--c3:#b35900;--c4:#1a7f37;--bad:#cf222e;--warn:#9a6700;--good:#1a7f37;--limit:#cf222e;--hold:#f2cc60}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--soft:#9da7b3;--line:#30363d;--card:#161b22;--c1:#6cb6ff;--c2:#d2a8ff;--c3:#f0a35e;--c4:#57c46c;--bad:#ff7b72;--warn:#e3b341;--good:#57c46c;--limit:#ff7b72;--hold:#6e5a1a}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1280px;padding:16px;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
h1{font-size:22px;margin:0 8px 0 0;display:inline}h2{font-size:17px;margin:28px 0 8px}
a{color:var(--c1)}p{margin:6px 0}small,.soft{color:var(--soft)}
.badge{display:inline-block;padding:1px 10px;border-radius:10px;border:1px solid;font-weight:600;vertical-align:3px}
.good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}
.next{border-left:4px solid var(--c1);background:var(--card);padding:8px 12px;margin:12px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:8px;margin:14px 0;padding:0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px 10px}
.tile dt{color:var(--soft);font-size:13px}.tile dd{margin:0;font-size:19px;font-weight:600;overflow-wrap:anywhere}
.tile dd small{display:block;font-size:12px;font-weight:400}
.charts{display:grid;grid-template-columns:1fr;gap:12px}
@media(min-width:860px){.charts{grid-template-columns:1fr 1fr}}
.chart{margin:0;background:var(--card);border:1px solid var(--line);border-radius:6px;padding:8px 10px;min-width:0}
.chart figcaption{font-weight:600}.chart svg{display:block;width:100%;height:auto}
.grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--soft);font-size:12px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}.area{opacity:.18;stroke:none}
.limit{stroke:var(--limit);stroke-width:1.4;stroke-dasharray:6 4}.hold{fill:var(--hold);opacity:.5}.mark{fill:var(--bad)}
.pair{display:grid;grid-template-columns:1fr;gap:0 32px}.pair section{min-width:0}
@media(min-width:860px){.pair{grid-template-columns:1fr 1fr}}
@media(max-width:700px){.tick{font-size:18px}}
.legend{display:flex;flex-wrap:wrap;gap:2px 14px;font-size:13px;color:var(--soft);margin:2px 0 0}
.legend i{display:inline-block;width:12px;height:3px;margin-right:5px;vertical-align:4px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:4px 8px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600;font-size:13px}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.wrap{overflow-wrap:anywhere;min-width:180px}
.bars th{font-weight:400;white-space:nowrap;width:1%}.bars td{width:1%}.bars td:nth-child(2){width:98%}
.bars i{display:block;height:12px;margin-top:5px;background:var(--c1);min-width:1px;border-radius:2px}
pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:10px;overflow-x:auto;font-size:13px;line-height:1.4}
@media(max-width:700px){pre{white-space:pre-wrap;font-size:11px}.bars th,.bars td{font-size:12px;padding:4px}td.wrap{min-width:110px}}
progress{width:100%;height:12px;accent-color:var(--c1)}
summary{cursor:pointer;font-weight:600}:focus-visible{outline:3px solid var(--c1);outline-offset:2px}
)css";

constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

double per_second(const SecondRecord& second, std::int64_t n) {
  return second.length > Duration{} ? static_cast<double>(n) / seconds(second.length) : 0;
}
double ms(Duration d) {
  return d > Duration{} ? seconds(d) * 1e3 : kGap;
}

template <class Value>
ChartLine line_of(const PlotInput& input, const char* name, const char* colour, Value value,
                  bool filled = false) {
  ChartLine out{name, colour, {}, filled};
  for (const SecondRecord& second : input.seconds) out.values.push_back(value(second));
  return out;
}

// What all plots have in common: time, holds, alarms.
Chart frame_of(const PlotInput& input) {
  auto at = [&](WallTime wall) { return seconds(wall - input.began); };
  Chart base;
  for (const SecondRecord& second : input.seconds) base.x.push_back(at(second.at));
  double first = base.x.empty() ? 0 : base.x.front() - 1;
  double last = base.x.empty() ? 0 : base.x.back();
  for (auto [from, until] : input.holds) {
    double end = until == WallTime{} ? last : at(until);
    if (end >= first) base.holds.emplace_back(std::max(first, at(from)), end);
  }
  for (WallTime alarm : input.alarms) {
    if (at(alarm) >= first) base.marks.push_back(at(alarm));
  }
  return base;
}

}  // namespace

std::string html_page(std::string_view title, std::string_view body, std::string_view script) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<link rel=\"icon\" href=\"data:,\"><title>";
  out += html_escaped(title);
  out.append("</title><style>").append(kStyle).append("</style></head><body>\n").append(body);
  if (!script.empty()) out.append("<script>").append(script).append("</script>");
  return out + "</body></html>\n";
}

std::string tile_html(std::string_view name, std::string_view value, std::string_view note) {
  std::string out = "<div class=\"tile\"><dt>" + html_escaped(name) + "</dt><dd>" + html_escaped(value);
  if (!note.empty()) out += "<small>" + html_escaped(note) + "</small>";
  return out + "</dd></div>";
}

std::vector<std::string> plots_html(const PlotInput& input) {
  Chart base = frame_of(input);
  auto chart = [&](const char* title, const char* unit, std::vector<ChartLine> lines) {
    Chart out = base;
    out.title = title;
    out.unit = unit;
    out.lines = std::move(lines);
    return out;
  };
  std::vector<std::string> out;
  Chart rate = chart(
      "Rate", "per second",
      {line_of(
           input, "attempts", "--c1", [](const auto& s) { return per_second(s, s.here.attempts); }, true),
       line_of(input, "rows done", "--c4", [](const auto& s) { return per_second(s, s.here.ended()); })});
  if (!input.seconds.empty() && input.seconds.back().limit_per_s > 0) {
    rate.limit = {"limit", input.seconds.back().limit_per_s};
  }
  out.push_back(chart_html(rate));
  Chart latency = chart("Latency", "milliseconds, logarithmic",
                        {line_of(input, "p50", "--c4", [](const auto& s) { return ms(s.p50); }),
                         line_of(input, "p90", "--c1", [](const auto& s) { return ms(s.p90); }),
                         line_of(input, "p99", "--c2", [](const auto& s) { return ms(s.p99); }),
                         line_of(input, "p99.9", "--c3", [](const auto& s) { return ms(s.p999); })});
  latency.log_scale = true;
  out.push_back(chart_html(latency));
  auto outcomes = [](const auto& s, std::initializer_list<OutcomeClass> classes) {
    std::int64_t n = 0;
    for (OutcomeClass c : classes) n += s.here[c];
    return per_second(s, n);
  };
  out.push_back(
      chart_html(chart("Trouble", "attempts per second",
                       {line_of(input, "throttled", "--c3",
                                [&](const auto& s) { return outcomes(s, {OutcomeClass::kThrottled}); }),
                        line_of(input, "transient", "--c2",
                                [&](const auto& s) { return outcomes(s, {OutcomeClass::kTransient}); }),
                        line_of(input, "permanent, fatal", "--bad", [&](const auto& s) {
                          return outcomes(s, {OutcomeClass::kPermanent, OutcomeClass::kFatal});
                        })})));
  out.push_back(chart_html(chart(
      "Calls", "at the end of each second",
      {line_of(input, "in flight", "--c1", [](const auto& s) { return double(s.in_flight); }),
       line_of(input, "sleeping until a retry", "--c3", [](const auto& s) { return double(s.sleeping); }),
       line_of(input, "connections", "--c4", [](const auto& s) { return double(s.connections); })})));
  out.push_back(chart_html(
      chart("Memory", "MB",
            {line_of(
                 input, "resident", "--c1", [](const auto& s) { return double(s.rss_bytes) / 1e6; }, true),
             line_of(input, "of it rows held", "--c3",
                     [](const auto& s) { return double(s.bytes_held) / 1e6; })})));
  out.push_back(chart_html(chart("Processor", "% of a core",
                                 {line_of(
                                     input, "user and system", "--c1",
                                     [](const auto& s) {
                                       return s.length > Duration{} ? 100 * seconds(s.cpu) / seconds(s.length)
                                                                    : 0.0;
                                     },
                                     true)})));
  return out;
}

std::string times_html(const PhaseTimes& times) {
  static constexpr std::array<const char*, kPhases> words = {"resolving the API's name",
                                                             "connecting",
                                                             "TLS handshake",
                                                             "waiting for an answer's first byte",
                                                             "reading the rest of it",
                                                             "reading a batch",
                                                             "making answers durable",
                                                             "the write that publishes a part"};
  std::string rows;
  for (std::size_t i = 0; i < kPhases; ++i) {
    const Spent& spent = times.of[i];
    if (spent.times == 0) continue;
    rows += std::string("<tr><th scope=\"row\">") + words[i] + "</th><td class=\"n\">" +
            grouped(spent.times) + "</td><td class=\"n\">" + latency_words(spent.mean()) + "</td></tr>";
  }
  if (rows.empty()) return "<p>Nothing has been measured yet.</p>";
  return "<table><thead><tr><th scope=\"col\">what</th><th scope=\"col\" class=\"n\">times</th><th "
         "scope=\"col\" class=\"n\">on average</th></tr></thead><tbody>" +
         rows + "</tbody></table>";
}

std::string causes_html(const std::vector<Cause>& causes) {
  if (causes.empty()) return "<p>No row has failed.</p>";
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">class</th><th scope=\"col\" "
      "class=\"n\">rows</th>"
      "<th scope=\"col\">cause</th><th scope=\"col\">rows such as</th></tr></thead><tbody>";
  for (const Cause& cause : causes) {
    std::string examples;
    for (std::int64_t row : cause.examples) examples += (examples.empty() ? "" : ", ") + grouped(row + 1);
    out += "<tr><td>" + html_escaped(cause.error_class) + "</td><td class=\"n\">" + grouped(cause.rows) +
           "</td><td class=\"wrap\">" + html_escaped(cause.message) + "</td><td>" + examples + "</td></tr>";
  }
  return out + "</tbody></table></div>";
}

}  // namespace rowcall::telemetry
