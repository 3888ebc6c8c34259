// SPDX-License-Identifier: Apache-2.0
// Members of stored JSON objects, and the counts of a run as they stand in summaries and seconds.
//
// A member that is not there, or is of another kind, is zero or empty: what an older version wrote is still
// read. Pure functions; any thread.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>

#include "rowcall/report.h"

namespace rowcall::telemetry {

std::int64_t whole(simdjson::dom::object object, const char* key);
double real(simdjson::dom::object object, const char* key);
std::string text(simdjson::dom::object object, const char* key);

/// Rows by ending, calls, attempts and bytes, and below "outcomes" the attempts by class.
Counts counts_of(simdjson::dom::object object);

}  // namespace rowcall::telemetry
