// SPDX-License-Identifier: Apache-2.0
#include "mockapi/script.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include "mockapi/notation.h"

namespace rowcall::mockapi {
namespace {

constexpr std::size_t kStepsMax = 10'000;
constexpr const char* kForm =
    "TIME WHAT VALUE, such as \"10s limit 400/s\" or \"8s+16s*5 latency 200ms\"; what is limit, latency, "
    "jitter, capacity, queue-max, errors, outage, retry-after or limit-status";

std::unexpected<Error> wrong(std::string_view place, std::string_view step, std::string expected) {
  return failure(
      {ErrorCode::kSetting, std::string(place), "'" + std::string(step) + "'", std::move(expected), {}});
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  auto from = text.find_first_not_of(blanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

std::string_view take_word(std::string_view& text) {
  auto end = std::min(text.find_first_of(" \t"), text.size());
  std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

std::optional<int> whole(std::string_view text) {
  int number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "10s", or "8s+16s*5": when, how far apart, how often.
struct Times {
  Duration first{};
  Duration apart{};
  int count = 1;
};

Result<Times> read_times(std::string_view word, std::string_view place) {
  Times times;
  auto plus = word.find('+');
  auto first = read_duration(word.substr(0, plus), place);
  if (!first) return failure(std::move(first).error());
  times.first = *first;
  if (plus == std::string_view::npos) return times;
  auto star = word.find('*', plus);
  if (star == std::string_view::npos) return wrong(place, word, kForm);
  auto apart = read_duration(word.substr(plus + 1, star - plus - 1), place);
  if (!apart) return failure(std::move(apart).error());
  auto count = whole(word.substr(star + 1));
  if (!count || *count < 1 || *count > static_cast<int>(kStepsMax)) return wrong(place, word, kForm);
  times.apart = *apart;
  times.count = *count;
  return times;
}

// The value of a step, by what it changes.
Result<ScriptStep> read_change(std::string_view what, std::string_view value, std::string_view place) {
  ScriptStep step;
  bool none = value == "none";
  auto number = whole(value);
  if (what == "limit" || what == "capacity") {
    step.what = what == "limit" ? ScriptStep::What::kLimit : ScriptStep::What::kCapacity;
    if (none) return step;
    auto limit = read_limit(value, place);
    if (!limit) return failure(std::move(limit).error());
    step.limit = *limit;
  } else if (what == "latency" || what == "jitter" || what == "outage") {
    step.what = what == "latency"  ? ScriptStep::What::kLatency
                : what == "jitter" ? ScriptStep::What::kJitter
                                   : ScriptStep::What::kOutage;
    auto time = read_duration(value, place);
    if (!time) return failure(std::move(time).error());
    if (what == "outage" && *time <= Duration::zero()) return wrong(place, value, "a duration");
    step.time = *time;
  } else if (what == "errors") {
    step.what = ScriptStep::What::kErrors;
    if (none) return step;
    auto faults = read_faults(value, place);
    if (!faults) return failure(std::move(faults).error());
    step.faults = *std::move(faults);
  } else if (what == "retry-after") {
    step.what = ScriptStep::What::kRetryAfter;
    if (!none) step.text = value;
  } else if (what == "queue-max" && number && *number >= 0) {
    step.what = ScriptStep::What::kQueueMax;
    step.number = *number;
  } else if (what == "limit-status" && number && *number >= 400 && *number <= 599) {
    step.what = ScriptStep::What::kLimitStatus;
    step.number = *number;
  } else {
    return wrong(place, std::string(what) + " " + std::string(value), kForm);
  }
  return step;
}

// How the API is once every step up to here has been taken, must be possible.
Result<void> check(const std::vector<ScriptStep>& steps) {
  for (const ScriptStep& step : steps) {
    Behaviour alone;
    alone.latency = std::chrono::hours(1);  // any jitter fits
    apply(step, alone);
    if (auto good = validate(alone); !good) return good;
  }
  return {};
}

}  // namespace

Result<std::vector<ScriptStep>> read_script(std::string_view text, std::string_view place) {
  std::vector<ScriptStep> steps;
  while (!text.empty()) {
    auto end = std::min(text.find_first_of(";\n"), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    std::string_view rest = line;
    std::string_view when = take_word(rest);
    std::string_view what = take_word(rest);
    if (rest.empty()) return wrong(place, line, kForm);
    auto times = read_times(when, place);
    if (!times) return failure(std::move(times).error());
    auto step = read_change(what, rest, place);
    if (!step) return failure(std::move(step).error());
    for (int i = 0; i < times->count; ++i) {
      step->at = times->first + i * times->apart;
      // Those of one time keep the order in which they were written.
      steps.insert(std::ranges::upper_bound(steps, step->at, {}, &ScriptStep::at), *step);
      if (steps.size() > kStepsMax) return wrong(place, line, "at most 10,000 steps");
    }
  }
  if (auto good = check(steps); !good) return failure(std::move(good).error());
  return steps;
}

void apply(const ScriptStep& step, Behaviour& behaviour) {
  switch (step.what) {
    case ScriptStep::What::kLimit:
      behaviour.limits.clear();
      if (step.limit) behaviour.limits.push_back(*step.limit);
      break;
    case ScriptStep::What::kCapacity:
      behaviour.capacity_per_s =
          step.limit ? static_cast<double>(step.limit->calls) / seconds(step.limit->period) : 0;
      break;
    case ScriptStep::What::kLatency:
      behaviour.latency = step.time;
      behaviour.jitter = std::min(behaviour.jitter, step.time);
      break;
    case ScriptStep::What::kJitter: behaviour.jitter = std::min(behaviour.latency, step.time); break;
    case ScriptStep::What::kOutage: behaviour.outages.push_back({step.at, step.time}); break;
    case ScriptStep::What::kErrors: behaviour.faults = step.faults; break;
    case ScriptStep::What::kRetryAfter: behaviour.retry_after = step.text; break;
    case ScriptStep::What::kQueueMax: behaviour.queue_max = step.number; break;
    case ScriptStep::What::kLimitStatus: behaviour.limit_status = step.number; break;
  }
}

}  // namespace rowcall::mockapi
