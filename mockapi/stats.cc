// SPDX-License-Identifier: Apache-2.0
#include "mockapi/stats.h"

#include <algorithm>
#include <string_view>

#include "mockapi/notation.h"

namespace rowcall::mockapi {
namespace {

/// Members of one JSON object, each on a line of its own or all on one. Names and texts need no escapes.
class JsonObject {
 public:
  JsonObject(std::string& out, std::string_view gap) : out_(out), gap_(gap) { out_ += '{'; }
  ~JsonObject() { out_ += gap_ == " " ? "}" : "\n}"; }
  JsonObject(const JsonObject&) = delete;
  JsonObject& operator=(const JsonObject&) = delete;

  std::string& member(std::string_view name) {
    if (!first_) out_ += ',';
    if (!first_ || gap_ != " ") out_ += gap_;
    first_ = false;
    return out_.append("\"").append(name).append("\": ");
  }
  void number(std::string_view name, std::int64_t value) { member(name) += std::to_string(value); }
  void real(std::string_view name, double value, int digits) { member(name) += fixed(value, digits); }
  void counts(std::string_view name, const std::map<std::string, std::int64_t>& counts) {
    JsonObject object(member(name), " ");
    for (const auto& [key, count] : counts) object.number(key, count);
  }

 private:
  std::string& out_;
  std::string_view gap_;
  bool first_ = true;
};

void append_limits(std::string& out, const std::vector<LimitFinding>& limits) {
  out += '[';
  for (const LimitFinding& found : limits) {
    out += &found == limits.data() ? "\n    " : ",\n    ";
    JsonObject object(out, " ");
    object.member("limit").append("\"").append(words_of(found.limit)).append("\"");
    object.number("calls", found.limit.calls);
    object.real("period_s", seconds(found.limit.period), 6);
    object.member("refuses") += found.refuses ? "true" : "false";
    object.number("worst", found.worst);
    object.real("worst_after_s", seconds(found.worst_after), 6);
    object.number("over", found.over);
    object.real("share_used", found.share_used, 4);
  }
  out += limits.empty() ? "]" : "\n  ]";
}

std::string limit_words(const LimitFinding& found) {
  std::string text = found.limit.period == Duration(1s) ? "Worst second " : "Worst window ";
  text += grouped(found.worst) + " of " + words_of(found.limit) + ": ";
  if (found.over == 0) {
    text += "never over";
  } else {
    text += "OVER by " + grouped(found.worst - found.limit.calls) + ", " + grouped(found.over) +
            (found.over == 1 ? " arrival" : " arrivals") + " too many, worst " +
            fixed(seconds(found.worst_after), 3) + " s after the first arrival";
  }
  return text + "; " + fixed(100 * found.share_used, 1) + " % of the limit used.";
}

std::string joined_counts(const std::map<std::string, std::int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name + " x " + grouped(count);
  }
  return text;
}

}  // namespace

std::string stats_json(const Stats& stats) {
  std::string out;
  {
    JsonObject object(out, "\n  ");
    object.number("arrivals", stats.findings.arrivals);
    object.counts("arrivals_by_status", stats.by_status);
    object.number("worst_1s", stats.findings.worst_1s);
    object.number("worst_100ms", stats.findings.worst_100ms);
    append_limits(object.member("limits"), stats.findings.limits);
    object.real("first_arrival_unix_s", stats.first_arrival_unix_s, 6);
    object.real("last_arrival_unix_s", stats.last_arrival_unix_s, 6);
    object.real("duration_s", seconds(stats.findings.duration()), 6);
    object.real("mean_rate_per_s", stats.findings.mean_rate(), 3);
    object.number("rows_unique", stats.rows.unique);
    object.number("rows_arrived_twice", stats.rows.arrived_twice);
    object.number("rows_answered", stats.rows.answered);
    object.number("rows_answered_twice", stats.rows.answered_twice);
    object.number("rows_not_tracked", stats.rows.not_tracked);
    object.number("in_flight", stats.traffic.in_flight);
    object.number("in_flight_max", stats.traffic.in_flight_max);
    object.number("connections_open", stats.traffic.connections_open);
    object.number("connections_opened", stats.traffic.connections_opened);
    object.number("requests_malformed", stats.traffic.malformed);
    object.counts("errors_injected", stats.errors_injected);
    JsonObject keys(object.member("idempotency"), " ");
    keys.number("calls_with_key", stats.calls_with_key);
    keys.number("violations", stats.key_violations);
  }
  return out += '\n';
}

std::string verdict(const Stats& stats) {
  const Findings& found = stats.findings;
  if (found.arrivals == 0) return "No call arrived.";
  std::string text = grouped(found.arrivals) + (found.arrivals == 1 ? " arrival" : " arrivals") + " in " +
                     fixed(seconds(found.duration()), 3) + " s, " + fixed(found.mean_rate(), 1) +
                     " a second on average.";
  auto of_a_second = [](const LimitFinding& limit) { return limit.limit.period == Duration(1s); };
  if (std::ranges::none_of(found.limits, of_a_second))
    text += " Worst second " + grouped(found.worst_1s) + ".";
  for (const LimitFinding& limit : found.limits) text += " " + limit_words(limit);
  text += " Answers: " + joined_counts(stats.by_status) + ".";
  if (!stats.errors_injected.empty()) text += " Injected: " + joined_counts(stats.errors_injected) + ".";
  text += " " + grouped(stats.rows.unique) + (stats.rows.unique == 1 ? " row, " : " rows, ") +
          grouped(stats.rows.arrived_twice) + " came more than once, " + grouped(stats.rows.answered_twice) +
          " answered 200 more than once.";
  if (stats.rows.not_tracked > 0) {
    text += " " + grouped(stats.rows.not_tracked) + " arrivals of further rows could not be told apart.";
  }
  if (stats.calls_with_key > 0) {
    text += " " + grouped(stats.calls_with_key) + " calls with an Idempotency-Key, " +
            grouped(stats.key_violations) + " of them with another body than the first time.";
  }
  if (stats.traffic.malformed > 0) text += " " + grouped(stats.traffic.malformed) + " malformed requests.";
  return text;
}

}  // namespace rowcall::mockapi
