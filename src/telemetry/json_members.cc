// SPDX-License-Identifier: Apache-2.0
#include "telemetry/json_members.h"

#include <string_view>

#include "rowcall/outcome.h"

namespace rowcall::telemetry {

std::int64_t whole(simdjson::dom::object object, const char* key) {
  std::int64_t value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

double real(simdjson::dom::object object, const char* key) {
  double value = 0;
  return object[key].get(value) == simdjson::SUCCESS ? value : 0;
}

std::string text(simdjson::dom::object object, const char* key) {
  std::string_view value;
  return object[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

Counts counts_of(simdjson::dom::object object) {
  Counts counts;
  counts.rows = whole(object, "rows");
  for (int i = 0; i < kEndings; ++i)
    counts[static_cast<Ending>(i)] = whole(object, name_of(static_cast<Ending>(i)));
  counts.calls = whole(object, "calls");
  counts.attempts = whole(object, "attempts");
  counts.retries = whole(object, "retries");
  counts.bytes_out = whole(object, "bytes_out");
  counts.bytes_in = whole(object, "bytes_in");
  simdjson::dom::object outcomes;
  if (object["outcomes"].get(outcomes) == simdjson::SUCCESS) {
    for (int i = 0; i < kOutcomeClasses; ++i) {
      counts[static_cast<OutcomeClass>(i)] = whole(outcomes, name_of(static_cast<OutcomeClass>(i)));
    }
  }
  return counts;
}

}  // namespace rowcall::telemetry
