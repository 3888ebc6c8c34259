// SPDX-License-Identifier: Apache-2.0
#include "settings/rate_text.h"

#include <optional>
#include <utility>

#include "base/parse.h"
#include "settings/read.h"

namespace rowcall::settings {
namespace {

constexpr std::int64_t kCallsMax = 1'000'000'000'000;
constexpr Duration kPeriodMin = std::chrono::milliseconds(1);
constexpr Duration kPeriodMax = std::chrono::hours(24 * 31);
constexpr std::string_view kUnlimited = "unlimited";
constexpr std::string_view kAuto = "auto";

std::optional<Duration> parse_period(std::string_view text) {
  if (text.empty()) return std::nullopt;
  bool counted = text.front() >= '0' && text.front() <= '9';
  return parse_duration(counted ? std::string(text) : "1" + std::string(text));
}

}  // namespace

const char* const kRateForm = "a rate such as \"5000/s\", \"300/min\", \"200000/h\" or \"50/10s\"";

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
  auto calls = parse_int(text.substr(0, slash));
  auto period = parse_period(trimmed(text.substr(slash + 1)));
  if (!calls) {
    bool fraction = parse_double(text.substr(0, slash)).has_value();
    return wrong(fraction ? "Calls are counted whole: write 1/2s for one call every two seconds." : "");
  }
  if (*calls < 1 || *calls > kCallsMax) return wrong("Calls may be 1 to " + grouped(kCallsMax) + ".");
  if (!period) return wrong("");
  if (*period < kPeriodMin || *period > kPeriodMax) return wrong("The period may be 1ms to 31d.");
  return RateLimit{*calls, *period};
}

std::string rate_text(const RateLimit& limit) {
  std::string period = duration_text(limit.period);
  if (period == "1s") period = "s";
  if (period == "1min") period = "min";
  if (period == "1h") period = "h";
  if (period == "1d") period = "day";
  return std::to_string(limit.calls) + "/" + period;
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
