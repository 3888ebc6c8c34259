// SPDX-License-Identifier: Apache-2.0
#include "mockapi/notation.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace rowcall::mockapi {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 11> kUnits = {{{"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"sec", 1'000'000'000},
                                          {"second", 1'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"min", 60'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"hour", 3'600'000'000'000},
                                          {"d", 86'400'000'000'000},
                                          {"day", 86'400'000'000'000}}};

std::unexpected<Error> wrong(std::string_view place, std::string_view text, std::string expected) {
  return failure(
      {ErrorCode::kSetting, std::string(place), "'" + std::string(text) + "'", std::move(expected), {}});
}

/// The number at the front of `text`, which is shortened by it. Plain decimals only, never negative.
std::optional<double> take_number(std::string_view& text) {
  double number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<Duration> duration_in(std::string_view text) {
  auto number = take_number(text);
  if (!number) return std::nullopt;
  std::int64_t unit_ns = text.empty() ? 1'000'000'000 : 0;
  for (const Unit& unit : kUnits) {
    if (text == unit.name) unit_ns = unit.ns;
  }
  double ns = *number * static_cast<double>(unit_ns);
  // A century is more than anybody wants and far from overflow, even when added to a clock.
  if (unit_ns == 0 || ns > 3.2e18) return std::nullopt;
  return Duration(std::llround(ns));
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Fault> fault_named(std::string_view name) {
  for (FaultKind kind : {FaultKind::kReset, FaultKind::kTimeout, FaultKind::kBadJson, FaultKind::kShort,
                         FaultKind::kWrongType}) {
    Fault fault{kind, 0, 0};
    if (name == name_of(fault)) return fault;
  }
  auto status = whole_number<int>(name);
  if (name.size() != 3 || !status || *status < 200 || *status > 599) return std::nullopt;
  return Fault{FaultKind::kStatus, *status, 0};
}

constexpr const char* kFaultsForm =
    "KIND:SHARE, separated by commas; a kind is a status from 200 to 599, reset, timeout, badjson, short or "
    "wrongtype, a share is a number from 0 to 1";

}  // namespace

Result<Duration> read_duration(std::string_view text, std::string_view place) {
  if (auto duration = duration_in(text)) return *duration;
  return wrong(place, text, "a duration such as 20ms, 1.5s or 10min");
}

Result<RateLimit> read_limit(std::string_view text, std::string_view place) {
  auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    std::string_view period = text.substr(slash + 1);
    bool has_number = !period.empty() && period.front() >= '0' && period.front() <= '9';
    auto calls = whole_number<std::int64_t>(text.substr(0, slash));
    auto length = duration_in(has_number ? std::string(period) : "1" + std::string(period));
    if (calls && *calls > 0 && length && *length > Duration::zero() && !period.empty()) {
      return RateLimit{*calls, *length};
    }
  }
  return wrong(place, text, "calls per time, such as 5000/s, 300/min or 10/100ms");
}

Result<std::vector<Fault>> read_faults(std::string_view text, std::string_view place) {
  std::vector<Fault> faults;
  for (std::string_view rest = text; !rest.empty();) {
    auto comma = rest.find(',');
    std::string_view part = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    auto colon = part.find(':');
    auto fault = fault_named(part.substr(0, colon));
    if (!fault || colon == std::string_view::npos) return wrong(place, part, kFaultsForm);
    std::string_view number = part.substr(colon + 1);
    auto share = take_number(number);
    if (!share || *share > 1 || !number.empty()) return wrong(place, part, kFaultsForm);
    fault->share = *share;
    faults.push_back(*fault);
  }
  if (faults.empty()) return wrong(place, text, kFaultsForm);
  return faults;
}

Result<Outage> read_outage(std::string_view text, std::string_view place) {
  auto plus = text.find('+');
  if (plus != std::string_view::npos) {
    auto after = duration_in(text.substr(0, plus));
    auto length = duration_in(text.substr(plus + 1));
    if (after && length && *length > Duration::zero()) return Outage{*after, *length};
  }
  return wrong(place, text,
               "START+LENGTH, such as 10s+5s: ten seconds after the first arrival, for five seconds");
}

std::string name_of(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kStatus: return std::to_string(fault.status);
    case FaultKind::kReset: return "reset";
    case FaultKind::kTimeout: return "timeout";
    case FaultKind::kBadJson: return "badjson";
    case FaultKind::kShort: return "short";
    case FaultKind::kWrongType: return "wrongtype";
  }
  return "unknown";
}

std::string words_of(const RateLimit& limit) {
  std::string period = words_of(limit.period);
  if (period.size() > 1 && period[0] == '1' && (period[1] < '0' || period[1] > '9') && period[1] != '.') {
    period.erase(0, 1);
  }
  return grouped(limit.calls) + "/" + period;
}

std::string words_of(Duration duration) {
  for (auto name : {"d", "h", "min", "s", "ms", "us"}) {
    for (const Unit& unit : kUnits) {
      if (unit.name != name || duration.count() < unit.ns) continue;
      char buffer[40];
      int n = std::snprintf(buffer, sizeof buffer, "%.10g%s",
                            static_cast<double>(duration.count()) / static_cast<double>(unit.ns), name);
      return std::string(buffer, static_cast<std::size_t>(n));
    }
  }
  return std::to_string(duration.count()) + "ns";
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  auto first = static_cast<std::ptrdiff_t>(number < 0 ? 1 : 0);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > first; i -= 3) {
    digits.insert(static_cast<std::size_t>(i), ",");
  }
  return digits;
}

std::string fixed(double number, int digits) {
  char buffer[400];
  int n = std::snprintf(buffer, sizeof buffer, "%.*f", digits, number);
  return std::string(buffer, static_cast<std::size_t>(n));
}

}  // namespace rowcall::mockapi
