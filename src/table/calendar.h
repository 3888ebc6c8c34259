// SPDX-License-Identifier: Apache-2.0
// Dates and times as ISO 8601 text, and back.
//
// Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rowcall::table {

/// Appends "2024-02-29" for a number of days since 1970-01-01.
void append_date(std::string& out, std::int64_t days);
/// Appends "13:05:07", with 3, 6 or 9 digits of fraction if it is not zero: as few as are exact.
void append_time(std::string& out, std::int64_t nanos_of_day);
/// Appends "2024-02-29T13:05:07.250" for a count of 1/`per_second` seconds since 1970, and "Z" if `utc`.
void append_timestamp(std::string& out, std::int64_t count, std::int64_t per_second, bool utc);
/// Appends an ISO 8601 duration in seconds, "PT1.5S", for a count of 1/`per_second` seconds.
void append_duration(std::string& out, std::int64_t count, std::int64_t per_second);

/// Days since 1970 of "2024-02-29"; nothing for any other text or a day that does not exist.
std::optional<std::int64_t> parse_date(std::string_view text);
/// Microseconds since 1970, UTC, of "2024-02-29T13:05:07.25+01:00". The date may stand alone; a blank may
/// stand for the T; seconds and zone may be missing (then UTC). Digits beyond microseconds are cut off.
std::optional<std::int64_t> parse_timestamp(std::string_view text);

}  // namespace rowcall::table
