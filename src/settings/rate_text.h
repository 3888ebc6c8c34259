// SPDX-License-Identifier: Apache-2.0
// Rates as text: "5000/s", "200000/h", "50/10s", "200000/day resets 00:00 UTC", "500 calls/min".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rowcall/job.h"

#include "settings/complaint.h"
#include "settings/value.h"

namespace rowcall::settings {

/// Limits that can hold at once.
inline constexpr std::size_t kRatesMax = 4;

/// What a rate should look like, in words.
extern const char* const kRateForm;

/// "CALLS/PERIOD", where PERIOD is s, min, h, day, or a duration such as 10s; "CALLS/day resets HH:MM UTC"
/// and "CALLS/month resets HH:MM UTC" for a quota of the calendar, where UTC may be an offset such as +02:00.
/// With "N calls/..." a call counts as one, whatever it weighs.
Read<RateLimit> parse_rate(std::string_view text);

/// "00:00 UTC", "06:30 +02:00".
std::string renewal_text(const Renewal& renewal);

/// The shortest text that reads back as the same limit.
std::string rate_text(const RateLimit& limit);

/// A rate, a list of up to four, or "unlimited" (no limit at all).
struct Rates {
  std::vector<RateLimit> limits;
  bool find = false;  ///< "auto"
};
Read<Rates> read_rates(const Value& value);
Value rates_value(const Rates& rates);

}  // namespace rowcall::settings
