// SPDX-License-Identifier: Apache-2.0
#include "page/live_page.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/json_text.h"
#include "base/parse.h"
#include "telemetry/chart.h"
#include "telemetry/figures.h"
#include "telemetry/html_page.h"

namespace rowcall::page {
namespace {

using telemetry::html_escaped;
using telemetry::LiveView;
using telemetry::SecondRecord;
using telemetry::utc_text;

// New panels take the place of old ones. "Hold still" stops that, for those who read slowly. `data-updated`
// tells a test in a browser that updates arrive.
constexpr std::string_view kScript = R"js(
(function(){
var still=document.getElementById('still'),link=document.getElementById('link'),waiting={};
function put(all){for(var id in all){var at=document.getElementById(id);if(at)at.innerHTML=all[id];}
 document.body.setAttribute('data-updated','');}
var source=new EventSource('events'+location.search);
source.addEventListener('panels',function(e){var all=JSON.parse(e.data);
 if(still.checked){for(var id in all)waiting[id]=all[id];}else{put(all);}});
source.addEventListener('over',function(){source.close();link.textContent='The run is over.';});
source.onopen=function(){link.textContent='';};
source.onerror=function(){link.textContent='No connection to the run; trying again.';};
still.addEventListener('change',function(){if(!still.checked){put(waiting);waiting={};}});
})();
)js";

std::string percent(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", 100 * share);
  return buffer;
}

double per_second(const SecondRecord& second, std::int64_t n) {
  return second.length > Duration{} ? static_cast<double>(n) / seconds(second.length) : 0;
}

std::pair<const char*, const char*> state_of(const LiveView& view) {
  if (view.ended == "complete") return {"complete", "good"};
  if (!view.ended.empty()) return {view.ended.c_str(), view.ended == "failed" ? "bad" : "warn"};
  if (!view.hold_why.empty()) return {"held", "warn"};
  if (!view.open.empty()) return {"running, with alarms", "bad"};
  return {"running", "good"};
}

// Name and state: read aloud when it changes, so nothing that changes every second is in it.
std::string state_html(const LiveView& view) {
  auto [state, colour] = state_of(view);
  std::string out = std::string("<span class=\"badge ") + colour + "\">" + html_escaped(state) + "</span>";
  if (view.ended.empty() && !view.hold_why.empty())
    out += " <span class=\"warn\">" + html_escaped(view.hold_why) + "</span>";
  return out;
}

std::string progress_html(const LiveView& view) {
  if (view.seconds.empty()) return "<p>The first second is not over.</p>";
  const SecondRecord& last = view.seconds.back();
  std::int64_t done = last.so_far.ended();
  std::string out;
  std::string words = grouped(done) + " rows";
  if (last.rows_expected > 0) {
    double share = std::clamp(static_cast<double>(done) / static_cast<double>(last.rows_expected), 0.0, 1.0);
    words += std::string(" of ") + (view.rows_exact ? "" : "about ") + grouped(last.rows_expected) + ", " +
             percent(share) + " %";
    out += "<progress max=\"100\" value=\"" + percent(share) + "\" aria-label=\"rows done\">" +
           percent(share) + " %</progress>";
  }
  out += "<p>" + words;
  if (last.left && view.ended.empty()) {
    out += "; <strong>" + telemetry::time_left_words(last.left->likely) +
           " left</strong> (90 %: " + telemetry::time_left_words(last.left->low) + " to " +
           telemetry::time_left_words(last.left->high) + "; at least " +
           telemetry::time_left_words(last.left->least) + ")";
  }
  return out + "</p>";
}

std::string clock_text(WallTime at) {
  return utc_text(at).substr(11, 8) + " UTC";
}

std::string success_text(const telemetry::Api& api) {
  return api.last_success == WallTime{} ? "none yet" : clock_text(api.last_success);
}

std::string tiles_html(const LiveView& view) {
  if (view.seconds.empty()) return "";
  using telemetry::tile_html;
  const SecondRecord& last = view.seconds.back();
  const Counts& counts = last.so_far;
  double rate = per_second(last, last.here.attempts);
  std::string limits;
  for (const std::string& limit : view.limits) limits += (limits.empty() ? "" : ", ") + limit;
  std::string out = "<dl class=\"tiles\">";
  out += tile_html("calls per second", telemetry::rate_words(rate),
                   last.limit_per_s > 0 ? percent(rate / last.limit_per_s) + " % of " + limits : "no limit");
  out += tile_html("rows per second", telemetry::rate_words(per_second(last, last.here.ended())));
  out += tile_html("ok", grouped(counts[Ending::kOk]),
                   counts[Ending::kNoMatch] > 0 ? grouped(counts[Ending::kNoMatch]) + " no match" : "");
  out +=
      tile_html("failed", grouped(counts[Ending::kFailed]),
                counts[Ending::kUnreadable] > 0 ? grouped(counts[Ending::kUnreadable]) + " unreadable" : "");
  out += tile_html("latency p50", telemetry::latency_words(last.p50),
                   "p99 " + telemetry::latency_words(last.p99));
  out +=
      tile_html("retries", grouped(counts.retries), grouped(counts[OutcomeClass::kThrottled]) + " throttled");
  out += tile_html("in flight", grouped(last.in_flight),
                   grouped(last.waiting) + " waiting, " + grouped(last.sleeping) + " sleeping");
  out += tile_html("memory", bytes_words(last.rss_bytes), grouped(last.rows_held) + " rows held");
  out += tile_html("last success", success_text(view.api));
  if (view.price_per_call > 0) {
    out +=
        tile_html("cost", telemetry::cost_words(static_cast<double>(counts.attempts) * view.price_per_call));
  }
  return out + "</dl>";
}

std::string plots_html(const LiveView& view) {
  telemetry::PlotInput input;
  input.seconds.assign(view.seconds.begin(), view.seconds.end());
  input.began = view.began;
  for (std::size_t i = 0; i < input.seconds.size(); ++i) {
    if (!input.seconds[i].held) continue;
    WallTime from = input.seconds[i].at - input.seconds[i].length;
    if (!input.holds.empty() && input.holds.back().second >= from) {
      input.holds.back().second = input.seconds[i].at;
    } else {
      input.holds.emplace_back(from, input.seconds[i].at);
    }
  }
  for (const telemetry::ToldAlarm& alarm : view.alarms) {
    if (!alarm.over) input.alarms.push_back(alarm.at);
  }
  std::string out;
  for (const std::string& plot : telemetry::plots_html(input)) out += plot;
  return out;
}

std::string alarms_html(const LiveView& view) {
  if (view.alarms.empty()) return "<p>None so far.</p>";
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">at</th><th scope=\"col\">what</th><th "
      "scope=\"col\"></th></tr></thead><tbody>";
  for (auto alarm = view.alarms.rbegin(); alarm != view.alarms.rend(); ++alarm) {
    out += "<tr><td class=\"n\">" + utc_text(alarm->at).substr(11, 8) + "</td><td class=\"" +
           (alarm->over ? "good\">over" : "bad\">alarm") + "</td><td class=\"wrap\">" +
           html_escaped(alarm->text) + "</td></tr>";
  }
  return out + "</tbody></table></div>";
}

std::string api_html(const LiveView& view) {
  const telemetry::Api& api = view.api;
  std::string out = "<table><tbody>";
  auto row = [&](const char* name, const std::string& text, const char* colour = "") {
    out += std::string("<tr><th scope=\"row\">") + name + "</th><td class=\"wrap " + colour + "\">" +
           html_escaped(text) + "</td></tr>";
  };
  row("last success", success_text(api));
  row("errors in the last minute",
      percent(api.error_share) + " % of " + grouped(api.minute_attempts) + " attempts");
  if (!api.address.empty()) {
    row("address", api.address + ", " + grouped(api.connections) + " connections opened");
    row("changes of address", grouped(api.moves), api.moves > 0 ? "warn" : "");
  }
  if (api.certificate_end && !view.seconds.empty()) {
    double days = telemetry::days_until(*api.certificate_end, view.seconds.back().at);
    row("certificate", grouped(static_cast<std::int64_t>(days)) + " days left", days < 14 ? "bad" : "");
  }
  if (api.checks > 0) {
    row("health URL",
        api.check_text + ", asked at " + clock_text(api.checked_at) + "; not well " +
            grouped(api.checks_ill) + " of " + grouped(api.checks) + " times",
        api.well ? "" : "bad");
  }
  return out + "</tbody></table>";
}

std::string times_html(const LiveView& view) {
  telemetry::PhaseTimes all;
  for (const SecondRecord& second : view.seconds) all.add(second.spent);
  return telemetry::times_html(all);
}

std::string statuses_html(const LiveView& view) {
  if (view.statuses.empty()) return "<p>No answer yet.</p>";
  std::string out =
      "<table><thead><tr><th scope=\"col\">status</th><th scope=\"col\" "
      "class=\"n\">attempts</th></tr></thead><tbody>";
  for (auto [status, n] : view.statuses) {
    out += "<tr><td>" + (status == 0 ? std::string("no answer") : std::to_string(status)) +
           "</td><td class=\"n\">" + grouped(n) + "</td></tr>";
  }
  return out + "</tbody></table>";
}

}  // namespace

std::vector<Panel> panels(const LiveView& view) {
  return {{"state", state_html(view)},       {"progress", progress_html(view)},
          {"tiles", tiles_html(view)},       {"plots", plots_html(view)},
          {"alarms", alarms_html(view)},     {"causes", telemetry::causes_html(view.causes)},
          {"statuses", statuses_html(view)}, {"api", api_html(view)},
          {"times", times_html(view)}};
}

std::string live_page(const LiveView& view) {
  std::vector<Panel> parts = panels(view);
  auto part = [&](std::string_view id) {
    auto found = std::ranges::find(parts, id, [](const Panel& panel) { return std::string_view(panel.id); });
    return "<div id=\"" + std::string(id) + "\">" + (found == parts.end() ? "" : found->html) + "</div>";
  };
  std::string body = "<main><header><h1>" + html_escaped(view.name) +
                     "</h1><div role=\"status\" style=\"display:inline-block\">" + part("state") + "</div>" +
                     part("progress") +
                     "<p class=\"soft\"><label><input type=\"checkbox\" id=\"still\"> Hold still</label> "
                     "<span id=\"link\" role=\"alert\"></span></p></header>";
  body += part("tiles");
  body += "<section aria-label=\"Plots\"><h2>The last 15 minutes</h2><div class=\"charts\" id=\"plots\">";
  for (const Panel& panel : parts) body += std::string_view(panel.id) == "plots" ? panel.html : "";
  body += "</div></section>";
  body += "<section><h2>Alarms</h2>" + part("alarms") + "</section>";
  body += "<section><h2>Failures by cause</h2>" + part("causes") + "</section>";
  body += "<div class=\"pair\"><section><h2>The API</h2>" + part("api") + "</section>";
  body += "<section><h2>Where the time goes</h2>" + part("times") + "</section>";
  body += "<section><h2>Answers by status</h2>" + part("statuses") + "</section></div></main>";
  return telemetry::html_page("rowcall: " + view.name, body, kScript);
}

std::string changes(const std::vector<Panel>& now, std::vector<Panel>& before) {
  std::string out;
  {
    json::Object object(out);
    for (const Panel& panel : now) {
      auto old = std::ranges::find(before, std::string_view(panel.id),
                                   [](const Panel& p) { return std::string_view(p.id); });
      if (old == before.end() || old->html != panel.html) object.text(panel.id, panel.html);
    }
  }
  before = now;
  return out;
}

}  // namespace rowcall::page
