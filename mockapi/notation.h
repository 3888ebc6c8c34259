// SPDX-License-Identifier: Apache-2.0
// How limits, durations, errors and outages are written on the command line of the mock API.
//
// The product reads the same notation with code of its own; the auditor shares none with what it audits.
// Each function reads the whole text, or returns an error that names `place` (a flag). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mockapi/options.h"

namespace rowcall::mockapi {

/// "250ms", "10s", "1.5min", "2h", "1d", "100us"; a bare number means seconds.
Result<Duration> read_duration(std::string_view text, std::string_view place);
/// "5000/s", "300/min", "100000/day", "10/100ms".
Result<RateLimit> read_limit(std::string_view text, std::string_view place);
/// "503:0.02,reset:0.001": a status, reset, timeout, badjson, short or wrongtype, each with its share.
Result<std::vector<Fault>> read_faults(std::string_view text, std::string_view place);
/// "10s+5s": from 10 s after the first arrival, for 5 s.
Result<Outage> read_outage(std::string_view text, std::string_view place);

/// "503", "reset", "timeout", "badjson", "short", "wrongtype".
std::string name_of(const Fault& fault);
/// "5,000/s", "10/100ms": for people.
std::string words_of(const RateLimit& limit);
/// "20ms", "1.5s": for people.
std::string words_of(Duration duration);
/// "1,234,567".
std::string grouped(std::int64_t number);
/// `number` with that many digits after the point.
std::string fixed(double number, int digits);

}  // namespace rowcall::mockapi
