// SPDX-License-Identifier: Apache-2.0
#include "settings/rate_text.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/parse.h"
#include "settings/read.h"

namespace rowcall::settings {
namespace {

constexpr std::int64_t kCallsMax = 1'000'000'000'000;
constexpr Duration kPeriodMin = std::chrono::milliseconds(1);
constexpr Duration kPeriodMax = std::chrono::hours(24 * 31);
constexpr Duration kDay = std::chrono::hours(24);
constexpr Duration kMonth = 30 * kDay;  // for estimates: renewals go by the calendar
constexpr const char* kCalls = " calls";
constexpr const char* kResets = " resets";
constexpr const char* kRenewalForm =
    "A quota of the calendar says when it is renewed: \"200000/day resets 00:00 UTC\", or \"1000000/month "
    "resets "
    "00:00 +02:00\" for the first of each month. Daylight saving is not known.";
constexpr std::string_view kUnlimited = "unlimited";
constexpr std::string_view kAuto = "auto";

std::optional<Duration> parse_period(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool counted = text.front() >= '0' && text.front() <= '9';
  return parse_duration(counted ? std::string(text) : "1" + std::string(text));
}

// "HH:MM", as minutes.
std::optional<int> parse_minutes(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  auto hours = parse_int(text.substr(0, 2));
  auto minutes = parse_int(text.substr(3));
  if (!hours || !minutes || *hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) return std::nullopt;
  return static_cast<int>(*hours * 60 + *minutes);
}

// What stands around "resets": "day" and "00:00 UTC", say.
std::optional<Renewal> parse_renewal(std::string_view every, std::string_view at) {
  Renewal renewal;
  if (every == "month") {
    renewal.every = Renewal::Every::kMonth;
  } else if (every != "day" && every != "d") {
    return std::nullopt;
  }
  auto space = at.find(' ');
  auto minute = parse_minutes(at.substr(0, space));
  if (!minute || space == std::string_view::npos) return std::nullopt;
  renewal.minute = *minute;
  std::string_view zone = trimmed(at.substr(space));
  if (equal_ignoring_case(zone, "utc") || zone == "Z") return renewal;
  auto away = zone.empty() ? std::nullopt : parse_minutes(zone.substr(1));
  if (!away || (zone.front() != '+' && zone.front() != '-')) return std::nullopt;
  renewal.minutes_of_utc = zone.front() == '-' ? -*away : *away;
  return renewal;
}

}  // namespace

const char* const kRateForm = "a rate such as \"5000/s\", \"300/min\", \"200000/h\" or \"50/10s\"";

std::string renewal_text(const Renewal& renewal) {
  char text[32];
  int n = std::snprintf(text, sizeof text, "%02d:%02d ", renewal.minute / 60, renewal.minute % 60);
  std::string out(text, static_cast<std::size_t>(n));
  if (renewal.minutes_of_utc == 0) return out + "UTC";
  int away = std::abs(renewal.minutes_of_utc);
  n = std::snprintf(text, sizeof text, "%c%02d:%02d", renewal.minutes_of_utc < 0 ? '-' : '+', away / 60,
                    away % 60);
  return out.append(text, static_cast<std::size_t>(n));
}

Read<RateLimit> parse_rate(std::string_view text) {
  auto wrong = [&](std::string mend) {
    return complain(not_what(Value(std::string(text)), kRateForm, std::move(mend)));
  };
  auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return wrong(parse_int(text)
                     ? "Say in which time: \"" + std::string(trimmed(text)) + "/s\" is that many a second."
                     : "");
  }
  RateLimit limit;
  std::string_view number = trimmed(text.substr(0, slash));
  if (limit.unweighted = number.ends_with(kCalls); limit.unweighted)
    number.remove_suffix(std::string_view(kCalls).size());
  auto calls = parse_int(number);
  if (!calls) {
    bool fraction = parse_double(number).has_value();
    return wrong(fraction ? "Calls are counted whole: write 1/2s for one call every two seconds." : "");
  }
  if (*calls < 1 || *calls > kCallsMax) return wrong("Calls may be 1 to " + grouped(kCallsMax) + ".");
  limit.calls = *calls;
  std::string_view rest = trimmed(text.substr(slash + 1));
  if (auto resets = rest.find(kResets); resets != std::string_view::npos) {
    std::string_view every = trimmed(rest.substr(0, resets));
    limit.renewal = parse_renewal(every, trimmed(rest.substr(resets + std::string_view(kResets).size())));
    if (!limit.renewal) return wrong(kRenewalForm);
    limit.period = limit.renewal->every == Renewal::Every::kMonth ? kMonth : kDay;
    return limit;
  }
  if (rest == "month") return wrong(kRenewalForm);
  auto period = parse_period(rest);
  if (!period) return wrong("");
  if (*period < kPeriodMin || *period > kPeriodMax) return wrong("The period may be 1ms to 31d.");
  limit.period = *period;
  return limit;
}

std::string rate_text(const RateLimit& limit) {
  std::string calls = std::to_string(limit.calls) + (limit.unweighted ? kCalls : "") + "/";
  if (limit.renewal) {
    bool month = limit.renewal->every == Renewal::Every::kMonth;
    return calls + (month ? "month" : "day") + kResets + " " + renewal_text(*limit.renewal);
  }
  std::string period = duration_text(limit.period);
  if (period == "1s") period = "s";
  if (period == "1min") period = "min";
  if (period == "1h") period = "h";
  if (period == "1d") period = "day";
  return calls + period;
}

Read<Rates> read_rates(const Value& value) {
  auto texts = read_texts(value, kRateForm);
  if (!texts) {
    Complaint complaint = std::move(texts).error();
    if (value.whole() != nullptr)
      complaint.mend = "Write \"" + std::to_string(*value.whole()) + "/s\" for that many a second.";
    return complain(std::move(complaint));
  }
  if (texts->size() == 1 && equal_ignoring_case(trimmed(texts->front()), kAuto)) return Rates{{}, true};
  std::vector<RateLimit> rates;
  if (texts->size() == 1 && equal_ignoring_case(trimmed(texts->front()), kUnlimited)) return Rates{};
  for (const std::string& text : *texts) {
    auto rate = parse_rate(text);
    if (!rate) return complain(std::move(rate).error());
    rates.push_back(*rate);
  }
  if (rates.empty()) {
    return complain({.found = "an empty list",
                     .expected = kRateForm,
                     .mend = "Write \"unlimited\" for no limit at all."});
  }
  if (rates.size() > kRatesMax) {
    return complain({.found = std::to_string(rates.size()) + " rates",
                     .expected = "at most " + std::to_string(kRatesMax),
                     .mend = "Leave out those which another one makes needless."});
  }
  return Rates{std::move(rates), false};
}

Value rates_value(const Rates& rates) {
  if (rates.find) return std::string(kAuto);
  if (rates.limits.empty()) return std::string(kUnlimited);
  std::vector<std::string> texts;
  for (const RateLimit& rate : rates.limits) texts.push_back(rate_text(rate));
  return texts_value(texts);
}

}  // namespace rowcall::settings
