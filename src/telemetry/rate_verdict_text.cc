// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/parse.h"
#include "telemetry/figures.h"
#include "telemetry/rate_verdict.h"

namespace rowcall::telemetry {
namespace {

std::string padded_left(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}
std::string padded_right(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 0, ' ');
}

std::string share_words(double share) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f %%", 100 * share);
  return buffer;
}

std::string judgement(const WindowVerdict& window) {
  if (!window.over()) return "kept";
  const char* where = window.limit.renewal ? ", in the period up to " : ", in the window up to ";
  return "over by " + grouped(window.worst - window.limit.calls) + where + utc_text(window.worst_end);
}

std::string table(const std::vector<WindowVerdict>& limits) {
  constexpr std::size_t figures = 15;
  std::size_t names = 5;
  for (const WindowVerdict& w : limits) names = std::max(names, limit_words(w.limit).size());
  std::string out = "  " + padded_right("limit", names) + padded_left("worst window", figures) +
                    padded_left("used", 10) + "  verdict\n";
  for (const WindowVerdict& w : limits) {
    out += "  " + padded_right(limit_words(w.limit), names) + padded_left(grouped(w.worst), figures) +
           padded_left(share_words(w.share), 10) + "  " + judgement(w) + "\n";
  }
  return out;
}

std::string caveats(const RateVerdict& verdict) {
  std::string out;
  if (verdict.torn) {
    out +=
        "The last record was cut off (the run was killed, or is writing at this moment) and is left out.\n";
  }
  if (verdict.lost > 0) {
    out += grouped(verdict.lost) + " calls are missing: they could not be written when they were made.\n";
  }
  return out;
}

std::string last_line(const RateVerdict& verdict) {
  if (verdict.over()) return "Over the limit: more calls were sent in a window than were allowed.\n";
  if (verdict.limits.empty()) return "No limit is written in this log; name one to check it.\n";
  std::string among =
      verdict.lost > 0 ? "Kept, as far as the log goes, which is not proved for all calls" : "Kept";
  return among + ": in no window were more calls sent than allowed.\n";
}

}  // namespace

std::string RateVerdict::text() const {
  if (sends == 0) return caveats(*this) + "No call was sent.\n";
  std::string out = grouped(sends) + (sends == 1 ? " call" : " calls") + " sent from " + utc_text(first) +
                    " to " + utc_text(last) + "\n";
  if (sessions > 1) out += "in " + std::to_string(sessions) + " sessions; ";
  out += "sending took " + duration_words(sending);
  if (rate_mean > 0) out += ", " + rate_words(rate_mean) + " calls per second on average";
  out += "\n\n";
  if (!limits.empty()) out += table(limits) + "\n";
  out += "  most calls in any second " + grouped(one_second.worst) + ", in any 100 ms " +
         grouped(tenth_of_second.worst) + "\n\n";
  return out + caveats(*this) + last_line(*this);
}

}  // namespace rowcall::telemetry
