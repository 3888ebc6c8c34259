// SPDX-License-Identifier: Apache-2.0
#include "policy/rate_headers.h"

#include <algorithm>
#include <ctime>

#include "base/parse.h"
#include "policy/retry_after.h"

namespace rowcall::policy {
namespace {

// Seconds beyond this are a time since 1970, and beyond that one in milliseconds.
constexpr double kEpochFrom = 1e9;
constexpr double kEpochMsFrom = 1e12;
constexpr std::size_t kQuotasMax = 16;

struct Window {
  std::string_view word;
  Duration length;
};
constexpr Window kNamedWindows[] = {{"second", std::chrono::seconds(1)},
                                    {"minute", std::chrono::minutes(1)},
                                    {"hour", std::chrono::hours(1)},
                                    {"day", std::chrono::hours(24)}};

Quota* quota_named(std::vector<Quota>& quotas, std::string_view name) {
  auto found = std::ranges::find(quotas, name, &Quota::name);
  if (found != quotas.end()) return &*found;
  if (quotas.size() == kQuotasMax) return nullptr;
  Quota quota;
  quota.name = name;
  quota.of_calls =
      name.find("token") == std::string_view::npos && name.find("byte") == std::string_view::npos;
  for (const Window& window : kNamedWindows) {
    if (name == window.word) quota.window = window.length;
  }
  return &quotas.emplace_back(std::move(quota));
}

std::optional<std::int64_t> count_in(std::string_view text) {
  auto number = parse_double(text);
  if (!number || *number < 0 || *number > 1e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<Duration> span_in(std::string_view text) {
  auto number = parse_double(text);
  if (!number || *number < 0 || *number > 1e9) return std::nullopt;
  return from_seconds(*number);
}

// "6m0s", "1h2m", "20ms": durations one after the other.
std::optional<Duration> composed_duration(std::string_view text) {
  Duration sum{};
  while (!text.empty()) {
    auto unit = text.find_first_not_of("0123456789.");
    if (unit == 0 || unit == std::string_view::npos) return std::nullopt;
    auto end = std::min(text.find_first_of("0123456789.", unit), text.size());
    auto part = parse_duration(text.substr(0, end));
    if (!part) return std::nullopt;
    sum += *part;
    text.remove_prefix(end);
  }
  return sum;
}

void set_reset(Quota& quota, std::string_view text, std::string_view date) {
  std::int64_t now = http_date(date).value_or(std::time(nullptr));
  if (auto number = parse_double(text)) {
    if (*number < 0 || *number > 1e15) return;
    double s = *number;
    if (s >= kEpochMsFrom) s /= 1000;
    if (s >= kEpochFrom) s = std::max(s - static_cast<double>(now), 0.0);
    if (s >= kEpochFrom) return;
    quota.reset = from_seconds(s);
    quota.whole_seconds = text.find('.') == std::string_view::npos;
  } else if (auto at = http_date(text)) {
    quota.reset = std::chrono::seconds(std::max<std::int64_t>(*at - now, 0));
    quota.whole_seconds = true;
  } else if (auto duration = composed_duration(text)) {
    quota.reset = *duration;
  }
}

// The value of a parameter as `key=value`, or of `key=value` alone.
void take_parameter(Quota& quota, std::string_view text, std::string_view date) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos) return;
  std::string key = lower(trimmed(text.substr(0, equals)));
  std::string_view value = trimmed(text.substr(equals + 1));
  if (key == "r" || key == "remaining") {
    quota.remaining = count_in(value);
  } else if (key == "q" || key == "limit") {
    quota.limit = count_in(value);
  } else if (key == "w") {
    quota.window = span_in(value);
  } else if (key == "t" || key == "reset") {
    set_reset(quota, value, date);
  } else if (key == "qu") {
    quota.of_calls = value == "\"requests\"" || value == "requests";
  }
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// RateLimit, RateLimit-Policy and the older RateLimit-Limit: a list of items with parameters.
void take_list(std::vector<Quota>& quotas, std::string_view value, std::string_view date) {
  for (std::string_view item : split(value, ',')) {
    std::vector<std::string_view> parts = split(item, ';');
    if (parts.empty() || parts.front().empty()) continue;
    bool lone = parts.front().find('=') != std::string_view::npos;
    auto number = count_in(parts.front());
    Quota* quota = quota_named(quotas, lone || number ? "" : unquoted(parts.front()));
    if (quota == nullptr) return;
    if (number) {
      // "100, 100;w=60, 5000;w=3600": the first is the one that counts now, then come all of them.
      if (quota->limit && *quota->limit != *number) {
        quota = quota_named(quotas, parts.front());
        if (quota == nullptr) return;
      }
      quota->limit = number;
    }
    for (std::size_t i = lone ? 0 : 1; i < parts.size(); ++i) take_parameter(*quota, parts[i], date);
  }
}

// X-RateLimit-Remaining-Minute: which part it is, and the name made of the other words.
void take_single(std::vector<Quota>& quotas, std::string_view words, std::string_view value,
                 std::string_view date) {
  std::string part;
  std::string name;
  for (std::string_view word : split(words, '-')) {
    if (word == "limit" || word == "remaining" || word == "reset") {
      part = word;
    } else if (word != "after" && !word.empty()) {
      name += (name.empty() ? "" : "-") + std::string(word);
    }
  }
  if (part == "limit" && value.find_first_of(",;") != std::string_view::npos)
    return take_list(quotas, value, date);
  if (part.empty()) return;
  Quota* quota = quota_named(quotas, name);
  if (quota == nullptr) return;
  if (part == "limit") quota->limit = count_in(value);
  if (part == "remaining") quota->remaining = count_in(value);
  if (part == "reset") set_reset(*quota, value, date);
}

}  // namespace

std::vector<Quota> read_rate_headers(std::string_view lines, std::string_view date) {
  std::vector<Quota> quotas;
  for (std::string_view line : split(lines, '\n')) {
    auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string name = lower(trimmed(line.substr(0, colon)));
    std::string_view value = trimmed(line.substr(colon + 1));
    std::string_view words = name;
    bool with_x = words.starts_with("x-");
    if (with_x) words.remove_prefix(2);
    if (words.starts_with("rate-limit")) {
      words.remove_prefix(10);
    } else if (words.starts_with("ratelimit")) {
      words.remove_prefix(9);
    } else {
      continue;
    }
    if (words.empty() && with_x) {
      take_single(quotas, "-limit", value, date);
    } else if (words.empty() || words == "-policy") {
      take_list(quotas, value, date);
    } else {
      take_single(quotas, words, value, date);
    }
  }
  return quotas;
}

}  // namespace rowcall::policy
